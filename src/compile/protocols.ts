/** How each protocol's circuit is made of a quantised model. A protocol without its record does not compile. */
import { ZkonnxError } from '../base/errors.js';
import { part, type Work } from '../base/work.js';
import type { Circuit } from '../constraint/program.js';
import { publicCount, type Protocol, type Schema } from '../verify/statement.js';
import { assembling, assemblingRounds, planningRounds, type RoundsPlan } from './assemble.js';
import { verifyIr } from './ir/program.js';
import type { QuantisedModel } from './passes/quantise.js';

/** A quantised model that a protocol may choose. */
export type Variant = () => Work<QuantisedModel>;

export interface Assembled {
  readonly model: QuantisedModel;
  readonly schema: Schema;
  readonly circuit: Circuit;
  /** Values a proof shows, as the manifest counts them. */
  readonly publicInputs: number;
}

interface ProtocolAssembly {
  /** `variants`: at least one; the first clamps activations where calibration ends, later ones let them run on for some bits more. */
  assemble(variants: readonly Variant[], schemaOf: (model: QuantisedModel) => Schema): Work<Assembled>;
}

export const assemblies: { readonly [P in Protocol]: ProtocolAssembly } = {
  // By bits a wider activation costs more than a clamp: the first variant it is.
  groth16: {
    *assemble([first], schemaOf) {
      const model = yield* part(first!(), 0, 0.1);
      verifyIr(model.ir);
      const schema = schemaOf(model);
      const circuit = yield* part(assembling(model.ir, schema), 0.1, 1);
      return { model, schema, circuit, publicInputs: circuit.r1cs.nPubOut + circuit.r1cs.nPubIn };
    },
  },
  // The variant with the fewest rows. USAGE where nothing is public: there would be nothing to draw challenges for.
  mirage: {
    *assemble(variants, schemaOf) {
      const share = 1 / (variants.length + 1);
      let best: { model: QuantisedModel; schema: Schema; plan: RoundsPlan } | undefined;
      for (const [i, variant] of variants.entries()) {
        const model = yield* part(variant(), i * share, (i + 0.1) * share);
        verifyIr(model.ir);
        const schema = schemaOf(model);
        requireStatement(schema);
        const plan = yield* part(planningRounds(model.ir, schema), (i + 0.1) * share, (i + 1) * share);
        if (best === undefined || plan.rows < best.plan.rows) best = { model, schema, plan };
      }
      const { model, schema, plan } = best!;
      const circuit = yield* part(assemblingRounds(model.ir, schema, plan), 1 - share, 1);
      return { model, schema, circuit, publicInputs: circuit.rounds.publicValues };
    },
  },
};

function requireStatement(schema: Schema): void {
  const { outputs, inputs } = publicCount(schema);
  if (outputs + inputs > 0) return;
  throw new ZkonnxError('USAGE', 'nothing of the model is public or committed: a proof would say nothing', {
    expected: 'an input or output that is public or committed',
    help: 'use --input committed or --output public',
  });
}

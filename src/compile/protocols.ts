/** How each protocol's circuit is made of a quantised model. A protocol without its record does not compile. */
import { ZkonnxError } from '../base/errors.js';
import { part, type Work } from '../base/work.js';
import type { Relation } from '../verify/clear/relation.js';
import { publicCount, type Protocol, type Schema } from '../verify/statement.js';
import { assembling, assemblingRounds, planningRounds, type RoundsPlan } from './assemble.js';
import { lowerToRelation } from './clear/lower.js';
import { byStructure } from './ir/by-structure.js';
import { verifyIr } from './ir/program.js';
import type { QuantisedModel } from './passes/quantise.js';
import { CircuitProduct, ProgramProduct, type Product } from './product.js';
import { requireSecure } from './clear/security.js';

/** A quantised model that a protocol may choose: its activations run on for `growth` bits before they are clamped. */
export interface Variant {
  readonly growth: number;
  readonly quantise: () => Work<QuantisedModel>;
}

export interface Assembled {
  readonly model: QuantisedModel;
  /** Of the variant that was chosen. */
  readonly growth: number;
  readonly schema: Schema;
  readonly product: Product;
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
      const { growth, quantise } = first!;
      const model = yield* part(quantise(), 0, 0.1);
      verifyIr(model.ir);
      const schema = schemaOf(model);
      requireStatement(schema);
      const circuit = yield* part(assembling(model.ir, schema), 0.1, 1);
      const { nPubOut, nPubIn } = circuit.r1cs;
      return {
        model,
        growth,
        schema,
        product: new CircuitProduct(circuit, schema, 'groth16'),
        publicInputs: nPubOut + nPubIn,
      };
    },
  },
  // The variant with the fewest rows.
  mirage: {
    *assemble(variants, schemaOf) {
      const share = 1 / (variants.length + 1);
      let best: { model: QuantisedModel; growth: number; schema: Schema; plan: RoundsPlan } | undefined;
      for (const [i, { growth, quantise }] of variants.entries()) {
        const model = yield* part(quantise(), i * share, (i + 0.1) * share);
        verifyIr(model.ir);
        const schema = schemaOf(model);
        requireStatement(schema);
        const plan = yield* part(planningRounds(model.ir, schema), (i + 0.1) * share, (i + 1) * share);
        if (best === undefined || plan.rows < best.plan.rows) best = { model, growth, schema, plan };
      }
      const { model, growth, schema, plan } = best!;
      const circuit = yield* part(assemblingRounds(model.ir, schema, plan), 1 - share, 1);
      const { publicValues } = circuit.rounds;
      return {
        model,
        growth,
        schema,
        product: new CircuitProduct(circuit, schema, 'mirage'),
        publicInputs: publicValues,
      };
    },
  },
  // The variant with the fewest cells, lookups and table rows, of those that are not too large.
  clear: {
    *assemble(variants, schemaOf) {
      let best: Assembled | undefined;
      let tooLarge: ZkonnxError | undefined;
      for (const [i, { growth, quantise }] of variants.entries()) {
        const quantised = yield* part(quantise(), i / variants.length, (i + 0.5) / variants.length);
        const model = { ...quantised, ir: byStructure(quantised.ir) };
        verifyIr(model.ir);
        const schema = schemaOf(model);
        requireStatement(schema);
        const relation = relationOrTooLarge(model, schema);
        if (relation instanceof ZkonnxError) {
          tooLarge ??= relation;
        } else {
          const product = new ProgramProduct(model.ir, schema, relation, 'clear');
          const { outputs, inputs } = publicCount(schema);
          const assembled = { model, growth, schema, product, publicInputs: outputs + inputs };
          if (best === undefined || product.cost < best.product.cost) best = assembled;
        }
        yield (i + 1) / variants.length;
      }
      if (best === undefined) throw tooLarge!;
      requireSecure((best.product as ProgramProduct).relation);
      return best;
    },
  },
};

function relationOrTooLarge({ ir }: QuantisedModel, schema: Schema): Relation | ZkonnxError {
  try {
    return lowerToRelation(ir, schema).relation;
  } catch (error) {
    if (error instanceof ZkonnxError && error.code === 'CIRCUIT_TOO_LARGE') return error;
    throw error;
  }
}

/** USAGE where nothing is public: there would be nothing to prove, and nothing for mirage to draw challenges from. */
function requireStatement(schema: Schema): void {
  // That no value was clamped is nothing by itself.
  const { outputs, inputs } = publicCount({ ...schema, clamped: false });
  if (outputs + inputs > 0) return;
  throw new ZkonnxError('USAGE', 'nothing of the model is public or committed: a proof would say nothing', {
    expected: 'an input or output that is public or committed',
    help: 'use --input committed or --output public',
  });
}

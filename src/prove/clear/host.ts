/** Proving with protocol `clear` on the calling thread. Uses no Node API. */
import { throwIfAborted, ZkonnxError } from '../../base/errors.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { instantiateClearKernels } from '../../kernels/clear/module.js';
import { lowerToRelation, type LoweredRelation } from '../../compile/clear/lower.js';
import type { PreparedClearKey } from '../../verify/clear/key.js';
import { clearKeyOf } from '../../verify/clear/judge.js';
import { relationBytes } from '../../verify/clear/relation-bytes.js';
import type { PreparedKeyOf } from '../../verify/key.js';
import { pack, PACKING_ORDER, publicBytes, statementParts, type Schema } from '../../verify/statement.js';
import { openProgram, ProgramRunner, type ProgramRun } from './program.js';
import { RelationProver } from './relation-prover.js';

/** Between two steps of a computation: lets others at the thread, and throws ABORTED. */
export type Step = () => Promise<void>;

/** What a proof took and shows; the statement's integers among it. */
export interface ClearResult {
  readonly proof: Uint8Array;
  readonly publicSignals: readonly string[];
  readonly outputs: Readonly<Record<string, Float64Array>>;
  readonly clamped: boolean | null;
  readonly timingsMs: Readonly<Record<'load' | 'witness' | 'prove' | 'total', number>>;
}

/** A program and its key, which fit each other. Proofs are made one after the other. */
export class ClearProver {
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly schema: Schema,
    private readonly runner: ProgramRunner,
    private readonly lowered: LoweredRelation,
    private readonly relation: RelationProver,
    /** Of the key, 32 bytes. */
    private readonly digest: Uint8Array,
  ) {}

  /**
   * Lowers the program again and commits to its weights: the key's relation and root must come out. Throws as `openProgram`, KEY_MISMATCH, ABORTED.
   */
  static async open(bytes: Uint8Array, key: PreparedKeyOf<'clear'>, where: string, step: Step): Promise<ClearProver> {
    const { body, facts } = key;
    const { schema } = facts;
    const program = openProgram(bytes, schema, where);
    if (program.hash !== facts.circuitHash) throw mismatch('another program', facts.circuitHash, program.hash, where);
    await step();
    const lowered = lowerToRelation(program.ir, schema);
    requireSameRelation(body, relationBytes(lowered.relation), where);
    await step();
    const { digest } = clearKeyOf(body, facts.keyDigest);
    const kernels = await instantiateClearKernels();
    const relation = new RelationProver(kernels, lowered.relation, lowered.weights(), body.parameters);
    requireSameRoot(body, relation.weightsRoot, where);
    return new ClearProver(schema, new ProgramRunner(program, schema), lowered, relation, digest);
  }

  /** Integers by input name. Throws RANGE_EXCEEDED, ABORTED. */
  prove(
    inputs: ReadonlyMap<string, Float64Array>,
    context: Uint8Array,
    step: Step,
    onPhase: (phase: 'witness' | 'prove') => void,
  ): Promise<ClearResult> {
    const proof = this.last.then(() => this.proveNow(inputs, context, step, onPhase));
    this.last = proof.catch(() => undefined);
    return proof;
  }

  private async proveNow(
    inputs: ReadonlyMap<string, Float64Array>,
    context: Uint8Array,
    step: Step,
    onPhase: (phase: 'witness' | 'prove') => void,
  ): Promise<ClearResult> {
    const clock = new Stopwatch();
    clock.lap('load');
    onPhase('witness');
    await step();
    const run = this.runner.run(inputs);
    const assignment = this.lowered.assign(run.values);
    clock.lap('witness');
    const clamped = this.schema.clamped === true ? run.left.length > 0 : null;
    const signals = this.signals(inputs, run, clamped === true);
    onPhase('prove');
    await step();
    const fresh = crypto.getRandomValues(new Uint8Array(32));
    const statement = { publicBytes: publicBytes(this.schema, signals), context };
    const proof = this.relation.prove(this.digest, assignment, statement, fresh);
    clock.lap('prove');
    return {
      proof,
      publicSignals: signals.map(String),
      outputs: Object.fromEntries(run.outputs),
      clamped,
      timingsMs: clock.timings() as ClearResult['timingsMs'],
    };
  }

  private signals(inputs: ReadonlyMap<string, Float64Array>, { outputs }: ProgramRun, clamped: boolean): bigint[] {
    return statementParts(this.schema).flatMap(({ tensor, side }) => {
      if (tensor.visibility !== 'public') return [];
      const values = { output: outputs.get(tensor.name), input: inputs.get(tensor.name), clamped: [clamped ? 1 : 0] };
      return pack(tensor, values[side]!, PACKING_ORDER.clear);
    });
  }
}

export function stepper(signal: AbortSignal | undefined, what: string, pause: () => void | Promise<void>): Step {
  return async () => {
    await pause();
    throwIfAborted(signal, what);
  };
}

function requireSameRelation({ relationBytes: expected }: PreparedClearKey, got: Uint8Array, where: string): void {
  if (expected.length === got.length && expected.every((byte, i) => byte === got[i])) return;
  throw mismatch(
    'another relation: another program, or lowered by another version',
    `${expected.length} bytes`,
    `${got.length} bytes`,
    where,
  );
}

function requireSameRoot({ weightsRoot }: PreparedClearKey, got: Uint8Array | undefined, where: string): void {
  const text = (root: Uint8Array | undefined) =>
    root === undefined ? 'none' : Array.from(root, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (text(weightsRoot) !== text(got)) throw mismatch('other weights', text(weightsRoot), text(got), where);
}

function mismatch(what: string, expected: string, got: string, where: string): ZkonnxError {
  return new ZkonnxError('KEY_MISMATCH', `the key is of ${what}`, {
    expected,
    got,
    where,
    help: 'use the artifact and the key that compile and setup wrote together, or run setup again',
  });
}

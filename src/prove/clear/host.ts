/** A program of protocol `clear` opened for any number of proofs. Uses no Node API. */
import { throwIfAborted, unlessAborted, ZkonnxError } from '../../base/errors.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { instantiateClearKernels } from '../../kernels/clear/module.js';
import type { Between } from '../../kernels/clear/team.js';
import { lowerToRelation, type LoweredRelation } from '../../compile/clear/lower.js';
import type { PreparedClearKey } from '../../verify/clear/key.js';
import { clearKeyOf } from '../../verify/clear/judge.js';
import { planOf } from '../../verify/clear/verify.js';
import { relationBytes } from '../../verify/clear/relation-bytes.js';
import type { PreparedKeyOf } from '../../verify/key.js';
import { pack, PACKING_ORDER, publicBytes, statementParts, type Schema } from '../../verify/statement.js';
import { pauseForOthers } from '../engine/event-loop.js';
import { outOfMemory } from '../engine/out-of-memory.js';
import { isCallersError, markCallersError, ProofQueue } from '../engine/proof-queue.js';
import type { ClearCrew } from './crew.js';
import { proverBytes } from './memory-estimate.js';
import { openProgram, ProgramRunner, type ProgramRun } from './program.js';
import { isWorthStoring, type WithStoredCode } from './stored-weights.js';
import { codeElements, RelationProver, type RelationPhase } from './relation-prover.js';

/** What a proof's time goes to, in order; `queue`: waiting for the proof before it. */
export type ClearPhase = 'witness' | 'queue' | RelationPhase;

/** How one computation goes. */
export interface ClearRun {
  readonly signal?: AbortSignal | undefined;
  /** Awaited between tasks; throws ABORTED. */
  readonly between: Between;
  readonly onProgress?: ((phase: ClearPhase, fraction: number) => void) | undefined;
}

/** What a proof took and shows; the statement's integers among it. */
export interface ClearResult {
  readonly proof: Uint8Array;
  readonly publicSignals: readonly string[];
  readonly outputs: Readonly<Record<string, Float64Array>>;
  readonly clamped: boolean | null;
  readonly timingsMs: Readonly<Partial<Record<ClearPhase, number>>> & { readonly total: number };
}

const MEMORY_HELP = 'compile a smaller model: a proof’s tables have to fit into one memory';

/** A relation in a memory of its own, and the proofs that wait for it. */
interface Session {
  readonly relation: RelationProver;
  readonly queue: ProofQueue;
}

/** A program and its key, which fit each other. Proofs are made one after the other; the witness of the next may be there before. */
export class ClearProver {
  private session: Promise<Session> | undefined;

  private constructor(
    private readonly schema: Schema,
    private readonly runner: ProgramRunner,
    private readonly lowered: LoweredRelation,
    /** Of the key, 32 bytes. */
    private readonly digest: Uint8Array,
    private readonly load: (between: Between) => Promise<Session>,
  ) {}

  /**
   * Lowers the program again and commits to its weights, or reads their code: the key's relation and root must come out. Throws as `openProgram`, KEY_MISMATCH, MEMORY_EXCEEDED,
   * ABORTED.
   */
  static async open(
    bytes: Uint8Array,
    key: PreparedKeyOf<'clear'>,
    where: string,
    crew: ClearCrew,
    between: Between,
    storedCode?: WithStoredCode,
  ): Promise<ClearProver> {
    const { body, facts } = key;
    const { schema } = facts;
    const program = openProgram(bytes, schema, where);
    if (program.hash !== facts.circuitHash) throw mismatch('another program', facts.circuitHash, program.hash, where);
    await between();
    const lowered = lowerToRelation(program.ir, schema);
    requireSameRelation(body, relationBytes(lowered.relation), where);
    await between();
    const plan = planOf({ relation: lowered.relation, parameters: body.parameters });
    const { digest } = clearKeyOf(body, facts.keyDigest);
    const { kernels: tables, others } = proverBytes(plan, body.parameters);
    const { weightsRoot: root } = body;
    const isStored = storedCode !== undefined && root !== undefined && isWorthStoring(plan, body.parameters);
    const stored = isStored ? { root, code: storedCode } : undefined;
    const load = async (pause: Between): Promise<Session> => {
      crew.requireMemory?.(tables + others);
      try {
        const kernels = await instantiateClearKernels({ memory: crew.memory() });
        const team = crew.team(kernels, codeElements(plan, body.parameters));
        const relation = await RelationProver.open(team, plan, lowered.weights(), body.parameters, pause, stored);
        requireSameRoot(body, relation.weightsRoot, where);
        return { relation, queue: new ProofQueue() };
      } catch (error) {
        throw outOfMemory(error, MEMORY_HELP);
      }
    };
    const runner = new ProgramRunner(program, schema);
    const prover = new ClearProver(schema, runner, lowered, digest, load);
    prover.session = Promise.resolve(await load(between));
    return prover;
  }

  /** Integers by input name. Throws RANGE_EXCEEDED, MEMORY_EXCEEDED, WORKER_DIED, ABORTED; the prover stays usable after each of them. */
  async prove(inputs: ReadonlyMap<string, Float64Array>, context: Uint8Array, run: ClearRun): Promise<ClearResult> {
    const { signal, between } = run;
    const clock = new PhaseClock(run.onProgress);
    throwIfAborted(signal, 'the proof');
    clock.report('witness', 0);
    await between();
    // In one turn: the next run overwrites the values.
    const ran = this.runner.run(inputs);
    const assignment = this.lowered.assign(ran.values);
    const clamped = this.schema.clamped === true ? ran.left.length > 0 : null;
    const signals = this.signals(inputs, ran, clamped === true);
    const statement = { publicBytes: publicBytes(this.schema, signals), context };
    clock.report('queue', 0);
    const { queue, relation } = await unlessAborted(this.live(), signal, 'the proof');
    const proof = await queue.run(signal, async () => {
      const fresh = crypto.getRandomValues(new Uint8Array(32));
      const onProgress = (phase: RelationPhase, fraction: number) => {
        clock.report(phase, fraction);
      };
      try {
        return await relation.prove(this.digest, assignment, statement, fresh, { between, onProgress });
      } catch (error) {
        throw isCallersError(error) ? error : outOfMemory(error, MEMORY_HELP);
      }
    });
    return {
      proof,
      publicSignals: signals.map(String),
      outputs: Object.fromEntries(ran.outputs),
      clamped,
      timingsMs: clock.timings(),
    };
  }

  /** A worker that died may have left others writing: then everything is loaded into a fresh memory. */
  private async live(): Promise<Session> {
    for (;;) {
      const loading = (this.session ??= this.forgetting(this.load(pauseForOthers())));
      const session = await loading;
      if (!session.queue.isSpoiled) return session;
      // Unless another caller has replaced it while this one waited.
      if (this.session === loading) this.session = undefined;
    }
  }

  /** What failed to load is loaded anew by whoever asks next. */
  private forgetting(loading: Promise<Session>): Promise<Session> {
    loading.catch(() => {
      if (this.session === loading) this.session = undefined;
    });
    return loading;
  }

  private signals(inputs: ReadonlyMap<string, Float64Array>, { outputs }: ProgramRun, clamped: boolean): bigint[] {
    return statementParts(this.schema).flatMap(({ tensor, side }) => {
      if (tensor.visibility !== 'public') return [];
      const values = { output: outputs.get(tensor.name), input: inputs.get(tensor.name), clamped: [clamped ? 1 : 0] };
      return pack(tensor, values[side]!, PACKING_ORDER.clear);
    });
  }
}

/** Tells how far a proof is, and what each phase took: it lasts until the next one begins. */
class PhaseClock {
  private readonly clock = new Stopwatch();
  private phase: ClearPhase | undefined;

  constructor(private readonly onProgress: ClearRun['onProgress']) {}

  /** What the caller's callback throws is the caller's: the memory is as it was. */
  report(phase: ClearPhase, fraction: number): void {
    if (phase !== this.phase) {
      if (this.phase !== undefined) this.clock.lap(this.phase);
      this.phase = phase;
    }
    try {
      this.onProgress?.(phase, fraction);
    } catch (error) {
      throw markCallersError(error);
    }
  }

  timings(): ClearResult['timingsMs'] {
    if (this.phase !== undefined) this.clock.lap(this.phase);
    return this.clock.timings();
  }
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

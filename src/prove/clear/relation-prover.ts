/**
 * The prover of protocol `clear` on the kernels. Of the same key, values and fresh bytes it makes the proof that the reference makes, byte for byte. Uses no Node
 * API; one prover makes one proof at a time.
 */
import type { Ext } from '../../field/goldilocks.js';
import { deriveKeyMode, grind, type HashMode } from '../../kernels/clear/blake3.js';
import type { ClearKernels } from '../../kernels/clear/module.js';
import { GRIND_CONTEXT, ProverChannel, type StatementBytes } from '../../verify/clear/channel.js';
import type { OpeningParameters } from '../../verify/clear/parameters.js';
import type { ArgumentPlan } from '../../verify/clear/plan.js';
import type { Assignment, Relation } from '../../verify/clear/relation.js';
import { boundPublics, planOf, type ClearKey, type ClearStatement } from '../../verify/clear/verify.js';
import { commitCells, commitWeights, createWorkshop, keepPositions, type Workshop } from './matrices.js';
import { proveConstraints } from './constraints.js';
import { proveLookups } from './lookups.js';
import { TableMemory, type Table } from './memory.js';
import { proveOpening, type PlacedMatrix } from './opening.js';
import { proofSeed, secretElements } from './randomness.js';
import { Recorder } from './reference/argument.js';
import { provePadProducts } from './reference/pad-products.js';
import { Sender } from './reference/sender.js';
import { drawBlinding } from './reference/values.js';
import { countMultiplicities, keepLists, rowsOf, type TableRows, type Vectors } from './vectors.js';

/** A relation and the weights of its key, ready to prove. */
export class RelationProver {
  /** Of the weights; undefined for a relation without any. */
  readonly weightsRoot: Uint8Array | undefined;
  private readonly memory: TableMemory;
  private readonly plan: ArgumentPlan;
  private readonly workshop: Workshop;
  private readonly weights: readonly Table[];
  private readonly weightsMatrix: PlacedMatrix | undefined;
  private readonly cellPositions: readonly number[];
  private readonly rows: readonly TableRows[];
  private readonly grindMode: HashMode;

  /** Lays the relation out and commits to the weights, in memory that stays. */
  constructor(
    private readonly kernels: ClearKernels,
    private readonly relation: Relation,
    weights: readonly BigUint64Array[],
    private readonly parameters: OpeningParameters,
  ) {
    this.memory = new TableMemory(kernels);
    const { memory } = this;
    this.plan = planOf({ relation, parameters });
    const { layouts } = this.plan;
    this.workshop = createWorkshop(memory, parameters.n + parameters.rateLog + 1);
    keepLists(memory, relation);
    this.rows = relation.tables.map((table) => rowsOf(memory, table));
    this.cellPositions = keepPositions(memory, layouts.cells);
    this.weights = weights.map((values) => memory.baseOf(values));
    if (layouts.weights) {
      const positions = keepPositions(memory, layouts.weights);
      const matrix = commitWeights(this.workshop, layouts.weights, positions, this.weights, parameters.rateLog);
      this.weightsMatrix = { matrix, positions };
      this.weightsRoot = matrix.root;
    }
    this.grindMode = deriveKeyMode(kernels, GRIND_CONTEXT);
  }

  /**
   * A proof that the assignment satisfies the relation, under the key of this digest. `fresh`: 32 bytes of the system's randomness. Throws RangeError where a lookup is
   * no row of its table; of an assignment that is false elsewhere the proof is refused.
   */
  prove(
    digest: ClearKey['digest'],
    assignment: Pick<Assignment, 'cells' | 'publics'>,
    { publicBytes, context }: Omit<ClearStatement, 'publics'>,
    fresh: Uint8Array,
  ): Uint8Array {
    const mark = this.memory.mark();
    try {
      return this.proveNow(digest, assignment, { publicBytes, context }, fresh);
    } finally {
      this.memory.release(mark);
    }
  }

  private proveNow(
    digest: ClearKey['digest'],
    assignment: Pick<Assignment, 'cells' | 'publics'>,
    { publicBytes, context }: Omit<ClearStatement, 'publics'>,
    fresh: Uint8Array,
  ): Uint8Array {
    const { memory, relation, plan, parameters } = this;
    const statement = { keyDigest: digest, publicBytes, context };
    const seed = proofSeed(memory, fresh, statement, assignment.cells);
    const vectors = this.vectorsOf(assignment);
    const blinding = this.blindingOf(seed);
    const own = blinding.length === 0 ? [0n, 0n] : blinding.flat();
    const committed = [...vectors.cells, ...vectors.multiplicities, memory.baseOf(BigUint64Array.from(own))];
    const matrix = commitCells(
      this.workshop,
      plan.layouts.cells,
      this.cellPositions,
      committed,
      parameters.rateLog,
      seed,
    );
    const channel = new KernelChannel(statement, this.kernels, this.grindMode);
    channel.bind('publics', boundPublics(assignment.publics));
    channel.commitment('cells root', matrix.root);
    const recorder = new Recorder(channel);
    const sender = new Sender(recorder, blinding);
    if (plan.constraints) proveConstraints(sender, memory, relation, plan.constraints, vectors);
    if (plan.lookups) proveLookups(sender, memory, relation, plan.lookups, vectors, this.rows);
    if (plan.blinding.products.length > 0) provePadProducts(recorder, plan.blinding, blinding);
    const claims = recorder.claims(plan, assignment.publics);
    const cells = { matrix, positions: this.cellPositions };
    proveOpening(this.workshop, channel, this.weightsMatrix, cells, claims, parameters);
    return channel.bytes();
  }

  private vectorsOf({ cells, publics }: Pick<Assignment, 'cells' | 'publics'>): Vectors {
    const { memory, relation } = this;
    const tables = (tensors: readonly BigUint64Array[]) => tensors.map((values) => memory.baseOf(values));
    const known = { cells: tables(cells), weights: this.weights, publics: tables(publics), multiplicities: [] };
    const counts = countMultiplicities(memory, relation, this.rows, known);
    return { ...known, multiplicities: tables(counts.map((own) => BigUint64Array.from(own, BigInt))) };
  }

  private blindingOf(seed: Uint8Array): Ext[] {
    const { blinding } = this.plan;
    const drawn = blinding.count - blinding.products.length;
    const words = secretElements(this.memory, seed, 'blinding', 2 * drawn);
    let next = 0;
    return drawBlinding(blinding, () => [words[next++]!, words[next++]!]);
  }
}

/** Grinds by the kernels: the least nonce, as the reference does. */
class KernelChannel extends ProverChannel {
  constructor(
    statement: StatementBytes,
    private readonly kernels: ClearKernels,
    private readonly mode: HashMode,
  ) {
    super(statement);
  }

  protected override leastNonce(bits: number): bigint {
    const search = grind(this.kernels, this.mode, this.grindingTail(), bits);
    for (;;) {
      const step = search.next();
      if (step.done === true) return step.value;
    }
  }
}

/**
 * The prover of protocol `clear` on the kernels. Of the same key, values and fresh bytes it makes the proof that the reference makes, byte for byte. Uses no Node
 * API; one prover makes one proof at a time.
 */
import type { Ext } from '../../field/goldilocks.js';
import type { HashMode } from '../../kernels/clear/blake3.js';
import type { Between, ClearTeam } from '../../kernels/clear/team.js';
import { MASK_COLUMNS } from '../../verify/clear/oracle.js';
import type { OpeningParameters } from '../../verify/clear/parameters.js';
import type { ArgumentPlan } from '../../verify/clear/plan.js';
import type { Assignment, Relation } from '../../verify/clear/relation.js';
import { boundPublics, type ClearKey, type ClearStatement } from '../../verify/clear/verify.js';
import { commitCells, commitWeights, createWorkshop, keepPositions, type Workshop } from './matrices.js';
import { proveConstraints } from './constraints.js';
import { GrindingChannel, grindingMode } from './grinding.js';
import { proveLookups } from './lookups.js';
import { TableMemory, type Table } from './memory.js';
import { proveOpening, type PlacedMatrix } from './opening.js';
import { proofSeed, secretElements } from './randomness.js';
import { Recorder } from './reference/argument.js';
import { provePadProducts } from './reference/pad-products.js';
import { Sender } from './reference/sender.js';
import { drawBlinding } from './reference/values.js';
import { loadStoredCode, storedCodeChunks, type WithStoredCode } from './stored-weights.js';
import { countMultiplicities, keepLists, rowsOf, type TableRows, type Vectors } from './vectors.js';

/** Elements of the code of a proof's matrix: what its work is, roughly. */
export function codeElements({ layouts }: ArgumentPlan, { n, rateLog }: OpeningParameters): number {
  return (layouts.cells.columns + MASK_COLUMNS) * 2 ** (n + rateLog);
}

/** What of a proof is made, in order. */
export type RelationPhase = 'commit' | 'constraints' | 'lookups' | 'opening';

/** How one computation goes. */
export interface RelationRun {
  /** Awaited between tasks; what it throws ends the proof. */
  readonly between?: Between | undefined;
  /** `fraction` of the phase, 0 … 1; 0 when it begins. */
  readonly onProgress?: ((phase: RelationPhase, fraction: number) => void) | undefined;
}

/** A relation and the weights of its key, ready to prove. */
export class RelationProver {
  private constructor(
    private readonly memory: TableMemory,
    private readonly relation: Relation,
    private readonly parameters: OpeningParameters,
    private readonly plan: ArgumentPlan,
    private readonly workshop: Workshop,
    private readonly weights: readonly Table[],
    private readonly weightsMatrix: PlacedMatrix | undefined,
    private readonly cellPositions: readonly number[],
    private readonly rows: readonly TableRows[],
    private readonly grindMode: HashMode,
  ) {}

  /**
   * Lays the relation out and commits to the weights, in memory that stays: the team's, for this prover alone. `stored`: of the key with this root, where a code of
   * the weights may be found.
   */
  static async open(
    team: ClearTeam,
    plan: ArgumentPlan,
    weights: readonly BigUint64Array[],
    parameters: OpeningParameters,
    between: Between = () => undefined,
    stored?: { readonly root: Uint8Array; readonly code: WithStoredCode },
  ): Promise<RelationProver> {
    const { relation } = plan;
    const memory = new TableMemory(team);
    memory.pausing(between);
    const { layouts } = plan;
    const workshop = createWorkshop(memory, parameters.n + parameters.rateLog + 1);
    keepLists(memory, relation);
    const rows = relation.tables.map((table) => rowsOf(memory, table));
    const cellPositions = keepPositions(memory, layouts.cells);
    const tables = weights.map((values) => memory.baseOf(values));
    let placed: PlacedMatrix | undefined;
    if (layouts.weights) {
      const positions = keepPositions(memory, layouts.weights);
      const { columns } = layouts.weights;
      const load = () =>
        stored?.code((code) => loadStoredCode(workshop, code, parameters, columns, stored.root)) ??
        Promise.resolve(undefined);
      const matrix = await commitWeights(workshop, layouts.weights, positions, tables, parameters.rateLog, load);
      placed = { matrix, positions };
    }
    const mode = grindingMode(memory);
    return new RelationProver(memory, relation, parameters, plan, workshop, tables, placed, cellPositions, rows, mode);
  }

  /** Of the weights; undefined for a relation without any. */
  get weightsRoot(): Uint8Array | undefined {
    return this.weightsMatrix?.matrix.root;
  }

  /** The code of the weights as a file, in chunks; undefined without weights. Views of the memory, for as long as nothing is proven. */
  storedCode(): Iterable<Uint8Array> | undefined {
    const { weightsMatrix, memory, parameters } = this;
    if (weightsMatrix === undefined) return undefined;
    return storedCodeChunks(memory, weightsMatrix.matrix, parameters);
  }

  /**
   * A proof that the assignment satisfies the relation, under the key of this digest. `fresh`: 32 bytes of the system's randomness. Throws INTERNAL where a lookup is
   * no row of its table, what `between` and `onProgress` throw, and what the team throws; of an assignment that is false elsewhere the proof is refused. After each
   * of these the memory is as before.
   */
  async prove(
    digest: ClearKey['digest'],
    assignment: Pick<Assignment, 'cells' | 'publics'>,
    { publicBytes, context }: Omit<ClearStatement, 'publics'>,
    fresh: Uint8Array,
    run: RelationRun = {},
  ): Promise<Uint8Array> {
    const { between = () => undefined } = run;
    const mark = this.memory.mark();
    this.memory.pausing(between);
    try {
      return await this.proveNow(digest, assignment, { publicBytes, context }, fresh, run);
    } finally {
      this.memory.release(mark);
    }
  }

  private async proveNow(
    digest: ClearKey['digest'],
    assignment: Pick<Assignment, 'cells' | 'publics'>,
    { publicBytes, context }: Omit<ClearStatement, 'publics'>,
    fresh: Uint8Array,
    { onProgress = () => undefined }: RelationRun,
  ): Promise<Uint8Array> {
    const { memory, relation, plan, parameters } = this;
    const statement = { keyDigest: digest, publicBytes, context };
    onProgress('commit', 0);
    const seed = proofSeed(memory, fresh, statement, assignment.cells);
    const vectors = this.vectorsOf(assignment);
    const blinding = await this.blindingOf(seed);
    const own = blinding.length === 0 ? [0n, 0n] : blinding.flat();
    const committed = [...vectors.cells, ...vectors.multiplicities, memory.baseOf(BigUint64Array.from(own))];
    const matrix = await commitCells(
      this.workshop,
      plan.layouts.cells,
      this.cellPositions,
      committed,
      parameters.rateLog,
      seed,
    );
    const channel = new GrindingChannel(statement, memory, this.grindMode);
    channel.bind('publics', boundPublics(assignment.publics));
    channel.commitment('cells root', matrix.root);
    const recorder = new Recorder(channel);
    const sender = new Sender(recorder, blinding);
    onProgress('constraints', 0);
    if (plan.constraints) await proveConstraints(sender, memory, relation, plan.constraints, vectors);
    onProgress('lookups', 0);
    if (plan.lookups) {
      await proveLookups(sender, memory, relation, plan.lookups, vectors, this.rows, (fraction) => {
        onProgress('lookups', fraction);
      });
    }
    onProgress('opening', 0);
    if (plan.blinding.products.length > 0) provePadProducts(recorder, plan.blinding, blinding);
    await memory.step();
    const claims = recorder.claims(plan, assignment.publics);
    await memory.step();
    const cells = { matrix, positions: this.cellPositions };
    await proveOpening(this.workshop, channel, this.weightsMatrix, cells, claims, parameters, (fraction) => {
      onProgress('opening', fraction);
    });
    onProgress('opening', 1);
    return channel.bytes();
  }

  private vectorsOf({ cells, publics }: Pick<Assignment, 'cells' | 'publics'>): Vectors {
    const { memory, relation } = this;
    const tables = (tensors: readonly BigUint64Array[]) => tensors.map((values) => memory.baseOf(values));
    const known = { cells: tables(cells), weights: this.weights, publics: tables(publics), multiplicities: [] };
    const counts = countMultiplicities(memory, relation, this.rows, known);
    return { ...known, multiplicities: tables(counts.map((own) => BigUint64Array.from(own, BigInt))) };
  }

  private async blindingOf(seed: Uint8Array): Promise<Ext[]> {
    const { blinding } = this.plan;
    const drawn = blinding.count - blinding.products.length;
    const words = await secretElements(this.memory, seed, 'blinding', 2 * drawn);
    let next = 0;
    return drawBlinding(blinding, () => [words[next++]!, words[next++]!]);
  }
}

/** The points of a key in order, made ahead of their reader by all threads of a team. */
import { g1Curve, g2Curve } from '../field/curve-bigint.js';
import { allocatePoints } from '../kernels/curve.js';
import { groupOf, SCALAR_BYTES, type GroupName } from '../kernels/msm.js';
import {
  fixedBaseBytes,
  fixedBaseWindows,
  fixedBaseWindowsScratchBytes,
  windowCount,
  type FixedBase,
  type FixedBaseWindow,
} from '../kernels/msm-fixed-base.js';
import type { KernelTask } from '../kernels/tasks.js';
import type { Team } from '../kernels/team.js';
import { CHUNK_BYTES, CHUNK_POINTS, HALVES, TASKS_PER_THREAD, type ScalarList, type TableBits } from './memory.js';

/** Multiples of a group's generator, and the forms in which they are wanted: file and hash, or the kernels' own alone. */
export interface PointChunk {
  readonly group: GroupName;
  readonly scalars: ScalarList;
  /** Points as .zkey files hold them. */
  readonly file: boolean;
  /** Points as csHash takes them. */
  readonly hash: boolean;
  /** Points as the kernels' memory holds them, coordinates canonical. */
  readonly own?: boolean;
}

/** A chunk's points, views of the kernels' memory that hold until the next chunk is asked for; empty if not wanted. */
export interface ChunkPoints {
  readonly file: Uint8Array;
  readonly hash: Uint8Array;
  readonly own: Uint8Array;
}

/** The multiples by a list of scalars in chunks of a task each. */
export function chunksOf({ scalars, ...rest }: PointChunk): PointChunk[] {
  const most = CHUNK_POINTS[rest.group];
  return Array.from({ length: Math.ceil(scalars.count / most) }, (_, i) => ({
    ...rest,
    scalars: { pointer: scalars.pointer + i * most * SCALAR_BYTES, count: Math.min(most, scalars.count - i * most) },
  }));
}

export type Tables = Readonly<Record<GroupName, FixedBase>>;

/** The tables of both generators, allocated on the team's heap. */
export async function makeTables(team: Team, bits: TableBits): Promise<Tables> {
  const tasks: KernelTask[] = [];
  const make = (name: GroupName): FixedBase => {
    const { table, windows } = planTable(team, name, bits[name]);
    for (const window of windows) tasks.push({ kind: 'fixed-window', group: name, window });
    return table;
  };
  const tables = { g1: make('g1'), g2: make('g2') };
  await team.run(tasks);
  return tables;
}

function planTable(
  { kernels }: Team,
  name: GroupName,
  bits: number,
): { readonly table: FixedBase; readonly windows: readonly FixedBaseWindow[] } {
  const { exports, heap } = kernels;
  const group = groupOf(exports, name);
  const table = { table: heap.allocate(fixedBaseBytes(group, bits)), bits };
  const bases = heap.allocate(windowCount(bits) * group.pointBytes);
  const mark = heap.mark();
  const generator =
    name === 'g1'
      ? allocatePoints(kernels, name, [g1Curve.generator])
      : allocatePoints(kernels, name, [g2Curve.generator]);
  const windows = fixedBaseWindows(group, table, generator, bases, heap.allocate(fixedBaseWindowsScratchBytes(group)));
  heap.release(mark);
  return { table, windows };
}

/**
 * Hands out chunks in order. While one batch is read the next one is made, in the other half of the room that the stream allocates on the
 * team's heap; nobody else may use the team or its heap until `close`.
 */
export class PointStream {
  private readonly batch: number;
  private readonly room: number;
  /** First chunk of the batch under way. */
  private first = 0;
  private running: Promise<void>;
  /** Next chunk to hand out. */
  private at = 0;
  /** End of the chunks that are done. */
  private done = 0;

  constructor(
    private readonly team: Team,
    private readonly tables: Tables,
    private readonly chunks: readonly PointChunk[],
  ) {
    this.batch = TASKS_PER_THREAD * team.size;
    this.room = team.kernels.heap.allocate(HALVES * this.batch * 2 * CHUNK_BYTES);
    this.running = this.start();
  }

  /** Rejects as the team does. Not to be called more often than there are chunks. */
  async next(): Promise<ChunkPoints> {
    if (this.at === this.done) {
      await this.running;
      this.done = Math.min(this.first + this.batch, this.chunks.length);
      this.first = this.done;
      this.running = this.start();
    }
    const i = this.at++;
    const { group, scalars, file, hash, own = false } = this.chunks[i]!;
    const { heap, exports } = this.team.kernels;
    const { keyBytes, pointBytes } = groupOf(exports, group);
    const view = (wanted: boolean, form: 0 | 1, size: number): Uint8Array =>
      wanted ? heap.bytes(this.place(i, form), scalars.count * size) : new Uint8Array();
    return { file: view(file, 0, keyBytes), hash: view(hash, 1, keyBytes), own: view(own, 0, pointBytes) };
  }

  /** Settles when no thread is at work any more. */
  async close(): Promise<void> {
    await this.running.catch(() => undefined);
  }

  private place(chunk: number, form: 0 | 1): number {
    return this.room + (2 * (chunk % (HALVES * this.batch)) + form) * CHUNK_BYTES;
  }

  private start(): Promise<void> {
    const tasks = this.chunks
      .slice(this.first, this.first + this.batch)
      .map(({ group, scalars, file, hash, own = false }, i): KernelTask => ({
        kind: 'key-points',
        group,
        points: {
          base: this.tables[group],
          scalars: scalars.pointer,
          n: scalars.count,
          file: file ? this.place(this.first + i, 0) : undefined,
          hash: hash ? this.place(this.first + i, 1) : undefined,
          own: own ? this.place(this.first + i, 0) : undefined,
        },
      }));
    const running = this.team.run(tasks);
    // Awaited by the next call; until then a failure must not count as unhandled.
    running.catch(() => undefined);
    return running;
  }
}

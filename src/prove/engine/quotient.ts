/**
/**
 * The scalars of the H sum, Groth16's and that of two rounds: P = a·b − c on the odd coset, from the rows' values on the domain. The
 * witness is taken to satisfy the rows, so that c = a·b needs no pass over C; the rows that bind the public wires have b = c = 0.
 */
import { domainSize, type Domain } from '../../kernels/domain.js';
import { ELEMENT_BYTES } from '../../kernels/field-exports.js';
import { SCALAR_BYTES } from '../../kernels/msm.js';
import { oddCosetPhases, type JoinConstants, type NttTable } from '../../kernels/ntt.js';
import type { SparseRows } from '../../kernels/sparse.js';
import { ranges, type Team } from '../../kernels/team.js';
import type { ClassifiedWitness } from './classified-witness.js';

/** Share of the time that the rows take; only progress bars use it. */
const ROWS_SHARE = 0.3;

/** What the way from the domain to its odd coset takes of a key. */
export interface TransformKey {
  readonly domain: Domain;
  readonly table: NttTable;
  readonly join: JoinConstants;
}

/** And where the key has the rows. */
export interface QuotientKey extends TransformKey {
  /** The rows of A and B with those that bind the public wires. */
  readonly rowsA: SparseRows;
  readonly rowsB: SparseRows;
}

/** Bytes that the scalars take: one for each row of the domain, in the rows' order. */
export const quotientBytes = (points: number): number => points * SCALAR_BYTES;

/** Bytes that `quotientScalars` needs of the heap besides. */
export const quotientScratchBytes = (nVars: number, points: number): number =>
  (nVars + 3 * points) * ELEMENT_BYTES + 4 * nVars;

/** Fills `out` (`quotientBytes`). `onProgress` gets fractions, growing, of this phase. */
export async function quotientScalars(
  team: Team,
  key: QuotientKey,
  witness: ClassifiedWitness,
  out: number,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const { heap } = team.kernels;
  const n = domainSize(key.domain);
  const mark = heap.mark();
  try {
    const values = await wireElements(team, witness);
    const sides = [heap.allocate(n * ELEMENT_BYTES), heap.allocate(n * ELEMENT_BYTES)] as const;
    const pieces = piecesOf(team, n);
    await team.run(
      [key.rowsA, key.rowsB].flatMap((rows, side) =>
        pieces.map(({ from, to }) => ({ kind: 'rows', out: sides[side]!, rows, values, from, to }) as const),
      ),
    );
    onProgress(ROWS_SHARE);
    await quotientOfRows(team, key, sides, out, (fraction) => {
      onProgress(ROWS_SHARE + (1 - ROWS_SHARE) * fraction);
    });
  } finally {
    heap.release(mark);
  }
}

/** The scalars at `out` from the values of a and b (domain.ts has their order), which are overwritten. The heap ends as it began. */
export async function quotientOfRows(
  team: Team,
  { domain, table, join }: TransformKey,
  [a, b]: readonly [number, number],
  out: number,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const { heap } = team.kernels;
  const n = domainSize(domain);
  const mark = heap.mark();
  const c = heap.allocate(n * ELEMENT_BYTES);
  const pieces = piecesOf(team, n);
  await team.run(
    pieces.map(({ from, to }) => {
      const [outFrom, aFrom, bFrom] = [c, a, b].map((array) => array + from * ELEMENT_BYTES) as [
        number,
        number,
        number,
      ];
      return { kind: 'multiply', out: outFrom, a: aFrom, b: bFrom, n: to - from } as const;
    }),
  );
  const phases = oddCosetPhases(table, domain, [a, b, c], team.size);
  for (const [i, phase] of phases.entries()) {
    await team.run(phase.map((task) => ({ kind: 'ntt', table: table.pointer, task })));
    onProgress((i + 1) / (phases.length + 1));
  }
  await team.run(
    pieces.map(({ from, to }) => ({ kind: 'join', out, abc: [a, b, c], ...join, domain, from, to }) as const),
  );
  heap.release(mark);
}

/** Finer than threads: rows differ in their numbers of terms. */
const piecesOf = (team: Team, n: number) => ranges(n, 4 * team.size);

/** All wires' values as elements. */
async function wireElements(team: Team, { small, wide, scalars }: ClassifiedWitness): Promise<number> {
  const { heap, exports } = team.kernels;
  const out = heap.allocate(small.length * ELEMENT_BYTES);
  const mark = heap.mark();
  const integers = heap.copyIn(new Uint8Array(small.buffer, small.byteOffset, small.byteLength));
  await team.run(
    ranges(small.length, team.size).map(({ from, to }) => ({
      kind: 'integers',
      out: out + from * ELEMENT_BYTES,
      values: integers + 4 * from,
      n: to - from,
    })),
  );
  const elements = heap.allocate(wide.length * ELEMENT_BYTES);
  exports.fr_from_bytes_n(elements, heap.copyIn(scalars), wide.length);
  const indices = heap.allocate(4 * wide.length);
  heap.words(indices, wide.length).set(wide);
  exports.fr_scatter(out, indices, elements, wide.length);
  heap.release(mark);
  return out;
}

/** Polynomials over F_p evaluated on subgroups, whole or in phases of independent tasks. src/kernels/assembly/clear/ntt.ts has the mathematics. */
import { FIELD_BYTES, GL, ORDER, rootOfUnity } from '../../field/goldilocks.js';
import { ranges } from '../team.js';
import { runClearTask, type ClearCall } from './calls.js';
import type { ClearExports } from './exports.js';
import type { ClearKernels } from './module.js';

/** Powers of the roots of unity for domains of up to 2^logSize elements. */
export interface GlTwiddles {
  readonly pointer: number;
  readonly logSize: number;
}

/** 2^24 rows a column, and eight times as many for the first fold. */
export const MAX_LOG_DOMAIN = 27;

/** Allocates a table of max(4, 2^logSize) elements and fills it. Throws RangeError where logSize is not in 0 … 27. */
export function createGlTwiddles({ exports, heap }: ClearKernels, logSize: number): GlTwiddles {
  checkLog(logSize);
  const pointer = heap.allocate(Math.max(4, 2 ** logSize) * FIELD_BYTES, 64);
  for (let log = 1; log <= Math.max(2, logSize); log++) {
    exports.gl_ntt_twiddles(pointer, 2 ** (log - 1), rootOfUnity(log), 1n, 0, 2 ** (log - 1));
  }
  return { pointer, logSize };
}

/**
 * Coefficients of one column to its values: 2^logIn base elements at `input`, in natural order, to 2^logOut at `out`, which does not overlap it;
 * out[i] = Σ_j in[j]·g^(ij), g = rootOfUnity(logOut). Coefficients beyond 2^logIn are zeros that need not be there.
 */
export interface Evaluation {
  readonly out: number;
  readonly input: number;
  readonly logIn: number;
  readonly logOut: number;
}

/** A part of an evaluation that needs nothing of the other parts of its phase. */
export interface GlNttTask {
  readonly evaluation: Evaluation;
  readonly table: number;
  readonly step:
    | { readonly kind: 'whole' }
    | { readonly kind: 'fill' }
    | { readonly kind: 'blocks' }
    /** The layers of h and 2h. */
    | { readonly kind: 'pass'; readonly h: number };
  /** Groups of coefficients, blocks, or butterflies, by kind. */
  readonly from: number;
  readonly to: number;
}

/** Blocks of about 2^12 elements, 32 KiB, are transformed in the first-level cache; what is left above them is an even number of layers. */
function blockLog({ logIn, logOut }: Evaluation): number {
  const first = logOut - logIn;
  if (logOut <= 13) return logOut;
  const log = 12 + (logOut & 1);
  // At rates so low that blocks have no layers of their own, the layers are the blocks'.
  return log > first ? log : first + (logIn & 1);
}

const groups = (logIn: number): number => Math.max(1, 2 ** (logIn - 6));

/** Passes over everything, by their h. */
function passes(evaluation: Evaluation): number[] {
  const hs: number[] = [];
  for (let log = blockLog(evaluation); log < evaluation.logOut; log += 2) hs.push(2 ** log);
  return hs;
}

/** The kernels' calls that are the task, on any instance over the memory of its pointers. */
export function glNttCalls({ evaluation, table, step, from, to }: GlNttTask): ClearCall[] {
  const { out, input, logIn, logOut } = evaluation;
  const block = blockLog(evaluation);
  const isLast = (h: number) => (4 * h === 2 ** logOut ? 1 : 0);
  const lastBlocks = block === logOut ? 1 : 0;
  switch (step.kind) {
    case 'whole':
      return [
        ['gl_ntt_fill', out, input, logIn, logOut, 0, groups(logIn)],
        ['gl_ntt_blocks', out, logOut - logIn, block, table, 0, 2 ** (logOut - block), lastBlocks],
        ...passes(evaluation).map((h): ClearCall => ['gl_ntt_pass', out, h, table, 0, 2 ** (logOut - 2), isLast(h)]),
      ];
    case 'fill':
      return [['gl_ntt_fill', out, input, logIn, logOut, from, to]];
    case 'blocks':
      return [['gl_ntt_blocks', out, logOut - logIn, block, table, from, to, lastBlocks]];
    case 'pass':
      return [['gl_ntt_pass', out, step.h, table, from, to, isLast(step.h)]];
  }
}

/** Runs one task on any instance over the memory of its pointers. */
export function runGlNttTask(exports: ClearExports, task: GlNttTask): void {
  runClearTask(exports, glNttCalls(task));
}

/** In this thread. */
export function evaluate(exports: ClearExports, table: GlTwiddles, evaluation: Evaluation): void {
  checkEvaluation(table, evaluation);
  runGlNttTask(exports, { evaluation, table: table.pointer, step: { kind: 'whole' }, from: 0, to: 1 });
}

/** Below this many outputs a column is one task. */
const SPLIT_FROM_LOG = 14;

/**
 * Phases of tasks for many columns and `workers` threads; a phase starts when the one before is done. Columns that come out even are one task each; the rest, and
 * columns fewer than workers, are cut up.
 */
export function evaluationPhases(
  table: GlTwiddles,
  evaluations: readonly Evaluation[],
  workers: number,
): GlNttTask[][] {
  for (const evaluation of evaluations) checkEvaluation(table, evaluation);
  const whole = (evaluation: Evaluation): GlNttTask => {
    return { evaluation, table: table.pointer, step: { kind: 'whole' }, from: 0, to: 1 };
  };
  const even = evaluations.length - (evaluations.length % workers);
  const rest = evaluations.slice(even);
  const cut = rest.filter(({ logOut }) => logOut >= SPLIT_FROM_LOG);
  const first = evaluations.filter((evaluation, i) => i < even || !cut.includes(evaluation)).map(whole);
  if (cut.length === 0) return [first];
  const phase = (step: (evaluation: Evaluation) => { step: GlNttTask['step']; parts: number } | undefined) =>
    cut.flatMap((evaluation) => {
      const made = step(evaluation);
      if (made === undefined) return [];
      return ranges(made.parts, workers).map((range) => ({
        evaluation,
        table: table.pointer,
        step: made.step,
        ...range,
      }));
    });
  const most = Math.max(...cut.map((evaluation) => passes(evaluation).length));
  return [
    [...first, ...phase(({ logIn }) => ({ step: { kind: 'fill' }, parts: groups(logIn) }))],
    phase((evaluation) => ({ step: { kind: 'blocks' }, parts: 2 ** (evaluation.logOut - blockLog(evaluation)) })),
    ...Array.from({ length: most }, (_, i) =>
      phase((evaluation) => {
        const h = passes(evaluation)[i];
        return h === undefined ? undefined : { step: { kind: 'pass', h }, parts: 2 ** (evaluation.logOut - 2) };
      }),
    ),
  ];
}

/**
 * Values on the subgroup of 2^log elements in natural order at `input` to the coefficients at `out`, in natural order. `out` does not overlap `input`; `scratch` takes
 * 2^log elements.
 */
export function interpolate(
  exports: ClearExports,
  table: GlTwiddles,
  { out, input, log, scratch }: { out: number; input: number; log: number; scratch: number },
): void {
  evaluate(exports, table, { out: scratch, input, logIn: log, logOut: log });
  exports.gl_ntt_turn(out, scratch, GL.inv(2n ** BigInt(log) % ORDER), 2 ** log, 0, 2 ** log);
}

function checkLog(log: number): void {
  if (!Number.isInteger(log) || log < 0 || log > MAX_LOG_DOMAIN) {
    throw new RangeError(`a domain of 2^${log} elements: 2^0 … 2^${MAX_LOG_DOMAIN} are there`);
  }
}

function checkEvaluation({ logSize }: GlTwiddles, { logIn, logOut }: Evaluation): void {
  checkLog(logIn);
  checkLog(logOut);
  if (logIn > logOut) throw new RangeError(`2^${logIn} coefficients on a domain of 2^${logOut}`);
  if (logOut > logSize) throw new RangeError(`a domain of 2^${logOut} with twiddles up to 2^${logSize}`);
}

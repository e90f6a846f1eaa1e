/** The columns of `npm run bench:clear`: one entry each. */
import type { Measurement } from './clear-measure.js';
import { duration } from './report.js';

/** What a model came to by `clear`, and by `mirage` in the same run. */
export interface ClearRow {
  readonly clear: Measurement;
  readonly mirage?: Measurement;
}

interface Column {
  readonly title: string;
  /** Of a model that is proven; '' where nothing was measured. */
  of(row: ClearRow): string;
}

const count = (value: number | undefined): string => (value === undefined ? '' : value.toLocaleString('en'));
const time = (ms: number | readonly number[] | undefined): string =>
  ms === undefined ? '' : duration(typeof ms === 'number' ? [ms] : ms);
const mebibytes = (bytes: number | undefined): string =>
  bytes === undefined ? '' : `${(bytes / 2 ** 20).toFixed(0)} MiB`;

export const COLUMNS: readonly Column[] = [
  { title: 'cells', of: ({ clear }) => count(clear.figures?.['cells']) },
  { title: 'lookups + rows', of: ({ clear: { figures } }) => figures === undefined ? '' : `${count(figures['lookups'])} + ${count(figures['tableRows'])}` }, // prettier-ignore
  { title: 'weights', of: ({ clear }) => count(clear.figures?.['weights']) },
  { title: 'setup', of: ({ clear }) => time(clear.ms?.setup) },
  { title: 'proof, warm', of: ({ clear }) => time(clear.ms?.warm) },
  { title: 'first of a process', of: ({ clear }) => time(clear.ms?.first) },
  { title: 'cold, as a command', of: ({ clear }) => time(clear.ms?.cold) },
  { title: 'peak', of: ({ clear }) => mebibytes(clear.peakBytes) },
  { title: 'proof', of: ({ clear: { proofBytes } }) => (proofBytes === undefined ? '' : `${(proofBytes / 1024).toFixed(0)} KiB`) }, // prettier-ignore
  { title: 'check, WebAssembly', of: ({ clear }) => time(clear.ms?.verify) },
  { title: 'JavaScript', of: ({ clear }) => time(clear.ms?.verifyJavascript) },
  { title: '`mirage`: rows', of: ({ mirage }) => count(mirage?.figures?.['constraints']) },
  { title: 'setup', of: ({ mirage }) => time(mirage?.ms?.setup) },
  { title: 'warm', of: ({ mirage }) => time(mirage?.ms?.warm) },
  { title: 'cold', of: ({ mirage }) => time(mirage?.ms?.cold) },
  { title: 'peak', of: ({ mirage }) => mebibytes(mirage?.peakBytes) },
  { title: 'check', of: ({ mirage }) => time(mirage?.ms?.verify) },
];

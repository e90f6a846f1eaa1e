/** Sentences for the user about what was taken for granted. */
import { DRAWN_SAMPLES } from './calibration-samples.js';
import type { CompileOptions } from './options.js';
import type { InputDomain } from './real/input-grid.js';
import { overflowModes } from './passes/overflow.js';
import { DEFAULT_OVERFLOW } from './options.js';
import type { Schema } from '../verify/statement.js';

/** What the user did not say and what was taken, in sentences. */
export function defaultsTaken(options: CompileOptions, domains: ReadonlyMap<string, InputDomain>): string[] {
  const notes: string[] = [];
  if (options.input === undefined) notes.push('input is public (default): every proof shows the input values');
  if (options.output === undefined) notes.push('output is public (default)');
  if (options.input === 'private') {
    notes.push('input is private and not committed: a proof says only that SOME input in the domain gives the output');
  }
  if (options.overflow === undefined)
    notes.push('overflow is saturate (default): every input in the domain is provable');
  for (const [name, { min, max, bits, scale, source }] of domains) {
    if (source === 'grid') notes.push(`input ${name}: 8-bit data recognised, ${min} to ${max}, exact`);
    if (typeof scale !== 'number') {
      notes.push(
        `input ${name}: ${scale.length} columns of different magnitude, each with a domain of its own from the calibration data and a margin of a quarter (${bits} bits); inspect shows them`,
      );
    } else if (source === 'calibration') {
      notes.push(
        `input ${name}: domain ${min} to ${max} from the calibration data and a margin of a quarter (${bits} bits); state it with --domain`,
      );
    }
  }
  if (options.samples === undefined)
    notes.push(`no calibration data: ${DRAWN_SAMPLES} samples drawn from the declared domain stand in for it`);
  return notes;
}

/** What proofs say of values beyond their calibrated range, in sentences. */
export function clampNotes({ clamped, inputs }: Schema, { overflow = DEFAULT_OVERFLOW }: CompileOptions): string[] {
  if (overflowModes[overflow].beyond !== 'counted') return [];
  if (clamped !== true) {
    return [
      'no input in the domain drives a value beyond its range, by exact integer bounds: the schema says overflow never',
    ];
  }
  const isHidden = inputs.some(({ visibility }) => visibility !== 'public');
  const says = 'every proof says whether a value left its calibrated range and was clamped';
  return [isHidden ? `${says}: that is one bit of the inputs, hidden ones too` : says];
}

/** The three numbers of an artifact's accuracy, for people: each named for what it is. */
import type { OutputAccuracy, StatedAccuracy } from '../formats/manifest.js';
import { percent, table } from './text.js';

/** Measured, searched and proven, a line each and output; `measured` is what is called the stated error. */
export function accuracyTable(accuracy: StatedAccuracy): string {
  const rows = accuracy.outputs.flatMap((output) => [
    ['measured', output.name, measured(output, accuracy)],
    [
      'searched',
      '',
      output.searched === null
        ? 'not searched for'
        : `${percent(output.searched)}, the worst found by ascent over the domain`,
    ],
    [
      'proven',
      '',
      output.proven === null
        ? 'none'
        : `at most ${percent(output.proven)} for every input in the domain, where no value is clamped`,
    ],
  ]);
  return table(rows);
}

function measured({ measured, heldOut }: OutputAccuracy, accuracy: StatedAccuracy): string {
  const { source, samples, heldOut: out, clamped } = accuracy;
  const on = `${percent(measured)} on ${samples} ${source === 'given' ? 'samples' : 'samples drawn from the domain'}`;
  const apart =
    heldOut === null ? 'none held out: fewer than 5' : `${percent(heldOut)} on the ${out} held out of all choices`;
  return `${on} (${apart}${clamped === 0 ? '' : `; on ${clamped} a value was clamped, and a proof says so`})`;
}

/** What `inspect` shows. */
export function accuracySection(accuracy: StatedAccuracy): string {
  const { reference, comparedWith } = accuracy;
  const judge = comparedWith === null ? `${reference}, not compared with onnxruntime` : reference;
  return `\n\nAccuracy against ${judge}, in parts of each output’s largest value (no key and no proof covers it)\n${accuracyTable(accuracy)}`;
}

/** `--overflow never`: whether it can be promised that no input of the domain reaches beyond a calibrated range. */
import { ZkonnxError } from '../../base/errors.js';
import { openRanges } from '../bounds/never.js';
import { reachableEnds } from '../ir/ends.js';
import type { QuantisedModel } from './quantise.js';

/**
 * The first tensor that some input of the domain may drive beyond its range, as an error; undefined where bounds prove that there is none: intervals
 * of the integer program, or else linear relaxation of the same program, its roundings inside. Either holds for the circuit's own integers.
 */
export function neverObstacle({ ir }: Pick<QuantisedModel, 'ir'>): ZkonnxError | undefined {
  const obstacle = reachableEnds(ir).find(({ end }) => end === 'refused');
  if (obstacle === undefined) return undefined;
  const [relaxed] = openRanges(ir);
  if (relaxed === undefined) return undefined;
  const { node, got, expected } = relaxed;
  return new ZkonnxError(
    'BOUND_OVERFLOW',
    'it cannot be shown that no input of the domain leaves the range of a tensor',
    {
      expected: `bounds of ${node} within its range, ${expected.lo} to ${expected.hi} in integers`,
      got: `bounds from ${got.lo} to ${got.hi}`,
      where: `${node} (${relaxed.origin})`,
      help: 'declare a narrower --domain; or use --overflow reject (such an input has no proof) or saturate (its proof says that a value was clamped)',
    },
  );
}

/** Throws BOUND_OVERFLOW, naming the tensor, where `neverObstacle` finds one. */
export function requireNever(model: Pick<QuantisedModel, 'ir'>): void {
  const obstacle = neverObstacle(model);
  if (obstacle !== undefined) throw obstacle;
}

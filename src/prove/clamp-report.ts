/** Clamped values of a sample in the words of its artifact: which layer, beyond which end, how far. Uses no Node API. */
import { clampsOf, type ClampedValues } from '../constraint/clamps.js';
import type { LeftEnd } from '../compile/ir/clamped.js';
import type { Circuit } from '../constraint/program.js';
import type { Witness } from '../constraint/solver.js';
import type { LayerCost } from '../formats/manifest.js';
import type { Schema } from '../verify/statement.js';

/** Values of one layer that left its calibrated range at one end, and were clamped to it. */
export interface ClampReport {
  readonly layer: string;
  /** The model's operator, where the artifact says. */
  readonly op?: string;
  readonly side: 'below' | 'above';
  /** How many. */
  readonly count: number;
  /** The end: in real units, where the layer has a scale of its own, else the integer. */
  readonly bound?: number;
  /** Of the value that went farthest, in the units of `bound`; absent where an input is hidden, as in every message, or where it is not known. */
  readonly value?: number;
  readonly units: 'real' | 'integer';
}

/** In the order of the layers; empty where nothing was clamped. */
export function clampReports(
  circuit: Circuit,
  witness: Witness,
  { schema, layers }: { readonly schema: Schema; readonly layers: readonly LayerCost[] },
): ClampReport[] {
  const facts = new Map(layers.map((layer) => [layer.name, layer]));
  const isHidden = schema.inputs.some(({ visibility }) => visibility !== 'public');
  return clampsOf(circuit, witness).map((values) => report(values, facts.get(values.layer), isHidden));
}

/** The same of a run of the integer program; ends that are not counted are no clamps. */
export function leftEndReports(
  left: readonly LeftEnd[],
  { schema, layers }: { readonly schema: Schema; readonly layers: readonly LayerCost[] },
): ClampReport[] {
  const facts = new Map(layers.map((layer) => [layer.name, layer]));
  const isHidden = schema.inputs.some(({ visibility }) => visibility !== 'public');
  return left.map(({ node, side, elements, farthest }) => {
    const own = facts.get(node);
    const end = side === 'hi' ? own?.hi : own?.lo;
    const beyond = end === undefined ? 0 : Math.abs(farthest - end);
    const values = { layer: node, side: side === 'hi' ? 'above' : 'below', count: elements, farthest: beyond } as const;
    return report(values, own, isHidden);
  });
}

function report(
  { layer, side, count, farthest }: ClampedValues,
  facts: LayerCost | undefined,
  isHidden: boolean,
): ClampReport {
  // Where values are clamped at an end, the layer's proven bounds end there too.
  const end = side === 'above' ? facts?.hi : facts?.lo;
  const beyond = side === 'above' ? farthest : -farthest;
  const { scale = 1, offset = 0 } = facts ?? {};
  return {
    layer,
    ...(facts === undefined ? {} : { op: facts.op }),
    side,
    count,
    ...(end === undefined ? {} : { bound: end * scale + offset }),
    ...(end === undefined || isHidden || farthest === 0 ? {} : { value: (end + beyond) * scale + offset }),
    units: facts?.scale === undefined ? 'integer' : 'real',
  };
}

/** The domain of every model input: which real values it may take and which integers stand for them. */
import { sizeOf, type RealGraph, type RealNode } from '../real/graph.js';
import type { RealValues } from './calibrate.js';
import type { InputDomain } from '../real/input-grid.js';
import { isTruth, isWhole } from './exact.js';
import { columnDomain, inputDomain } from './input-domain.js';

/** Features get 16 bits, inputs of more elements than this 12; 8-bit data is recognised and keeps its 8 bits. */
const FEW_ELEMENTS = 256;
/** Where the tolerance asks for more: as fine as float32 itself. */
const FINE_BITS = 24;

export function inputNodes(graph: RealGraph): RealNode[] {
  return graph.inputs.map((name) => graph.nodes.find((node) => node.name === name)!);
}

/** `declared` gives the domain the user stated for an input, `samples` are the calibration data (none: only declared domains); `fine` steps cost a row a bit. */
export function inputDomains(
  graph: RealGraph,
  samples: readonly RealValues[],
  declared: (name: string) => { readonly lo: number; readonly hi: number } | undefined,
  fine = false,
): Map<string, InputDomain> {
  const exposed = new Set(graph.outputs.map(({ node }) => node));
  return new Map(
    inputNodes(graph).map((node) => {
      const values = samples.map((sample) => sample.get(node.name)!);
      // A truth value is 0 or 1, whichever of them the samples show.
      const given = isTruth(node) ? { lo: 0, hi: 1 } : declared(node.name);
      const whole = isWhole(node) || isTruth(node);
      const integer = whole ? integerDomain(values, given) : undefined;
      const usual = sizeOf(node) <= FEW_ELEMENTS ? 16 : 12;
      const bits = fine || whole ? FINE_BITS : usual;
      const isNarrow = integer !== undefined && integer.bits <= FINE_BITS;
      // One declared domain is every column's; and what an output shows of an input has one scale.
      const isByColumn = given === undefined && !isNarrow && !exposed.has(node.name);
      const byColumn = isByColumn ? columnDomain(node, values, bits) : undefined;
      const domain = byColumn ?? integer ?? inputDomain(values, bits, given);
      const said = isTruth(node) ? undefined : given;
      return [node.name, said === undefined ? domain : { ...domain, declared: [said.lo, said.hi] }];
    }),
  );
}

/** Integers wider than this stand for themselves no more. */
const WHOLE_BITS = 32;

/** Integers stand for themselves, if the domain is narrow enough: [lo, lo + 2^bits − 1] around what was seen or declared. */
function integerDomain(
  values: readonly Float64Array[],
  declared?: { readonly lo: number; readonly hi: number },
): InputDomain | undefined {
  let [lo, hi] = [declared?.lo ?? Infinity, declared?.hi ?? -Infinity];
  for (const tensor of values) {
    for (const value of tensor) [lo, hi] = [Math.min(lo, value), Math.max(hi, value)];
  }
  if (!(lo <= hi) || hi - lo >= 2 ** WHOLE_BITS) return undefined;
  [lo, hi] = [Math.floor(lo), Math.ceil(hi)];
  const bits = Math.max(1, Math.ceil(Math.log2(hi - lo + 1)));
  const source = declared === undefined ? 'calibration' : 'declared';
  return { min: lo, max: lo + 2 ** bits - 1, bits, scale: 1, zeroPoint: 0 - lo, source };
}

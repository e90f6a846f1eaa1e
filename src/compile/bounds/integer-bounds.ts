/**
 * Bounds of every tensor of an integer program, its roundings inside: the relaxation of relaxation.ts over the IR, its lines made of integers. What
 * it proves holds of the program as the circuit has it, not of the real model beside it.
 */
import { gatherAffine } from '../real/affine.js';
import { clampLines, emptyLines, maximaLines, setLines, type Box, type Line, type Lines } from '../real/box.js';
import type { IrAttrs, IrGraph, IrNode, IrOpName } from '../ir/graph.js';
import { opOf } from '../ir/ops.js';
import { sizeOf } from '../ir/program.js';
import { relaxedBounds, type RelaxedBounds, type Step } from './relaxation.js';

/** What relaxation knows of an IR op beside its intervals. */
interface Form<Attrs> {
  affine?(attrs: Attrs, sizes: readonly number[]): NonNullable<Step['affine']>;
  lines?(attrs: Attrs, x: Box): Lines;
}

const forms: { readonly [K in IrOpName]: Form<IrAttrs[K]> } = {
  input: {},
  linear: { affine: (attrs) => attrs },
  gather: { affine: ({ index, fill }, sizes) => gatherAffine(sizes, index, fill) },
  requantise: { lines: requantiseLines },
  positive: { lines: (_attrs, x) => linesOf(x, (l, u) => clampLines(l, u, 0, Infinity)) },
  compare: {},
  maxWindows: { lines: ({ start, index }, x) => maximaLines(start, index, x) },
  bilinear: {},
  table: { lines: tableLines },
  divide: {},
  squareRoot: {},
  argmax: {},
};

/** Boxes of whole numbers, by IR node, for every input in its domain; `work`: see `LAYER_WORK`. */
export function integerBounds(ir: IrGraph, work?: number): RelaxedBounds {
  const sizes = new Map(ir.nodes.map((node) => [node.name, sizeOf(node)]));
  return relaxedBounds(
    ir.nodes.map((node) => stepOf(node, sizes)),
    work,
  );
}

function stepOf(node: IrNode, sizes: ReadonlyMap<string, number>): Step {
  const { name, inputs } = node;
  const size = sizeOf(node);
  const form = forms[node.op] as Form<IrNode['attrs']>;
  const interval = (boxes: readonly Box[]): Box => {
    // One fact a tensor: that a product is a square, an op sees by its operands being one object.
    const facts = new Map(boxes.map((box) => [box, { size: box.lo.length, ...wholeBox(box) }]));
    const read = boxes.map((box) => facts.get(box)!);
    return opOf(node).infer(node.attrs, read, size);
  };
  return {
    name,
    inputs,
    size,
    interval,
    affine: form.affine?.(
      node.attrs,
      inputs.map((input) => sizes.get(input)!),
    ),
    lines: (x) => form.lines?.(node.attrs, wholeBox(x)),
  };
}

/** The whole numbers in a box. */
function wholeBox({ lo, hi }: Box): Box {
  return { lo: lo.map(Math.ceil), hi: hi.map(Math.floor) };
}

function linesOf(x: Box, of: (l: number, u: number) => { readonly low: Line; readonly high: Line }): Lines {
  const lines = emptyLines(x.lo.length);
  for (let i = 0; i < x.lo.length; i++) {
    const { low, high } = of(x.lo[i]!, x.hi[i]!);
    setLines(lines, i, low, high);
  }
  return lines;
}

/** clamp(floor(x/2^s + 1/2)) differs from clamp(x/2^s) by at most 1/2, and not at all where the clamp has the ends of the range. */
function requantiseLines({ shift, lo, bits }: IrAttrs['requantise'], x: Box): Lines {
  const unit = 2 ** -shift;
  const half = shift === 0 ? 0 : 0.5;
  return linesOf(x, (l, u) => {
    const { low, high } = clampLines(l * unit, u * unit, lo, lo + 2 ** bits - 1);
    const scaled = ([slope, offset]: Line, off: number): Line => [slope * unit, slope === 0 ? offset : offset + off];
    return { low: scaled(low, -half), high: scaled(high, half) };
  });
}

/** Two lines of the chord's slope around the rows that the argument may take. */
function tableLines({ lo, values }: IrAttrs['table'], x: Box): Lines {
  return linesOf(x, (l, u) => {
    const slope = u > l ? (values[u - lo]! - values[l - lo]!) / (u - l) : 0;
    let [least, most] = [Infinity, -Infinity];
    for (let at = l; at <= u; at++) {
      const rest = values[at - lo]! - slope * at;
      least = Math.min(least, rest);
      most = Math.max(most, rest);
    }
    return { low: [slope, least], high: [slope, most] };
  });
}

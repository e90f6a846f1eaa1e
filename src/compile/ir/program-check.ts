/**
 * Whether a program that was read from bytes is one: names, sizes, indices. What compile makes is by construction (`verifyIr`); a file may be a stranger's, and
 * an index out of range would be a NaN in the interpreter.
 */
import { CodecFault } from '../../base/codec.js';
import type { LinearMap } from '../real/linear-map.js';
import { sizesOf } from '../real/map-structure.js';
import type { IrAttrs, IrGraph, IrNode, IrOpName } from './graph.js';
import { sizeOf } from './program.js';

/** Elements of one tensor, as far as the interpreter allocates. */
export const MAX_ELEMENTS = 2 ** 26;
/** Of all tensors together. */
const MAX_TOTAL = 2 ** 28;

/** Throws CodecFault. */
export function checkProgram({ nodes, inputs, outputs }: IrGraph): void {
  const sizes = new Map<string, number>();
  let total = 0;
  for (const node of nodes) {
    const size = sizeOf(node);
    total += size;
    demand(size <= MAX_ELEMENTS && total <= MAX_TOTAL, node, `tensors of ${size} and more elements`);
    demand(!sizes.has(node.name), node, 'is defined twice');
    const read = node.inputs.map((name) => {
      const found = sizes.get(name);
      demand(found !== undefined, node, 'reads what is not before it');
      return found!;
    });
    (CHECKS[node.op] as Check<IrOpName>)(node.attrs, read, size, node);
    sizes.set(node.name, size);
  }
  const ops = new Map(nodes.map(({ name, op }) => [name, op]));
  const declared = nodes.filter(({ op }) => op === 'input').map(({ name }) => name);
  const isListed = new Set(inputs).size === inputs.length && inputs.length === declared.length;
  if (!isListed || !inputs.every((name) => ops.get(name) === 'input')) throw malformed('inputs are listed once each');
  if (!outputs.every(({ node }) => ops.has(node))) throw malformed('an output is no tensor');
}

type Check<K extends IrOpName> = (attrs: IrAttrs[K], inputs: readonly number[], size: number, node: IrNode) => void;

const sameSize: Check<IrOpName> = (_attrs, inputs, size, node) => {
  demand(inputs.length === 1 && inputs[0] === size, node, 'reads one tensor of its own size');
};

const CHECKS: { readonly [K in IrOpName]: Check<K> } = {
  input({ lo, hi }, inputs, _size, node) {
    demand(inputs.length === 0 && lo <= hi, node, 'is a domain');
  },
  linear({ maps, bias }, inputs, size, node) {
    demand(
      maps.length === inputs.length && bias.length === size,
      node,
      'has a map for each input, a bias for each row',
    );
    maps.forEach((map, s) => {
      checkMap(map, inputs[s]!, size, node);
    });
  },
  gather({ index }, inputs, size, node) {
    const total = inputs.reduce((sum, count) => sum + count, 0);
    demand(index.length === size && index.every((i) => i >= -1 && i < total), node, 'reads elements of its inputs');
  },
  requantise({ bits }, inputs, size, node) {
    demand(bits >= 1, node, 'has a range');
    sameSize({}, inputs, size, node);
  },
  positive: sameSize,
  compare: sameSize,
  squareRoot: sameSize,
  maxWindows({ start, index }, inputs, size, node) {
    demand(inputs.length === 1 && index.every((i) => i < inputs[0]!), node, 'reads elements of its input');
    demand(isPartition(start, size, index.length), node, 'has a window for each element');
    demand(
      start.every((from, w) => w === size || from < start[w + 1]!),
      node,
      'has no empty window',
    );
  },
  bilinear({ start, left, right, shape }, inputs, size, node) {
    const [a, b] = inputs;
    demand(inputs.length === 2 && left.length === right.length, node, 'multiplies two tensors');
    demand(isPartition(start, size, left.length), node, 'has a sum for each element');
    demand(left.every((i) => i < a!) && right.every((i) => i < b!), node, 'reads elements of its inputs');
    if (shape === undefined) return;
    const { batch, m, k, n } = shape;
    demand(batch * m * n === size, node, 'has the size of its matrices');
    const isShaped =
      start.every((from, i) => from === i * k) &&
      left.every((i, e) => i === left[e - (Math.floor(e / k) % n) * k]) &&
      right.every((i, e) => i === right[e - (Math.floor(e / (k * n)) % m) * k * n]);
    demand(isShaped, node, 'is the product of matrices that it says');
  },
  table({ values }, inputs, size, node) {
    demand(values.length >= 1, node, 'has rows');
    sameSize({}, inputs, size, node);
  },
  divide(_attrs, inputs, size, node) {
    demand(inputs.length === 2 && inputs.every((count) => count === size), node, 'divides tensors of its size');
  },
  argmax({ groups }, inputs, size, node) {
    const reach = (groups.size - 1) * groups.stride;
    demand(inputs.length === 1 && groups.size >= 1 && groups.base.length === size, node, 'has a group an element');
    demand(
      groups.base.every((base) => base + reach < inputs[0]!),
      node,
      'reads elements of its input',
    );
  },
};

function checkMap(map: LinearMap, inSize: number, size: number, node: IrNode): void {
  if (map.structure !== undefined) {
    // Of axes that are valid: every tap that is read is within.
    const sizes = sizesOf(map.structure);
    demand(sizes.in === inSize && sizes.out === size, node, 'has a map of the sizes of its input and itself');
    return;
  }
  const { rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  const patterns = patStart.length - 1;
  demand(map.inSize === inSize, node, 'has a map of the width of its input');
  demand(rowPattern.length === size && rowBase.length === size, node, 'has a row an element');
  demand(patterns >= 0 && isPartition(patStart, patterns, patOffset.length), node, 'has patterns one after another');
  demand(patCoef.length === patOffset.length, node, 'has a coefficient an offset');
  const ends = Array.from({ length: patterns }, (_, p) => {
    let [least, most] = [Infinity, -Infinity];
    for (let e = patStart[p]!; e < patStart[p + 1]!; e++) {
      least = Math.min(least, patOffset[e]!);
      most = Math.max(most, patOffset[e]!);
    }
    return { least, most };
  });
  const isWithin = rowPattern.every((p, row) => {
    const span = ends[p];
    return span !== undefined && rowBase[row]! + span.least >= 0 && rowBase[row]! + span.most < inSize;
  });
  demand(isWithin, node, 'reads elements of its input');
}

/** Whether `start` cuts [0, end) into `parts`. */
function isPartition(start: Uint32Array, parts: number, end: number): boolean {
  const rises = start.every((from, i) => i === 0 || from >= start[i - 1]!);
  return start.length === parts + 1 && start[0] === 0 && start[parts] === end && rises;
}

function demand(isSo: boolean, { name, op }: IrNode, rule: string): void {
  if (!isSo) throw malformed(`${op} ${JSON.stringify(name.slice(0, 60))} ${rule}`);
}

function malformed(rule: string): CodecFault {
  return new CodecFault(`the program breaks a rule: ${rule}`, 0);
}

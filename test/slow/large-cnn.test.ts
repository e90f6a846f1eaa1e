/** VGG-16 and ResNet-18, a thirty-second as wide, through protocol `clear`: structure reaches the program's file, and what is lowered from that is the same. */
import { expect, it } from 'vitest';
import { makeCnn, type CnnName } from '../../scripts/make-cnn.js';
import { lowerToRelation } from '../../src/compile/clear/lower.js';
import { compileInside } from '../../src/compile/compile.js';
import { Interpreter } from '../../src/compile/ir/program.js';
import { readProgram } from '../../src/compile/ir/program-bytes.js';
import { lehmer } from '../../src/compile/bounds/random.js';
import { relationBytes } from '../../src/verify/clear/relation-bytes.js';

const random = lehmer(7);
const picture = () => new Map([['input', Float64Array.from({ length: 3 * 32 * 32 }, random)]]);

it.each<[CnnName, boolean]>([
  ['vgg16', false],
  ['resnet18', false],
  ['resnet18', true],
])('%s, batch norm %s', async (name, batchNorm) => {
  const samples = [picture(), picture()];
  const model = makeCnn(name, { width: 1 / 32, batchNorm });
  const { product, schema, quantised } = await compileInside(model, {
    protocol: 'clear',
    samples,
    bits: 10,
    tolerance: 1,
  });
  const { ir } = readProgram(product.program);
  const maps = ir.nodes.flatMap((node) => (node.op === 'linear' ? node.attrs.maps : []));
  expect(maps.length).toBeGreaterThan(12);
  for (const map of maps) expect(map.structure).toBeDefined();
  const relations = [quantised.ir, ir].map((each) => relationBytes(lowerToRelation(each, schema).relation));
  expect(relations[0]).toEqual(relations[1]);
  const inputs = new Map([
    [ir.inputs[0]!, Float64Array.from({ length: 3 * 32 * 32 }, () => Math.floor(256 * random()))],
  ]);
  const outputs = [quantised.ir, ir].map((each) => new Interpreter(each).run(inputs).get(each.outputs[0]!.node));
  expect(outputs[0]).toEqual(outputs[1]);
});

/** All 10,000 MNIST test images through the integer programs of three networks: top-1 accuracy against onnxruntime's. */
import { describe, expect, it } from 'vitest';
import { mnistImages, mnistLabels, modelCases, modelPath, pixelScale } from '../../bench/models.js';
import { encodeInputs } from '../../src/compile/real/input-grid.js';
import { compileInside } from '../../src/compile/compile.js';
import { Interpreter } from '../../src/compile/ir/program.js';
import { openReference } from '../../src/reference/onnxruntime.js';

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((best, v, i, all) => (v > all[best]! ? i : best), 0);

describe('MNIST test set', () => {
  it.each(['mnist-12', 'lenet-zkmlbench', 'mnist-burn-cnn'] as const)('%s', async (name) => {
    const model = modelCases.find((candidate) => candidate.name === name)!;
    const { quantised, domains, manifest } = await compileInside(modelPath(name), await model.options());
    const interpreter = new Interpreter(quantised.ir);
    const runtime = await openReference(modelPath(name), [{ name: model.input, dims: model.dims, dtype: 'float32' }]);
    const output = manifest.schema.outputs[0]!.name;
    const irOutput = quantised.ir.outputs[0]!.node;
    const labels = await mnistLabels();
    const images = await mnistImages(0, 10_000, pixelScale[name]);
    let [integer, float] = [0, 0];
    const from = performance.now();
    for (let i = 0; i < images.length; i++) {
      const values = interpreter.run(encodeInputs(new Map([[model.input, images[i]!]]), domains));
      if (largest(values.get(irOutput)!) === labels[i]) integer++;
    }
    const seconds = (performance.now() - from) / 1000;
    for (let i = 0; i < images.length; i++) {
      const values = await runtime!.run(new Map([[model.input, images[i]!.map(Math.fround)]]));
      if (largest(values.get(output)!.values) === labels[i]) float++;
    }
    await runtime!.close();
    process.stderr.write(
      `${name}: integer ${(integer / 100).toFixed(2)} %, onnxruntime ${(float / 100).toFixed(2)} %, 10,000 images in ${seconds.toFixed(0)} s\n`,
    );
    expect(Math.abs(integer - float)).toBeLessThanOrEqual(10);
  });
});

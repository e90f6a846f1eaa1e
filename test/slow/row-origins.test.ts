/** No row of a fixture model is without origin: the models that take long. The small ones are in the unit tier. */
import { describe, it } from 'vitest';
import { modelCases, modelPath } from '../../bench/models.js';
import { compile } from '../../src/compile/compile.js';
import { expectOrigins } from '../unit/expect-origins.js';

const large = ['mnist-12', 'mnist-8', 'mnist-burn-cnn', 'cifar-cnn-deepprove'];
const cases = modelCases.filter(({ name }) => large.includes(name));

describe('rows of models', () => {
  it.each(cases.flatMap(({ name }) => [[name, 'mirage'] as const, [name, 'groth16'] as const]))(
    '%s, %s',
    async (name, protocol) => {
      const options = await cases.find((model) => model.name === name)!.options();
      const { circuit } = await compile(modelPath(name), { ...options, protocol });
      expectOrigins(circuit);
    },
    600_000,
  );
});

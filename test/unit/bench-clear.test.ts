/** What `npm run bench:clear` measures and prints, without measuring. */
import { describe, expect, it } from 'vitest';
import { clearCases } from '../../bench/clear-cases.js';
import { COLUMNS } from '../../bench/clear-columns.js';
import { measure, type Measurement } from '../../bench/clear-measure.js';
import { modelCases } from '../../bench/models.js';
import { ZkonnxError } from '../../src/base/errors.js';

const measured: Measurement = {
  name: 'some',
  protocol: 'clear',
  figures: { cells: 1234, lookups: 56, tableRows: 7, weights: 8 },
  ms: { compile: 1, setup: 20, first: 300, warm: [30, 10, 20], cold: [400, 500], verify: [5] },
  proofBytes: 2048,
  peakBytes: 2 ** 25,
};

describe('bench:clear', () => {
  it('covers every model of the fixtures and the perceptron, and nothing large unless it is asked for', async () => {
    const cases = await clearCases();
    const usual = cases.filter(({ isLarge }) => !isLarge).map(({ name }) => name);
    expect(usual).toEqual([...modelCases.map(({ name }) => name), 'mlp-784-2000-60-4000-10']);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it('prints what was measured by each column, and nothing for what was not', () => {
    const row = COLUMNS.map(({ title, of }) => [title, of({ clear: measured })]);
    expect(row).toContainEqual(['cells', '1,234']);
    expect(row).toContainEqual(['lookups + rows', '56 + 7']);
    expect(row).toContainEqual(['proof, warm', '20.0 (10.0–30.0) ms']);
    expect(row).toContainEqual(['proof', '2 KiB']);
    expect(row).toContainEqual(['peak', '32 MiB']);
    expect(row.filter(([, text]) => text === '').length).toBe(7);
    const beside = COLUMNS.map(({ of }) =>
      of({ clear: { name: 'some', protocol: 'clear' }, mirage: { ...measured, figures: { constraints: 99 } } }),
    );
    expect(beside.filter((text) => text !== '')).toEqual([
      '99',
      '20.0 ms',
      '20.0 (10.0–30.0) ms',
      '450 (400–500) ms',
      '32 MiB',
      '5.00 ms',
    ]);
  });

  it('takes a refusal for a result, with its reason, and any other failure for what it is', async () => {
    const failing = (error: Error) => ({ name: 'bad', isLarge: false, load: () => Promise.reject(error) });
    const options = { folder: '/tmp', threads: 1, proofs: 1, log: () => undefined };
    const refusal = new ZkonnxError('CIRCUIT_TOO_LARGE', 'too large', { got: '9', where: 'conv' });
    expect(await measure(failing(refusal), 'clear', options)).toEqual({
      name: 'bad',
      protocol: 'clear',
      refused: 'CIRCUIT_TOO_LARGE: too large (9, conv)',
    });
    await expect(measure(failing(new Error('broken')), 'clear', options)).rejects.toThrow('broken');
  });
});

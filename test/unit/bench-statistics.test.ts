/** What the bench prints is what it measured: medians, ratios within pairs, units. Nothing here is timed. */
import { describe, expect, it } from 'vitest';
import { perOperation, type Section } from '../../bench/harness.js';
import { parseOptions } from '../../bench/options.js';
import { digits, duration, markdownSection, markdownTable, plainSection, withoutTargets } from '../../bench/report.js';
import { median, pairRatios, spread } from '../../bench/statistics.js';

describe('statistics', () => {
  it('the median is the middle, or the mean of the two in the middle, by number and not by text', () => {
    expect(median([9])).toBe(9);
    expect(median([100, 9, 20])).toBe(20);
    expect(median([4, 1, 100, 2])).toBe(3);
    expect(() => median([])).toThrow(RangeError);
  });

  it('leaves its input as it is', () => {
    const values = [3, 1, 2];
    expect(spread(values)).toEqual({ median: 2, least: 1, most: 3 });
    expect(values).toEqual([3, 1, 2]);
  });

  it('takes ratios within pairs: a machine that slows down for one pair does not show', () => {
    const steady = { ours: [10, 10, 10], peer: [40, 40, 40] };
    const busy = { ours: [10, 30, 10], peer: [40, 120, 40] };
    expect(pairRatios(busy)).toEqual(pairRatios(steady));
    expect(median(pairRatios({ ours: [1, 2, 10], peer: [4, 6, 20] }))).toBe(3);
  });

  it('refuses half pairs', () => {
    expect(() => pairRatios({ ours: [1, 2], peer: [1] })).toThrow(RangeError);
  });

  it('divides batches by their operations', () => {
    expect(perOperation([10, 20], 1000)).toEqual([0.01, 0.02]);
  });
});

describe('report', () => {
  it.each([
    [[27.4e-6], '27.4 ns'],
    [[0.5, 0.4, 0.9], '500 (400–900) µs'],
    [[1, 2, 3], '2.00 (1.00–3.00) ms'],
    [[999.4], '999 ms'],
    [[1000, 61_000, 5000], '5.00 (1.00–61.0) s'],
  ])('duration(%j) is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    [0, '0'],
    [0.0123, '0.0123'],
    [1.234, '1.23'],
    [45.67, '45.7'],
    [123.4, '123'],
  ])('digits(%d) is %s', (value, text) => {
    expect(digits(value)).toBe(text);
  });

  it('leaves out columns in which no row has anything', () => {
    expect(
      markdownTable(
        ['a', 'b', 'c'],
        [
          ['1', '', '3'],
          ['', '', '4'],
        ],
      ),
    ).toBe('| a | c |\n| --- | --- |\n| 1 | 3 |\n|  | 4 |');
  });

  const section: Section = {
    title: 'Sums',
    notes: ['What is summed.'],
    comparisons: [
      {
        name: 'G1',
        ours: { who: 'zkonnx', ms: [2, 4, 3], peakBytes: [2 ** 20, 3 * 2 ** 20, 2 * 2 ** 20] },
        peer: { who: 'other', ms: [20, 20, 36] },
        target: 4,
      },
    ],
  };

  it('prints both medians, and the median and spread of the ratios of pairs', () => {
    expect(markdownSection(section).split('\n')).toEqual([
      '## Sums',
      '',
      '- What is summed.',
      '',
      "|  | ours | peer | peer's time | ratio | asked | runs | our peak |",
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      '| G1 | 3.00 (2.00–4.00) ms | other | 20.0 (20.0–36.0) ms | 10.0 (5.00–12.0) × | ≥ 4 × | 3 | 2 MiB |',
    ]);
  });

  it('measurements of ours alone have no ratio', () => {
    const alone = { ...section, comparisons: [{ name: 'setup', ours: { who: 'zkonnx', ms: [1500] } }] };
    expect(markdownSection(alone)).toContain('|  | ours | runs |\n| --- | --- | --- |\n| setup | 1.50 s | 1 |');
    const limited = { ...alone, comparisons: [{ ...alone.comparisons[0]!, limitMs: 30_000 }] };
    expect(markdownSection(limited)).toContain('| setup | 1.50 s | < 30 s | 1 |');
    expect(withoutTargets(limited)).toEqual(alone);
    const small = { ...alone, comparisons: [{ ...alone.comparisons[0]!, limitMs: 800, limitBytes: 400e6 }] };
    expect(markdownSection(small)).toContain('| setup | 1.50 s | < 800 ms, < 381 MiB | 1 |');
    expect(withoutTargets(small)).toEqual(alone);
    const tiny = { ...alone, comparisons: [{ ...alone.comparisons[0]!, limitMs: 2.76e-6 }] };
    expect(markdownSection(tiny)).toContain('| setup | 1.50 s | < 2.76 ns | 1 |');
    expect(plainSection(alone)).toEqual(alone);
  });

  it('a rate that was reckoned with stands beside the least run, ours and the peer’s', () => {
    const design = { ms: 1.6, slack: 1.2 };
    const rate = { ...section, comparisons: [{ ...section.comparisons[0]!, design, target: 1 / 1.2 }] };
    const text = markdownSection(rate);
    expect(text).toContain('| design | our least of it | of the peer’s least | asked |');
    expect(text).toContain('| 1.60 ms | 1.25 × | 0.10 × | ≥ 0.83 ×, ≤ 1.2 × design |');
    expect(markdownSection(withoutTargets(rate))).not.toContain('design');
  });

  it('what is counted has a table of its own', () => {
    const counted = { ...section, comparisons: [], facts: { columns: ['', 'rows'], rows: [['iris', '618']] } };
    expect(markdownSection(counted)).toBe('## Sums\n\n- What is summed.\n\n|  | rows |\n| --- | --- |\n| iris | 618 |');
    expect(plainSection(counted)).toEqual(counted);
  });

  it('JSON has every time and every ratio; a quick run asks for nothing', () => {
    const { comparisons } = JSON.parse(JSON.stringify(plainSection(section))) as Section;
    expect(comparisons).toEqual([
      { ...section.comparisons[0], ratios: [10, 5, 12], ratio: { median: 10, least: 5, most: 12 } },
    ]);
    expect(withoutTargets(section).comparisons[0]).not.toHaveProperty('target');
  });
});

describe('command line', () => {
  it('runs all parts, or those named, in their order', () => {
    expect(parseOptions([])).toEqual({
      parts: ['kernels', 'clear', 'verify', 'prover', 'cold', 'setup', 'protocols'],
      quick: false,
      json: undefined,
    });
    expect(parseOptions(['setup', 'kernels', '--quick', '--json', 'x.json'])).toEqual({
      parts: ['kernels', 'setup'],
      quick: true,
      json: 'x.json',
    });
  });

  it.each([[['kernel']], [['--fast']], [['--json']]])('refuses %j', (argv) => {
    expect(() => parseOptions(argv)).toThrow();
  });
});

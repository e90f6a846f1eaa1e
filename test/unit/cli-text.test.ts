import { describe, expect, it } from 'vitest';
import { collectDomain, collectShape, parsePart } from '../../src/cli/options.js';
import { startProgress } from '../../src/cli/progress.js';
import { Session } from '../../src/cli/session.js';
import { layerTable, printable, real, table, tensor, timings } from '../../src/cli/text.js';

describe('text', () => {
  it('shows what would act on the terminal', () => {
    expect(printable('a\u001b[31mb\r\u202ec\n\td')).toBe('a\\u001b[31mb\\u000d\\u202ec\n\td');
  });

  it('tables align text to the left and numbers to the right, one line a row', () => {
    expect(
      table([
        ['a', 1],
        ['bb\nc', 200],
      ]),
    ).toBe('  a       1\n  bb c  200');
  });

  it('layers that cost nothing take one line together', () => {
    const layers = [
      { name: 'conv', op: 'Conv', constraints: 0 },
      { name: 'relu', op: 'Relu', constraints: 30 },
      { name: 'flat', op: 'Flatten', constraints: 0 },
    ];
    expect(layerTable(layers)).toBe('  relu      Relu  30  100 %\n  (2 more)         0');
  });

  it('numbers have six digits, long tensors an ellipsis', () => {
    expect([0.1 + 0.2, 1e-9, -0, 123456789].map(real)).toEqual(['0.3', '1e-9', '0', '123457000']);
    const data = Array.from({ length: 784 }, () => 0);
    expect(tensor('x', { dims: [1, 784], data })).toMatch(/^x \[1, 784\]: (0, ){15}0, … \(784 values\)$/);
    expect(timings({ load: 12.3, prove: 2345, total: 2360 })).toBe('2.36 s (load 12 ms, prove 2.35 s)');
  });
});

describe('flags', () => {
  it('domains', () => {
    const domains = collectDomain('a=b=-1e-3..+2', collectDomain('0..255'));
    expect([...domains]).toEqual([
      ['', { lo: 0, hi: 255 }],
      ['a=b', { lo: -0.001, hi: 2 }],
    ]);
  });

  it('shapes, scalars too', () => {
    expect([...collectShape('n=', collectShape('x:0=1,28'))]).toEqual([
      ['x:0', [1, 28]],
      ['n', []],
    ]);
  });

  it('tolerances', () => {
    expect([parsePart('0.02'), parsePart('2%'), parsePart('1')]).toEqual([0.02, 0.02, 1]);
  });
});

describe('progress', () => {
  const run = async (argv: readonly string[], isTTY: boolean) => {
    let stderr = '';
    const sink = { write: (text: string) => void (stderr += text) };
    const session = new Session(argv, { stdout: sink, stderr: { ...sink, isTTY } });
    const progress = await startProgress(session, 'setup');
    for (const fraction of [0, 0.5, 1]) progress.update({ phase: fraction === 0 ? 'evaluate' : 'points', fraction });
    progress.stop();
    progress.stop();
    return stderr;
  };

  it('is a line a phase in a log', async () => {
    expect(await run([], false)).toBe('setup: evaluate\nsetup: points\n');
  });

  it('is silent with --quiet', async () => {
    expect(await run(['--quiet'], false)).toBe('');
    expect(await run(['--quiet'], true)).toBe('');
  });
});

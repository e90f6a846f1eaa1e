import { describe, expect, it } from 'vitest';
import { ZkonnxError } from '../../src/base/errors.js';
import { collectDomain, collectShape, parsePart } from '../../src/cli/options.js';
import { startProgress } from '../../src/cli/progress.js';
import { Session } from '../../src/cli/session.js';
import { oneLine, printable } from '../../src/base/printable.js';
import { layerTable, real, section, table, tensor, timings } from '../../src/cli/text.js';

describe('text', () => {
  it('shows what would act on the terminal', () => {
    expect(printable('a\u001b[31mb\r\u202ec\n\td')).toBe('a\\u001b[31mb\\u000d\\u202ec\n\td');
    expect(oneLine('VALID\nVALID\t\u009b1m\u007f\u2028\u061c')).toBe(
      'VALID\\u000aVALID\\u0009\\u009b1m\\u007f\\u2028\\u061c',
    );
    expect(section('Notes', ['a\nb'])).toBe('\n\nNotes\n  a\\u000ab');
    expect(oneLine('Grüße, 猫, 🐈\u200d⬛')).toBe('Grüße, 猫, 🐈\u200d⬛');
  });

  it('an error has a line a fact, whatever names it holds, and true values beside it', () => {
    const error = new ZkonnxError('USAGE', 'input a\nVALID', { got: '\u001b[2J', where: 'x\u202ey', help: 'a\tb' });
    expect(error.message.split('\n')).toEqual([
      'input a\\u000aVALID [USAGE]',
      '  got: \\u001b[2J',
      '  where: x\\u202ey',
      'help: a\\u0009b',
    ]);
    expect(error).toMatchObject({ shortMessage: 'input a\nVALID', details: { got: '\u001b[2J' } });
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

  it('numbers have six digits, integers all of theirs, long tensors an ellipsis', () => {
    expect([0.1 + 0.2, 1e-9, -0, 123456789, 1234.56789].map(real)).toEqual([
      '0.3',
      '1e-9',
      '0',
      '123456789',
      '1234.57',
    ]);
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

import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/run-cli.js';
import { Session } from '../../src/cli/session.js';
import { VERSION } from '../../src/base/version.js';
import { expectError, zkonnx, zkonnxJson } from './cli-harness.js';

const COMMANDS = ['compile', 'setup', 'prove', 'verify', 'run', 'inspect', 'export', 'doctor', 'prove-wtns'];

describe('usage errors: exit 2, one JSON document with --json', () => {
  it.each([
    ['no command', []],
    ['an unknown command', ['prowe']],
    ['an unknown flag', ['inspect', 'a', '--josn']],
    ['an argument missing', ['inspect']],
    ['an argument more', ['inspect', 'a', 'b']],
    ['a required flag missing', ['verify', 'proof.json']],
    ['a value missing', ['verify', 'proof.json', '--key']],
    ['a value that is none of the choices', ['compile', 'm.onnx', '-o', 'a', '--overflow', 'wrap']],
    ['an export of no known form', ['export', 'cairo', 'a', '-o', 'b']],
  ])('%s', async (_, args) => {
    const people = await zkonnx(args);
    expect(people).toMatchObject({ code: 2, stdout: '' });
    expect(people.stderr).not.toBe('');
    const programs = await zkonnx([...args, '--json']);
    expect(programs).toMatchObject({ code: 2, stderr: '' });
    const { error } = JSON.parse(programs.stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe('USAGE');
    expect(error.message.length).toBeGreaterThan(5);
  });

  it.each([
    [['compile', 'm.onnx', '-o', 'a', '--domain', '1..-1']],
    [['compile', 'm.onnx', '-o', 'a', '--domain', '0..1..2']],
    [['compile', 'm.onnx', '-o', 'a', '--domain', '0..']],
    [['compile', 'm.onnx', '-o', 'a', '--domain', '0..1', '--domain', '0..2']],
    [['compile', 'm.onnx', '-o', 'a', '--domain', 'x=0..Infinity']],
    [['compile', 'm.onnx', '-o', 'a', '--tolerance', '0']],
    [['compile', 'm.onnx', '-o', 'a', '--tolerance', '200%']],
    [['compile', 'm.onnx', '-o', 'a', '--bits', '8.5']],
    [['compile', 'm.onnx', '-o', 'a', '--bits', '64']],
    [['compile', 'm.onnx', '-o', 'a', '--input-shape', '1,28,28']],
    [['compile', 'm.onnx', '-o', 'a', '--input-shape', 'x=1,-1']],
    [['prove', 'a', '--in', 'x', '-o', 'p.json', '--threads', '0']],
    [['prove-wtns', 'k.zkey', 'w.wtns', '-o', 'p.json', '--threads', '1.5']],
    [['prove-wtns', 'k.zkey', 'w.wtns', '-o', 'p.json', '--max-memory', '4 bananas']],
    [['prove-wtns', 'k.zkey', 'w.wtns', '-o', 'p.json', '--max-memory', '0']],
    [['prove-wtns', 'k.zkey', 'w.wtns', '-o', 'p.json', '--max-memory', '-1g']],
    [['prove-wtns', 'k.zkey', 'w.wtns', '-o', 'p.json', '--max-memory', '99999999999g']],
    [['prove-wtns', 'k.zkey', 'w.wtns', '-o', 'dir/public.json']],
    [['prove-wtns', 'k.zkey', 'w.wtns', '-o', 'p.json', '--public', './p.json']],
    [['setup', 'a', '--dev', '--threads', 'many']],
  ])('%j', async (args) => {
    const error = await expectError(args, 'USAGE');
    expect(error['expected']).toBeTypeOf('string');
  });

  it('setup without --dev says why and how', async () => {
    const error = await expectError(['setup', 'test/fixtures/artifacts/v2/mirage'], 'USAGE');
    expect(error['help']).toContain('ceremony');
    expect(error['expected']).toContain('--dev');
  });
});

describe('help', () => {
  it('the version', async () => {
    expect(await zkonnx(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });

  it.each([['--help'], ['help']])('%s lists the commands and the exit codes', async (flag) => {
    const { code, stdout, stderr } = await zkonnx([flag]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of COMMANDS) expect(stdout).toContain(`\n  ${command} `);
    expect(stdout).toContain('Exit codes');
  });

  it.each(COMMANDS)('%s --help shows flags, global flags and examples', async (command) => {
    const { code, stdout } = await zkonnx([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('--json');
    expect(stdout).toContain('Examples:');
  });

  it('every example in help texts and in docs/cli.md is a command line that parses', async () => {
    const session = new Session([], SILENT);
    const documented = await readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8');
    const lines = [...documented.matchAll(/^zkonnx (.*?)(?: +#.*)?$/gm)].map(([, line]) => line!);
    expect(lines.length).toBeGreaterThan(15);
    for (const command of ['', ...COMMANDS]) {
      const { stdout } = await zkonnx(command === '' ? ['--help'] : [command, '--help']);
      lines.push(...[...stdout.matchAll(/^ {2}\$ zkonnx (.*)$/gm)].map(([, line]) => line!));
    }
    expect(lines.length).toBeGreaterThan(40);
    for (const line of lines) {
      let parsed = 0;
      const program = buildProgram(session, SILENT);
      onLeaves(program, (leaf) => leaf.action(() => void parsed++));
      await program.parseAsync(line.split(' '), { from: 'user' });
      expect({ line, parsed }).toEqual({ line, parsed: 1 });
    }
  });
});

const SILENT = { stdout: { write: () => true }, stderr: { write: () => true } };

function onLeaves(command: Command, visit: (leaf: Command) => void): void {
  if (command.commands.length === 0) visit(command);
  for (const child of command.commands) onLeaves(child, visit);
}

describe('our own bugs', () => {
  it('exit 3 with a stack, and INTERNAL in JSON', () => {
    let stdout = '';
    let stderr = '';
    const io = {
      stdout: { write: (t: string) => void (stdout += t) },
      stderr: { write: (t: string) => void (stderr += t) },
    };
    const session = new Session(['--json'], io);
    session.fail(new TypeError('cannot read properties of undefined'));
    expect(session.exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'INTERNAL', got: 'TypeError: cannot read properties of undefined' },
    });
    expect(stderr).toMatch(/\n\s+at .*cli-usage/);
  });
});

describe('global flags', () => {
  it('hold before and after the command', async () => {
    const after = await zkonnxJson(['inspect', 'nowhere']);
    const before = await zkonnx(['--json', 'inspect', 'nowhere']);
    expect(JSON.parse(before.stdout)).toEqual(after.json);
  });
});

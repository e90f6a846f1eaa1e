/**
 * One run of the command line: where results, logs and errors go. Results are on stdout, progress and logs on stderr; with --json stdout holds
 * exactly one JSON document, whether the command succeeds, refuses or fails.
 */
import { CommanderError } from 'commander';
import { ZkonnxError } from '../base/errors.js';
import { isOutOfFiles, OPEN_FILES_HELP } from '../formats/open-files.js';
import { usage } from './options.js';
import { oneLine, printable } from '../base/printable.js';

/** What a stream must do to be written to; process.stdout and process.stderr do. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface CliIo {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Asked for by whoever is given `-` for a file. */
  readonly stdin?: () => AsyncIterable<Uint8Array>;
  /**
   * Asked for only by commands that can stop halfway and clean up; the signal fires at Ctrl-C. Elsewhere Ctrl-C ends the process
   * as it always does, which leaves nothing behind either: outputs are renamed into place when they are whole.
   */
  readonly interrupt?: () => AbortSignal;
  /** Waits until stdout has taken what was written to it, and gives what it failed with, if that is more than a reader that has gone. */
  readonly flush?: () => Promise<Error | undefined>;
}

/** 0 done or valid, 1 proof refused, 2 unusable input or usage, 3 our bug, 130 stopped by Ctrl-C. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** What a command found out: as JSON for programs, as text for people. */
export interface Outcome {
  /** What the command is run for; `report` where this is left out. A report that nobody could be given is then an error. */
  readonly product?: 'files' | 'report';
  readonly json: object;
  readonly text: string;
  readonly exitCode?: ExitCode;
}

export class Session {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly stderr: Sink;
  exitCode: ExitCode = 0;
  readonly #io: CliIo;
  #product: NonNullable<Outcome['product']> = 'report';
  #reports: Sink;
  #signal: AbortSignal | undefined;
  #stdin: { readonly what: string; readonly content: Promise<Buffer> } | undefined;

  constructor(argv: readonly string[], io: CliIo) {
    const end = argv.indexOf('--');
    const flags = new Set(end === -1 ? argv : argv.slice(0, end));
    // Read before commander parses, so that its own usage errors come in the asked form.
    this.json = flags.has('--json');
    this.quiet = flags.has('--quiet');
    this.stderr = io.stderr;
    this.#io = io;
    this.#reports = io.stdout;
  }

  /** Fires at Ctrl-C. From the first use on, Ctrl-C no longer ends the process by itself. */
  get signal(): AbortSignal {
    this.#signal ??= this.#io.interrupt?.() ?? new AbortController().signal;
    return this.#signal;
  }

  /**
   * Standard input, whole: for one purpose, `what`, for which it may be asked for again. Throws USAGE for a second one, FILE_TOO_LARGE,
   * FILE_UNREADABLE.
   */
  readStdin(what: string, maxBytes: number): Promise<Buffer> {
    this.#stdin ??= { what, content: readWhole(this.#io.stdin?.() ?? [], maxBytes) };
    if (this.#stdin.what === what) return this.#stdin.content;
    throw usage('standard input can be one file only', `a file for ${what}`, `- for ${this.#stdin.what} too`);
  }

  /** A commander action that reports what `run` returns. */
  action<A extends unknown[]>(run: (...args: A) => Promise<Outcome>): (...args: A) => Promise<void> {
    return async (...args) => this.#report(await run(...args));
  }

  /** A line for people on stderr; not with --quiet. */
  log(line: string): void {
    if (!this.quiet) this.stderr.write(`${oneLine(line)}\n`);
  }

  /** A result goes to stdout itself, byte by byte, and what is reported of it to stderr. Throws USAGE with --json, which promises one document. */
  leaveStdout(file: string): void {
    if (this.json) throw usage('with --json stdout holds the report and nothing else', 'another output', file);
    this.#reports = this.stderr;
  }

  #report({ json, text, product = 'report', exitCode = 0 }: Outcome): void {
    this.#product = product;
    this.#reports.write(`${printable(this.json ? JSON.stringify(json, null, 2) : text)}\n`);
    this.exitCode = exitCode;
  }

  /**
   * After the last word: a report that stdout did not take (a full disk) is an error where it was all there was to give. Files that were
   * written stay, and the exit code is theirs; so is the one of a refusal.
   */
  async finish(): Promise<void> {
    const lost = await this.#io.flush?.();
    if (lost === undefined) return;
    this.stderr.write(`${printable(`error: stdout did not take the report: ${lost.message}`)}\n`);
    if (this.exitCode === 0 && this.#product === 'report') this.exitCode = 2;
  }

  /** Prints what stopped the command and sets the exit code. */
  fail(thrown: unknown): void {
    if (thrown instanceof CommanderError) {
      this.#failParsing(thrown);
      return;
    }
    const isKnown = thrown instanceof ZkonnxError && thrown.exitCode !== 3;
    const error = isKnown ? thrown : unexpected(thrown);
    this.exitCode = error.exitCode;
    if (this.json) {
      const { cause: _cause, ...facts } = error.details;
      this.#writeJson({ error: { code: error.code, message: error.shortMessage, ...facts } });
    }
    const stack = error.exitCode === 3 ? `\n${stackOf(error)}` : '';
    if (!this.json || stack !== '') this.stderr.write(`${printable(`error: ${error.message}${stack}`)}\n`);
  }

  /** Commander has written its sentence to stderr already (run-cli.ts keeps it silent with --json); help and version are no errors. */
  #failParsing({ code, exitCode, message }: CommanderError): void {
    if (exitCode === 0) return;
    this.exitCode = 2;
    if (!this.json) return;
    const sentence = code === 'commander.help' ? 'no command was given' : message.replace(/^error: /, '');
    this.#writeJson({ error: { code: 'USAGE', message: sentence } });
  }

  /** True values: what is escaped here is escaped as JSON does it. */
  #writeJson(value: object): void {
    this.#io.stdout.write(`${printable(JSON.stringify(value, null, 2))}\n`);
  }
}

async function readWhole(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      read.push(piece);
      bytes += piece.length;
      if (bytes > maxBytes) break;
    }
  } catch (cause) {
    throw new ZkonnxError('FILE_UNREADABLE', 'cannot read standard input', { got: String(cause), cause });
  }
  if (bytes <= maxBytes) return Buffer.concat(read);
  throw new ZkonnxError('FILE_TOO_LARGE', 'standard input is too large', { expected: `at most ${maxBytes} bytes` });
}

function unexpected(thrown: unknown): ZkonnxError {
  if (causes(thrown).some(isOutOfFiles)) {
    return new ZkonnxError('FILE_UNREADABLE', 'a file of this program could not be opened', {
      got: thrown instanceof Error ? thrown.message : String(thrown),
      help: OPEN_FILES_HELP,
      cause: thrown,
    });
  }
  if (thrown instanceof ZkonnxError) return thrown;
  return new ZkonnxError('INTERNAL', 'unexpected error', {
    got: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
    help: 'this is a bug of zkonnx; please report it with the command that caused it',
    cause: thrown,
  });
}

/** An error and what caused it, in turn. */
function causes(thrown: unknown): unknown[] {
  const found = new Set<unknown>();
  for (let at = thrown; at !== undefined && !found.has(at); at = at instanceof Error ? at.cause : undefined)
    found.add(at);
  return [...found];
}

function stackOf(error: ZkonnxError): string {
  const { cause } = error.details;
  return (cause instanceof Error ? cause.stack : undefined) ?? error.stack ?? '';
}

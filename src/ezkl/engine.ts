/**
 * ezkl's own engine (halo2 compiled to WebAssembly) from the optional peer @ezkljs/engine.
 *
 * What the package does to its caller, and what this file makes of it:
 * - loading it compiles 9.7 MB of WebAssembly and reserves a 4 GiB shared memory, so nothing is loaded before a job needs it;
 * - a Rust panic leaves the instance as it was in mid-computation, and its memory never shrinks, so every job gets an instance
 *   of its own (about 10 ms) and drops it;
 * - it is single-threaded and blocks its thread for the whole job, so it belongs in a worker;
 * - it throws a plain Error for what it checks and a WebAssembly.RuntimeError "unreachable" for a panic, whose message only
 *   reaches console.error: `callEngine` gathers both.
 */
import { createRequire } from 'node:module';
import { ZkonnxError } from '../base/errors.js';

/** The functions used here of `@ezkljs/engine/nodejs`; files go in and come out as their bytes. */
export interface Engine {
  init_panic_hook(): void;
  genWitness(compiledCircuit: Uint8ClampedArray, input: Uint8ClampedArray): Uint8Array;
  prove(
    witness: Uint8ClampedArray,
    pk: Uint8ClampedArray,
    compiledCircuit: Uint8ClampedArray,
    srs: Uint8ClampedArray,
  ): Uint8Array;
  verify(proof: Uint8ClampedArray, vk: Uint8ClampedArray, settings: Uint8ClampedArray, srs: Uint8ClampedArray): boolean;
  settingsValidation(settings: Uint8ClampedArray): boolean;
  vkValidation(vk: Uint8ClampedArray, settings: Uint8ClampedArray): boolean;
  srsValidation(srs: Uint8ClampedArray): boolean;
}

const PACKAGE = '@ezkljs/engine';
const ENTRY = `${PACKAGE}/nodejs/ezkl.js`;
const MAJOR = '21';
export const ENGINE_HELP = `npm install ${PACKAGE}@21.0.0 (an optional peer dependency: only the ezkl backend needs it)`;

/**
 * A fresh instance of the engine, sharing nothing with earlier ones.
 * @param from file whose node_modules are searched; this module's own by default.
 * @throws ZkonnxError DEPENDENCY_MISSING if the package is absent, damaged or not version 21.
 */
export function loadEngine(from: string = import.meta.url): Engine {
  // A new require each time: the parent module it hides would otherwise keep every instance alive as a child.
  const require = createRequire(from);
  try {
    const { version } = require(`${PACKAGE}/package.json`) as { version: string };
    if (!new RegExp(`^v?${MAJOR}\\.`).test(version)) throw wrongVersion(version);
    const entry = require.resolve(ENTRY);
    Reflect.deleteProperty(require.cache, entry);
    const engine = require(entry) as Engine;
    Reflect.deleteProperty(require.cache, entry);
    engine.init_panic_hook();
    return engine;
  } catch (cause) {
    if (cause instanceof ZkonnxError) throw cause;
    const absent = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    throw new ZkonnxError('DEPENDENCY_MISSING', `the ezkl backend needs ${PACKAGE}`, {
      got: absent ? 'not installed' : String(cause),
      help: ENGINE_HELP,
      cause,
    });
  }
}

function wrongVersion(version: string): ZkonnxError {
  return new ZkonnxError('DEPENDENCY_MISSING', `the ezkl backend needs ${PACKAGE} ${MAJOR}`, {
    expected: `${MAJOR}.x`,
    got: version,
    help: ENGINE_HELP,
  });
}

/** What the engine threw. After a panic its instance must not be used again. */
export class EngineFailure extends Error {
  readonly panicked: boolean;

  constructor(message: string, panicked: boolean, cause: unknown) {
    super(message, { cause });
    this.name = 'EngineFailure';
    this.panicked = panicked;
  }
}

/**
 * Calls into the engine, turning whatever it throws into an `EngineFailure` of one line.
 * console.error is this thread's own for the length of the synchronous call: it is where the panic hook writes.
 */
export function callEngine<T>(call: () => T): T {
  const heard: string[] = [];
  /* eslint-disable no-console -- the panic hook knows no other channel */
  const previous = console.error;
  console.error = (...args: unknown[]) => void heard.push(args.map(String).join(' '));
  try {
    return call();
  } catch (cause) {
    // A checked error is a plain Error; a panic is a RuntimeError, a deep recursion a RangeError.
    const panicked = !(cause instanceof Error) || cause.name !== 'Error';
    throw new EngineFailure(panicMessage(heard) ?? engineMessage(cause), panicked, cause);
  } finally {
    console.error = previous;
    /* eslint-enable no-console */
  }
}

function engineMessage(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return oneLine(text.replace(/^Internal error: /, ''));
}

/** The hook writes "panicked at FILE:LINE:COL:\nMESSAGE\n\nStack:…"; the message is of use. */
function panicMessage(heard: readonly string[]): string | undefined {
  const lines = heard.join('\n').split('\n');
  const start = lines.findIndex((line) => line.startsWith('panicked at'));
  return start < 0 ? undefined : oneLine(`panic: ${lines[start + 1] ?? ''}`);
}

/** Engine messages may quote the file they read: bounded. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** The type wasm-bindgen declares; a view, not a copy. */
export function clamped(bytes: Uint8Array): Uint8ClampedArray {
  return new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

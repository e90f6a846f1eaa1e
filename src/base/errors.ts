/**
 * The one error family of zkonnx. Constructors take values and make the sentence: what, expected, got, where, and what to do.
 * The CLI maps `exitCode` to the process: 1 refused proof, 2 unusable input, 3 a bug of ours.
 */

import { oneLine } from './printable.js';

/** Stable codes: programs may match on them. Adding one is a minor change, renaming one a breaking change. */
export type ErrorCode =
  | 'USAGE'
  | 'FILE_UNREADABLE'
  | 'FILE_TOO_LARGE'
  | 'OUTPUT_UNWRITABLE'
  | 'KEYS_EXIST'
  | 'ARTIFACT_LOCKED'
  | 'NOT_ONNX'
  | 'MODEL_INVALID'
  | 'GRAPH_INVALID'
  | 'EXTERNAL_DATA_MISSING'
  | 'OP_UNSUPPORTED'
  | 'SHAPE_UNKNOWN'
  | 'SHAPE_MISMATCH'
  | 'INPUT_NAME'
  | 'INPUT_SHAPE'
  | 'INPUT_TYPE'
  | 'INPUT_NOT_FINITE'
  | 'INPUT_OUT_OF_DOMAIN'
  | 'INPUT_FORMAT'
  | 'CALIBRATION_INVALID'
  | 'REFERENCE_MISMATCH'
  | 'BOUND_OVERFLOW'
  | 'RANGE_EXCEEDED'
  | 'CIRCUIT_TOO_LARGE'
  | 'TOLERANCE_UNREACHABLE'
  | 'ARTIFACT_INVALID'
  | 'FORMAT_VERSION'
  | 'NOT_COMPARABLE'
  | 'KEY_INVALID'
  | 'KEY_MISMATCH'
  | 'DEV_KEY'
  | 'PROTOCOL_UNSUPPORTED'
  | 'DEPENDENCY_MISSING'
  | 'SECURITY_TOO_LOW'
  | 'MEMORY_EXCEEDED'
  | 'WORKER_DIED'
  | 'ABORTED'
  | 'INTERNAL';

/** What an error says beside its message; each is a sentence or less. */
export interface ErrorDetails {
  readonly expected?: string;
  readonly got?: string;
  /** Where: ONNX node and op, file and offset, tensor and element. */
  readonly where?: string;
  /** What the user can do about it. */
  readonly help?: string;
  readonly cause?: unknown;
}

/**
 * An error a user can act on; `message` is the whole text, one fact a line, fit for a terminal whatever names it holds. `shortMessage` and
 * `details` hold them as they are.
 */
export class ZkonnxError extends Error {
  readonly code: ErrorCode;
  readonly shortMessage: string;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, shortMessage: string, details: ErrorDetails = {}) {
    super(
      [
        `${shortMessage} [${code}]`,
        ...(['expected', 'got', 'where'] as const).flatMap((name) => {
          const fact = details[name];
          return fact === undefined ? [] : [`  ${name}: ${fact}`];
        }),
        ...(details.help === undefined ? [] : [`help: ${details.help}`]),
      ]
        .map(oneLine)
        .join('\n'),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = 'ZkonnxError';
    this.code = code;
    this.shortMessage = shortMessage;
    this.details = details;
  }

  /** Process exit code: 3 for a bug of ours, 130 for Ctrl-C, 2 for everything a user can mend. */
  get exitCode(): 2 | 3 | 130 {
    if (this.code === 'INTERNAL') return 3;
    return this.code === 'ABORTED' ? 130 : 2;
  }
}

/** A broken invariant of our own code: never the user's fault, exit code 3. */
export function internal(what: string, facts: Record<string, unknown> = {}): ZkonnxError {
  const got = Object.entries(facts)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(', ');
  return new ZkonnxError('INTERNAL', what, {
    ...(got === '' ? {} : { got }),
    help: 'this is a bug of zkonnx; please report it with the command that caused it',
  });
}

/** Assert an invariant of our own code. */
export function invariant(condition: boolean, what: string, facts: Record<string, unknown> = {}): asserts condition {
  if (!condition) throw internal(what, facts);
}

/** Stops a long operation at the caller's request: throws ABORTED, naming what was stopped, once `signal` has fired. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw new ZkonnxError('ABORTED', `${what} was stopped`, { cause: signal.reason });
}

/** What `promise` settles as, or ABORTED as soon as `signal` fires; what is under way then goes on unheard. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (signal === undefined) return promise;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(new ZkonnxError('ABORTED', `${what} was stopped`, { cause: signal.reason }));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export function isAborted(error: unknown): boolean {
  return error instanceof ZkonnxError && error.code === 'ABORTED';
}

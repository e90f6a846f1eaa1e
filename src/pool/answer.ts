/** What a worker sends back: a result, or the error that stopped it. A worker always answers; it never throws across threads. */
import { internal, ZkonnxError, type ErrorCode, type ErrorDetails } from '../base/errors.js';

/** An error as data. `cause` stays behind: it may hold what cannot be cloned. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly shortMessage: string;
  readonly details: Omit<ErrorDetails, 'cause'>;
  /** The worker's stack, for reports of bugs. */
  readonly stack: string;
}

export type Answer<T> =
  { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'error'; readonly error: ErrorMessage };

/** Runs a job and turns whatever it throws into the error arm; what is no ZkonnxError becomes INTERNAL. */
export async function answer<T>(job: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { kind: 'ok', value: await job() };
  } catch (thrown) {
    const error =
      thrown instanceof ZkonnxError ? thrown : internal(thrown instanceof Error ? thrown.message : String(thrown));
    const { cause: _cause, ...details } = error.details;
    const stack = (thrown instanceof Error ? thrown.stack : undefined) ?? '';
    return { kind: 'error', error: { code: error.code, shortMessage: error.shortMessage, details, stack } };
  }
}

/** The value, or the worker's error thrown anew on this side, its code intact and the worker's stack as its cause. */
export function unwrap<T>(reply: Answer<T>): T {
  if (reply.kind === 'ok') return reply.value;
  const { code, shortMessage, details, stack } = reply.error;
  throw new ZkonnxError(code, shortMessage, { ...details, cause: new Error(`in a worker: ${stack}`) });
}

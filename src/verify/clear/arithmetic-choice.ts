/** Who computes a check of a proof of protocol `clear`: what runs here, or what the caller names. */
import { ZkonnxError } from '../../base/errors.js';
import { javascriptArithmetic } from './arithmetic-javascript.js';
import { webassemblyArithmetic } from './arithmetic-webassembly.js';
import type { Arithmetic } from './arithmetic.js';

/** By name. */
export type ArithmeticName = 'javascript' | 'webassembly';

const KNOWN: { readonly [N in ArithmeticName]: () => Arithmetic | undefined } = {
  javascript: () => javascriptArithmetic,
  webassembly: webassemblyArithmetic,
};

export const ARITHMETIC_NAMES = Object.keys(KNOWN) as readonly ArithmeticName[];

/**
 * By name; without one WebAssembly, or plain JavaScript where there is none or it may not run (a Content-Security-Policy without 'wasm-unsafe-eval', an old browser).
 * Throws ZkonnxError USAGE for WebAssembly by name where it does not run.
 */
export function arithmeticOf(name?: ArithmeticName): Arithmetic {
  if (name === undefined) return webassemblyArithmetic() ?? javascriptArithmetic;
  const arithmetic = KNOWN[name]();
  if (arithmetic !== undefined) return arithmetic;
  throw new ZkonnxError('USAGE', 'WebAssembly does not run here', {
    got: name,
    help: 'leave the option out: what runs is taken, and verdicts are the same',
  });
}

/** How large a picture may be, looked at before its pixels are unpacked, and what is said of one that is not. */
import { ZkonnxError } from '../base/errors.js';

/** 16.8 million, 4096 × 4096: decoding takes some 350 MB. */
export const MAX_PIXELS = 2 ** 24;
/** pngjs makes objects for each row and walks each column. */
export const MAX_SIDE = 2 ** 15;

/** Throws FILE_TOO_LARGE for too many pixels, or too many in a row or column; INPUT_FORMAT for none. */
export function checkSize(width: number, height: number, origin: string): void {
  if (width === 0 || height === 0) throw damaged(origin, `its size is ${width} × ${height}`);
  const got = `${width} × ${height}`;
  if (width * height > MAX_PIXELS) throw tooLarge(origin, 'pixels', String(MAX_PIXELS), got);
  if (Math.max(width, height) > MAX_SIDE) throw tooLarge(origin, 'pixels on one side', String(MAX_SIDE), got);
}

export function tooLarge(origin: string, what: string, limit: string, got: string): ZkonnxError {
  return new ZkonnxError('FILE_TOO_LARGE', `the picture ${origin} has too many ${what}`, {
    expected: `at most ${limit}`,
    got,
    help: 'scale it down first',
  });
}

export function damaged(origin: string, why: string, cause?: unknown): ZkonnxError {
  return new ZkonnxError('INPUT_FORMAT', `${origin} is not a readable picture: ${why}`, {
    ...(cause instanceof Error ? { got: cause.message, cause } : {}),
  });
}

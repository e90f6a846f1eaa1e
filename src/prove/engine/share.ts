/** Data whose large arrays all threads may read at once. */

type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** A copy of plain data with its typed arrays in shared memory, where memory can be shared; a message then carries none of them. */
export function share<T>(data: T): T {
  return typeof SharedArrayBuffer === 'undefined' ? data : (sharedCopy(data) as T);
}

function sharedCopy(data: unknown): unknown {
  if (ArrayBuffer.isView(data)) return sharedArray(data as Numbers);
  if (Array.isArray(data)) return data.map(sharedCopy);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, sharedCopy(value)]));
}

function sharedArray(array: Numbers): Numbers {
  const type = array.constructor as new (buffer: SharedArrayBuffer) => Numbers;
  const copy = new type(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}

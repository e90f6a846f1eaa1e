/**
 * The verifier's module of loops (scripts/build-kernels.ts, src/kernels/assembly/clear/verifier.ts) on the host's side: an instance with a memory of its own, which is
 * given out in order and taken back whole. Nothing is asynchronous, and nothing is expected to be there: without WebAssembly there is no instance.
 */
import { fromBase64 } from '../../base/base64.js';
import { invariant } from '../../base/errors.js';
import { EXT_BYTES, FIELD_BYTES, type Ext } from '../../field/goldilocks.js';
import { VERIFIER_WASM } from './generated/verifier-wasm.js';

/** Pointers are byte offsets; what each function takes and leaves stands in its source. */
export interface Loops {
  gl_from_f64_n(out: number, input: number, from: number, to: number): void;
  b3_hash_n(
    out: number,
    input: number,
    bytes: number,
    stride: number,
    from: number,
    to: number,
    key: number,
    flags: number,
    scratch: number,
  ): void;
  dot(out: number, a: number, b: number, n: number): void;
  dot_base(out: number, a: number, to: number, x: number, from: number, n: number): void;
  eq_table(table: number, point: number, n: number): void;
  outer(out: number, a: number, n: number, b: number, count: number): void;
  scatter(out: number, to: number, a: number, c0: bigint, c1: bigint, n: number): void;
  patterns(
    out: number,
    rows: number,
    columns: number,
    pattern: number,
    bases: number,
    start: number,
    offset: number,
    count: number,
  ): void;
  entries(
    sums: number,
    weights: number,
    to: number,
    positions: number,
    from: number,
    table: number,
    log: number,
    n: number,
  ): void;
  horner(out: number, c: number, n: number, x: number, points: number): void;
  bind_powers(c: number, x: number, points: number, r0: bigint, r1: bigint): void;
  fold_cosets(
    values: number,
    stride: number,
    inverses: number,
    leaves: number,
    half: number,
    step: bigint,
    h0: bigint,
    h1: bigint,
    s0: bigint,
    s1: bigint,
  ): void;
}

/** What is used of the global `WebAssembly`, where there is one. */
interface Host {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { initial: number; maximum: number }) => HostMemory;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

interface HostMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

const PAGE_BYTES = 65536;
/** 64 MiB: whatever a key asks for beyond is computed without WebAssembly, within the bounds of keys. */
export const MAX_PAGES = 1024;
/** The first bytes are never given out, so that no pointer is 0. */
const FIRST = 64;

/** There is no room in the memory: not the key's or the proof's fault. */
export class NoRoom extends Error {}

export class LoopMemory {
  private top = FIRST;

  constructor(
    readonly loops: Loops,
    private readonly memory: HostMemory,
  ) {}

  /** Of the memory, given out or not. */
  get byteLength(): number {
    return this.memory.buffer.byteLength;
  }

  /** Takes everything back. */
  clear(): void {
    this.top = FIRST;
  }

  /** Fresh bytes of any content, aligned to 16. Throws NoRoom. Views made before do not survive. */
  room(byteLength: number): number {
    const pointer = this.top;
    const end = pointer + Math.ceil(byteLength / 16) * 16;
    const missing = Math.ceil((end - this.byteLength) / PAGE_BYTES);
    if (missing > 0) this.grow(missing);
    this.top = end;
    return pointer;
  }

  private grow(pages: number): void {
    if (this.byteLength / PAGE_BYTES + pages > MAX_PAGES) throw new NoRoom();
    try {
      this.memory.grow(pages);
    } catch (cause) {
      throw new NoRoom('the memory does not grow', { cause });
    }
  }

  bytes(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, pointer, length);
  }

  words(pointer: number, length: number): BigUint64Array {
    return new BigUint64Array(this.memory.buffer, pointer, length);
  }

  /** A copy of these bytes, aligned to 16. */
  copy(data: Uint8Array | Uint32Array | Int32Array | BigUint64Array | Float64Array): number {
    const pointer = this.room(data.byteLength);
    this.bytes(pointer, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return pointer;
  }

  zeros(byteLength: number): number {
    const pointer = this.room(byteLength);
    this.bytes(pointer, byteLength).fill(0);
    return pointer;
  }

  elements(values: readonly bigint[]): number {
    const pointer = this.room(FIELD_BYTES * values.length);
    const words = this.words(pointer, values.length);
    values.forEach((value, i) => {
      words[i] = value;
    });
    return pointer;
  }

  exts(values: readonly Ext[]): number {
    const pointer = this.room(EXT_BYTES * values.length);
    const words = this.words(pointer, 2 * values.length);
    values.forEach(([c0, c1], i) => {
      words[2 * i] = c0;
      words[2 * i + 1] = c1;
    });
    return pointer;
  }

  readExts(pointer: number, count: number): Ext[] {
    const words = this.words(pointer, 2 * count);
    return Array.from({ length: count }, (_, i) => [words[2 * i]!, words[2 * i + 1]!] as const);
  }

  readExt(pointer: number): Ext {
    return this.readExts(pointer, 1)[0]!;
  }
}

let compiled: object | undefined;
let refused = false;

/** A new instance with a memory of one page; undefined where WebAssembly is not there or not allowed, which is asked once. */
export function newLoopMemory(): LoopMemory | undefined {
  const host = (globalThis as unknown as { WebAssembly?: Host }).WebAssembly;
  // Numbers in memory are little-endian, arrays of them are the host's.
  const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  if (refused || host === undefined || !isLittleEndian) return undefined;
  try {
    compiled ??= new host.Module(moduleBytes());
    const memory = new host.Memory({ initial: 1, maximum: MAX_PAGES });
    const { exports } = new host.Instance(compiled, { env: { memory } });
    return new LoopMemory(exports as Loops, memory);
  } catch {
    // A policy without 'wasm-unsafe-eval', a browser without vectors or with a bound on modules that are compiled at once, no memory left.
    refused = compiled === undefined;
    return undefined;
  }
}

function moduleBytes(): Uint8Array {
  const bytes = fromBase64(VERIFIER_WASM);
  invariant(bytes !== undefined, 'the module is base64', {});
  return bytes;
}

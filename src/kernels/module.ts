/**
 * The kernels on the host's side: instantiation over a memory that may be shared by workers, and a bump allocator over it. Uses no
 * Node API: it runs in browsers and in workers.
 *
 * Memory map. The module owns nothing: no data segment, no stack, no mutable global; constants are immediates of its code. So any
 * number of instances may share one memory, and every byte belongs to who allocated it. One owner, the thread that made the memory,
 * allocates; it hands each worker pointers to the shared inputs and to a scratch region of the worker's own. The first 64 bytes are
 * never allocated, so that no pointer is 0.
 */
import type { FieldExports } from './field-exports.js';
import type { LookupExports } from './lookups-exports.js';
import type { MsmExports } from './msm-exports.js';
import type { NttExports } from './ntt-exports.js';
import type { PairingExports } from './pairing-exports.js';
import type { SparseExports } from './sparse.js';
import type { TrapdoorExports } from './trapdoor-exports.js';

const PAGE_BYTES = 65536;
/** 4 GiB, all that 32-bit pointers reach. A memory's declared maximum may be less. */
const MAX_PAGES = 65536;
const FIRST_POINTER = 64;

export type KernelExports = FieldExports &
  NttExports &
  MsmExports &
  SparseExports &
  TrapdoorExports &
  LookupExports &
  PairingExports;

export interface KernelOptions {
  /** A memory made by `createKernelMemory`, here or in another thread. One is made if absent. */
  readonly memory?: WebAssembly.Memory;
  /** The compiled kernels of another thread, made for the same kind of memory. */
  readonly module?: WebAssembly.Module;
  /** Initial pages of 64 KiB of a memory made here; 16 if absent. It grows as the heap asks. */
  readonly pages?: number;
}

/** One instance of the kernels. Not to be used by two threads; instances may share a memory. */
export interface Kernels {
  readonly exports: KernelExports;
  readonly memory: WebAssembly.Memory;
  /** To make other instances from, in other threads too. */
  readonly module: WebAssembly.Module;
  /** The allocator of the whole memory, for its owner alone. */
  readonly heap: KernelHeap;
}

/** Whether memories can be shared between threads here. Browsers need cross-origin isolation for it. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== 'undefined';
}

/** A memory that fits the kernels: shared where possible, growing up to `maximumPages`. */
export function createKernelMemory(pages = 16, maximumPages = MAX_PAGES): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: maximumPages, shared: canShareMemory() });
}

export async function instantiateKernels(options: KernelOptions = {}): Promise<Kernels> {
  const memory = options.memory ?? createKernelMemory(options.pages);
  const shared = canShareMemory() && memory.buffer instanceof SharedArrayBuffer;
  const module = options.module ?? (await compiledKernels(shared));
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { exports: instance.exports as unknown as KernelExports, memory, module, heap: new KernelHeap(memory) };
}

const compiled = new Map<boolean, Promise<WebAssembly.Module>>();

/** Compiled once by whoever makes a memory; an instance is then a fraction of a millisecond. Workers are given the module and never load the text. */
function compiledKernels(shared: boolean): Promise<WebAssembly.Module> {
  let module = compiled.get(shared);
  if (module === undefined) {
    module = kernelBytes(shared).then((bytes) => WebAssembly.compile(bytes));
    compiled.set(shared, module);
  }
  return module;
}

async function kernelBytes(shared: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const { KERNELS_WASM, MEMORY_FLAGS_OFFSET } = await import('./generated/kernels-wasm.js');
  return moduleBytes(KERNELS_WASM, MEMORY_FLAGS_OFFSET, shared);
}

/** A generated module from its base64, for a memory that is shared or not. */
export function moduleBytes(base64: string, flagsOffset: number, shared: boolean): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  bytes[flagsOffset] = shared ? 3 : 1;
  return bytes;
}

/**
 * A bump allocator: memory is given in order and given back to a mark. Views of the memory do not survive an allocation that grows
 * it (in an unshared memory they become empty): take them anew with `bytes` and `words`.
 */
export class KernelHeap {
  private top = FIRST_POINTER;
  private highest = FIRST_POINTER;

  constructor(private readonly memory: WebAssembly.Memory) {}

  /** The pointer to `byteLength` fresh bytes of unspecified content. Throws RangeError where the memory cannot grow so far. */
  allocate(byteLength: number, alignment = 16): number {
    if (!Number.isSafeInteger(byteLength) || byteLength < 0) throw new RangeError(`allocation of ${byteLength} bytes`);
    const pointer = Math.ceil(this.top / alignment) * alignment;
    const end = pointer + byteLength;
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) this.memory.grow(missing);
    this.top = end;
    this.highest = Math.max(this.highest, end);
    return pointer;
  }

  /** The most bytes that were ever in use at a time. */
  get peakBytes(): number {
    return this.highest;
  }

  /** The state to come back to with `release`. */
  mark(): number {
    return this.top;
  }

  /** Gives back everything allocated since `mark`. */
  release(mark: number): void {
    if (mark < FIRST_POINTER || mark > this.top) throw new RangeError(`release to ${mark}, the heap is at ${this.top}`);
    this.top = mark;
  }

  bytes(pointer: number, byteLength: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, pointer, byteLength);
  }

  words(pointer: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, pointer, length);
  }

  /** Allocates room for `data` and copies it in. */
  copyIn(data: Uint8Array, alignment = 16): number {
    const pointer = this.allocate(data.length, alignment);
    this.bytes(pointer, data.length).set(data);
    return pointer;
  }

  /** A copy, outside the memory. */
  copyOut(pointer: number, byteLength: number): Uint8Array {
    return this.bytes(pointer, byteLength).slice();
  }
}

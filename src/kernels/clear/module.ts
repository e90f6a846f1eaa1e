/** The kernels of protocol `clear`: a module of its own over a memory like that of the others (../module.ts has its map and allocator). */
import { canShareMemory, createKernelMemory, KernelHeap, moduleBytes, type KernelOptions } from '../module.js';
import type { ClearExports } from './exports.js';

/** One instance. Not to be used by two threads; instances may share a memory, those of the other module among them. */
export interface ClearKernels {
  readonly exports: ClearExports;
  readonly memory: WebAssembly.Memory;
  /** To make other instances from, in other threads too. */
  readonly module: WebAssembly.Module;
  /** The allocator of the whole memory, for its owner alone. */
  readonly heap: KernelHeap;
}

export async function instantiateClearKernels(options: KernelOptions = {}): Promise<ClearKernels> {
  const memory = options.memory ?? createKernelMemory(options.pages);
  const shared = canShareMemory() && memory.buffer instanceof SharedArrayBuffer;
  const module = options.module ?? (await compiledModule(shared));
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { exports: instance.exports as unknown as ClearExports, memory, module, heap: new KernelHeap(memory) };
}

const compiled = new Map<boolean, Promise<WebAssembly.Module>>();

function compiledModule(shared: boolean): Promise<WebAssembly.Module> {
  let module = compiled.get(shared);
  if (module === undefined) {
    module = import('../generated/clear-wasm.js').then(({ CLEAR_WASM, CLEAR_MEMORY_FLAGS_OFFSET }) =>
      WebAssembly.compile(moduleBytes(CLEAR_WASM, CLEAR_MEMORY_FLAGS_OFFSET, shared)),
    );
    compiled.set(shared, module);
  }
  return module;
}

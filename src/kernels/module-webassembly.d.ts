/**
 * The part of the WebAssembly JavaScript API that the kernels use. Neither `lib.es2023` nor @types/node declares it, and the DOM
 * library would bring the browser's globals into Node's code. Merges with a fuller declaration where there is one.
 */
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number;
    maximum?: number;
    shared?: boolean;
  }
  // eslint-disable-next-line no-var -- an ambient global
  var Memory: { new (descriptor: MemoryDescriptor): Memory };
  interface Memory {
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
    grow(pages: number): number;
  }
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- opaque: compiled code
  interface Module {}
  interface Instance {
    readonly exports: Record<string, unknown>;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(module: Module, imports: Record<string, Record<string, unknown>>): Promise<Instance>;
}

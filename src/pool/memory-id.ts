/** Numbers of memories within the process: messages carry a new object for the same memory each time. */
const memoryIds = new WeakMap<WebAssembly.Memory, number>();
let memories = 0;

export function memoryIdOf(memory: WebAssembly.Memory): number {
  const id = memoryIds.get(memory) ?? ++memories;
  memoryIds.set(memory, id);
  return id;
}

/** Park–Miller generator, 0 … 1: what is drawn must be the same on every machine, and proves nothing. */
export function lehmer(seed: number): () => number {
  let state = seed % 2147483647;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

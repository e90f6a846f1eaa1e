// Bytes as they stand.

/** Reverses the bytes of each of n strings of `size` bytes, a multiple of 16, in place. */
export function reverse_bytes(data: usize, size: u32, n: u32): void {
  for (let i: u32 = 0; i < n; i++, data += size) {
    let high = data + size;
    for (let low = data; low < data + (size >> 1); low += 8) {
      high -= 8;
      const word = load<u64>(low);
      store<u64>(low, bswap<u64>(load<u64>(high)));
      store<u64>(high, bswap<u64>(word));
    }
  }
}

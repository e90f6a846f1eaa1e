// Multi-scalar multiplication over both groups: sums by bucket, and the weighted sum of the buckets. F as in curve-field.ts.
import {
  addAffine,
  addXyzz,
  affineBytes,
  batchAdd,
  batchAddScratch,
  clearAffine,
  clearXyzz,
  copyAffine,
  copyXyzz,
  double,
  fromAffine,
  xyzzScratch,
} from './curve';
import { copy, isZero, neg, size, zero } from './curve-field';
import { fq_mul } from './fq';
import { glv_beta1, glv_beta2 } from './msm-glv';

/** The address of affine point i. */
@inline
function nth<F>(points: usize, i: u32): usize {
  return points + <usize>i * affineBytes<F>();
}

/** Points worked on at a time: they, their denominators and their lists stay in a core's own cache. */
@inline
function chunkPoints<F>(): usize {
  return sizeof<F>() == 4 ? 2048 : 1024;
}

// Scratch of `accumulate`: chunk of points, one segment (bucket, slot) and one active list entry (slot, count) a point, pairs, batch.
@inline
function batchScratch<F>(): usize {
  return batchAddScratch<F>(chunkPoints<F>());
}

/** Bytes of scratch for `accumulate`, `reduce` and the fixed-base functions. */
export function msmScratch<F>(): usize {
  return chunkPoints<F>() * (affineBytes<F>() + 24) + batchScratch<F>() + 2 * (2 * affineBytes<F>()) + xyzzScratch<F>();
}

/** The images of n points under the endomorphism have the abscissas β·x: n elements of F at `out`. */
export function endomorphism<F>(out: usize, points: usize, n: i32, scratch: usize): void {
  if (sizeof<F>() == 4) glv_beta1(scratch);
  else glv_beta2(scratch);
  for (let end = out + <usize>n * size<F>(); out < end; out += size<F>(), points += affineBytes<F>()) {
    fq_mul(out, points, scratch);
    if (sizeof<F>() == 8) fq_mul(out + 36, points + 36, scratch);
  }
}

/** The ordinate's address of a sorted entry's point. Indices from n on are images under the endomorphism. */
@inline
function ordinateOf<F>(entry: u32, points: usize, n: u32): usize {
  const index = entry >> 1;
  return nth<F>(points, index >= n ? index - n : index) + size<F>();
}

/** The abscissa's address: those of images are at `images`. */
@inline
function abscissaOf<F>(entry: u32, points: usize, images: usize, n: u32): usize {
  const index = entry >> 1;
  return index >= n ? images + <usize>(index - n) * size<F>() : nth<F>(points, index);
}

/** Entries whose points `touch` brings into the cache at a time. */
const TOUCHED = 64;

/**
 * Reads a word of every cache line of the entries' points, so that the misses overlap: the processor sees dozens of them at once, but
 * only a few when each is followed by its copy. The words' meaningless sum is stored at `sink`, or the loads could be left out.
 */
function touch<F>(entries: usize, count: u32, points: usize, images: usize, n: u32, sink: usize): void {
  let sum: u32 = 0;
  for (const end = entries + (<usize>count << 2); entries < end; entries += 4) {
    const entry = load<u32>(entries);
    const x = abscissaOf<F>(entry, points, images, n);
    const y = ordinateOf<F>(entry, points, n);
    sum += load<u32>(x) + load<u32>(x, 32) + load<u32>(y) + load<u32>(y, 32);
    if (sizeof<F>() == 8) sum += load<u32>(x, 68) + load<u32>(y, 68);
  }
  store<u32>(sink, sum);
}

/** Writes ±P of a sorted entry. */
@inline
function gather<F>(out: usize, entry: u32, points: usize, images: usize, n: u32): void {
  const S = size<F>();
  const y = ordinateOf<F>(entry, points, n);
  copy<F>(out, abscissaOf<F>(entry, points, images, n));
  // Infinity is spelt as zeros, and the negative of 0 need not be: it stays as it is.
  if (entry & 1 && !(load<u32>(y) == 0 && isZero<F>(y))) neg<F>(out + S, y);
  else copy<F>(out + S, y);
}

/**
 * buckets[b - first] = Σ ±P over the entries of bucket b, for b in [first, last]; affine. `entries` and `ends` are `msm_sort`'s; points at
 * infinity may be among them only if no image is taken of them (n is the count of points; `images` is not read if no entry is beyond).
 * A tree in each bucket: every round adds neighbours in all buckets of a chunk with one inversion.
 */
export function accumulate<F>(
  buckets: usize,
  points: usize,
  images: usize,
  n: u32,
  entries: usize,
  ends: usize,
  first: u32,
  last: u32,
  scratch: usize,
): void {
  const P = affineBytes<F>();
  const capacity = chunkPoints<F>();
  const chunk = scratch;
  const segments = chunk + capacity * P;
  const active = segments + 8 * capacity;
  const pairs = active + 8 * capacity;
  const batch = pairs + 8 * capacity;

  let bucket = first;
  let at = load<u32>(ends + (<usize>(first - 1) << 2));
  const lastEntry = load<u32>(ends + (<usize>last << 2));
  let touched = at;
  // Whether the bucket's slot holds the sum of its entries before `at`.
  let partial = false;
  while (bucket <= last) {
    // Fill a chunk with whole buckets, the last one possibly in part.
    let slot = chunk;
    let room = <u32>capacity;
    let segment = segments;
    let task = active;
    while (bucket <= last && room > 1) {
      const end = load<u32>(ends + (<usize>bucket << 2));
      const out = nth<F>(buckets, bucket - first);
      let count: u32 = 0;
      const start = slot;
      if (partial) {
        copyAffine<F>(slot, out);
        slot += P;
        count = 1;
      }
      const taken = min(end - at, room - count);
      for (const stop = at + taken; at < stop; at++) {
        if (at >= touched) {
          const ahead = min<u32>(TOUCHED, lastEntry - at);
          touch<F>(entries + (<usize>at << 2), ahead, points, images, n, batch);
          touched = at + ahead;
        }
        gather<F>(slot, load<u32>(entries + (<usize>at << 2)), points, images, n);
        slot += P;
      }
      count += taken;
      room -= count;
      partial = at < end;
      if (count == 0) {
        clearAffine<F>(out);
      } else {
        store<u32>(segment, out);
        store<u32>(segment, start, 4);
        segment += 8;
        if (count > 1) {
          store<u32>(task, start);
          store<u32>(task, count, 4);
          task += 8;
        }
      }
      if (!partial) bucket++;
    }
    sumSegments<F>(active, task, pairs, batch);
    for (let s = segments; s < segment; s += 8) copyAffine<F>(load<u32>(s), load<u32>(s, 4));
  }
}

/** Sums each run (first point, count) of [active, end) into its first point. */
function sumSegments<F>(active: usize, end: usize, pairs: usize, batch: usize): void {
  let stride = affineBytes<F>();
  while (end > active) {
    let pair = pairs;
    let kept = active;
    for (let task = active; task < end; task += 8) {
      const start = load<u32>(task);
      const count = load<u32>(task, 4);
      let a = <usize>start;
      for (let left = count; left > 1; left -= 2) {
        store<u32>(pair, a);
        a += stride;
        store<u32>(pair, a, 4);
        a += stride;
        pair += 8;
      }
      if (count > 2) {
        store<u32>(kept, start);
        store<u32>(kept, (count + 1) >> 1, 4);
        kept += 8;
      }
    }
    batchAdd<F>(pairs, <i32>((pair - pairs) >> 3), batch);
    end = kept;
    stride <<= 1;
  }
}

/** log2 of the length of the runs in which `reduce` takes n buckets: near √(n/2), but at most `most` runs; 1 where runs do not pay. */
function runLog(n: u32, most: u32): u32 {
  if (n < 64) return 0;
  let log = (31 - <u32>clz(n)) >> 1;
  while ((n - 1) >> log >= most) log++;
  return log;
}

/**
 * out (XYZZ) = Σ b·buckets[b - 1], b = 1..n. Runs of L buckets are summed side by side, each step one batch over all runs:
 * running_j = Σ B and total_j = Σ t·B over the run's t = 1..L; then the sum is Σ total_j + L·Σ j·running_j.
 */
export function reduce<F>(out: usize, buckets: usize, n: u32, scratch: usize): void {
  const P = affineBytes<F>();
  const most = <u32>chunkPoints<F>() >> 1;
  const log = runLog(n, most);
  const runs = ((n - 1) >> log) + 1;
  const running = scratch;
  const total = nth<F>(running, most);
  const pairs = nth<F>(total, most);
  const batch = pairs + 24 * chunkPoints<F>();
  const sum = batch + batchScratch<F>();
  const weighted = sum + 2 * P;
  const t = weighted + 2 * P;
  for (let j: u32 = 0; j < runs; j++) {
    clearAffine<F>(nth<F>(running, j));
    clearAffine<F>(nth<F>(total, j));
  }
  for (let step: u32 = 1 << log; step > 0; step--) {
    let pair = pairs;
    for (let j: u32 = 0; j < runs; j++) {
      const index = (j << log) + step - 1;
      if (index >= n) continue;
      store<u32>(pair, nth<F>(running, j));
      store<u32>(pair, nth<F>(buckets, index), 4);
      pair += 8;
    }
    batchAdd<F>(pairs, <i32>((pair - pairs) >> 3), batch);
    pair = pairs;
    for (let j: u32 = 0; j < runs; j++) {
      store<u32>(pair, nth<F>(total, j));
      store<u32>(pair, nth<F>(running, j), 4);
      pair += 8;
    }
    batchAdd<F>(pairs, <i32>runs, batch);
  }
  // From the last run down, `sum` is Σ running of the runs above j, and `weighted` Σ (j' - j)·running of those.
  clearXyzz<F>(out);
  clearXyzz<F>(sum);
  clearXyzz<F>(weighted);
  for (let j = runs; j > 0; ) {
    j--;
    addXyzz<F>(weighted, sum, t);
    addAffine<F>(sum, nth<F>(running, j), t);
    addAffine<F>(out, nth<F>(total, j), t);
  }
  for (let i: u32 = 0; i < log; i++) double<F>(weighted, t);
  addXyzz<F>(out, weighted, t);
}

/** out (XYZZ) = Σ 2^(c·w)·sums[w], w = 0..n-1, the sums XYZZ. */
export function horner<F>(out: usize, sums: usize, n: i32, c: i32, scratch: usize): void {
  const bytes: usize = 2 * affineBytes<F>();
  clearXyzz<F>(out);
  for (let w = n - 1; w >= 0; w--) {
    for (let i = 0; i < c; i++) double<F>(out, scratch);
    addXyzz<F>(out, sums + <usize>w * bytes, scratch);
  }
}

// ---- many multiples of one base -------------------------------------------------------------------------------------------------

/**
 * The table of a base: d·2^(c·w)·B for w = 0..windows-1, d = 1..2^(c-1), affine, window after window. Each window doubles its known
 * part with one inversion.
 */
export function fixedTable<F>(table: usize, base: usize, c: u32, windows: i32, scratch: usize): void {
  const P = affineBytes<F>();
  const half: u32 = 1 << (c - 1);
  const limit = <u32>chunkPoints<F>();
  const pairs = scratch;
  const batch = scratch + 8 * chunkPoints<F>();
  copyAffine<F>(table, base);
  for (let w = 0; w < windows; w++) {
    for (let known: u32 = 1; known < half; ) {
      const top = nth<F>(table, known - 1);
      for (let done: u32 = 0; done < known; ) {
        const count = min(known - done, limit);
        for (let i: u32 = 0; i < count; i++) {
          const out = nth<F>(table, known + done + i);
          copyAffine<F>(out, top);
          store<u32>(pairs + (<usize>i << 3), out);
          store<u32>(pairs + (<usize>i << 3), nth<F>(table, done + i), 4);
        }
        batchAdd<F>(pairs, <i32>count, batch);
        done += count;
      }
      known <<= 1;
    }
    const last = nth<F>(table, half - 1);
    table = nth<F>(table, half);
    if (w + 1 < windows) {
      copyAffine<F>(table, last);
      store<u32>(pairs, table);
      store<u32>(pairs, last, 4);
      batchAdd<F>(pairs, 1, batch);
    }
  }
}

/** out[i] = s_i·B, affine, for n scalars by their digits (`msm_digits_wide`) and the table of B. */
export function fixedMultiply<F>(
  out: usize,
  table: usize,
  digits: usize,
  rowBytes: usize,
  n: u32,
  c: u32,
  windows: i32,
  scratch: usize,
): void {
  const P = affineBytes<F>();
  const limit = <u32>chunkPoints<F>();
  const points = scratch;
  const pairs = nth<F>(points, limit);
  const batch = pairs + 24 * chunkPoints<F>();
  for (let i: u32 = 0; i < n; i++) clearAffine<F>(nth<F>(out, i));
  for (let w = 0; w < windows; w++) {
    for (let start: u32 = 0; start < n; start += limit) {
      const stop = min(start + limit, n);
      let pair = pairs;
      let point = points;
      for (let i = start; i < stop; i++) {
        const digit: i32 = load<i16>(digits + (<usize>i << 1));
        if (digit == 0) continue;
        // The entry of `gather` is 2·index + sign.
        gather<F>(point, ((<u32>abs(digit) - 1) << 1) | (<u32>digit >>> 31), table, 0, 0xffffffff);
        store<u32>(pair, nth<F>(out, i));
        store<u32>(pair, point, 4);
        pair += 8;
        point += P;
      }
      batchAdd<F>(pairs, <i32>((pair - pairs) >> 3), batch);
    }
    digits += rowBytes;
    table = nth<F>(table, 1 << (c - 1));
  }
}

/** Zeroes the points of n whose ordinate is congruent to zero: infinity as the sums spell it. */
export function spellInfinity<F>(points: usize, n: i32): void {
  for (let end = points + <usize>n * affineBytes<F>(); points < end; points += affineBytes<F>()) {
    const y = points + size<F>();
    if (isZero<F>(y)) {
      zero<F>(points);
      zero<F>(y);
    }
  }
}

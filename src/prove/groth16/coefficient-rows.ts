/** The coefficients of a .zkey (section 4: matrix, row, wire, value·2^512 mod r) as rows of A and B in the kernels' memory. */
import { R } from '../../field/bn254.js';
import { FIELD_WORDS, wordsOf } from '../../formats/coefficients.js';
import type { Domain } from '../../kernels/domain.js';
import { ELEMENT_BYTES } from '../../kernels/field-exports.js';
import type { Kernels } from '../../kernels/module.js';
import type { SparseRows } from '../../kernels/sparse.js';

const ENTRY_WORDS = 3 + FIELD_WORDS;
const ONE = wordsOf((1n << 512n) % R);
const MINUS_ONE = wordsOf(R - ((1n << 512n) % R));
/** Values of one low word that are told apart; what a hostile key has beyond is stored again. */
const MAX_CANDIDATES = 8;
/** Codes 0 and 1 are 1 and −1; the dictionary's begin here. */
const FIRST_CODE = 2;

/** Numbers to be appended to, four bytes each. */
class Words {
  length = 0;
  private words = new Uint32Array(1024);

  push(word: number): void {
    if (this.length === this.words.length) {
      const larger = new Uint32Array(2 * this.length);
      larger.set(this.words);
      this.words = larger;
    }
    this.words[this.length++] = word;
  }

  get array(): Uint32Array {
    return this.words.subarray(0, this.length);
  }
}

export class CoefficientRows {
  /** Row, wire, code of every entry, by matrix. */
  private readonly entries = [new Words(), new Words()] as const;
  private readonly rowStart: readonly [Uint32Array, Uint32Array];
  private readonly dictionary = new Words();
  /** Codes of the dictionary's values by their lowest word; of values that share it, all. */
  private readonly codes = new Map<number, number[]>();

  constructor(
    private readonly nRows: number,
    private readonly nWires: number,
  ) {
    this.rowStart = [new Uint32Array(nRows + 1), new Uint32Array(nRows + 1)];
  }

  /** Takes whole entries as the file has them, in any order. False, and nothing to be used, if one is out of place. */
  add(words: Uint32Array): boolean {
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      const [matrix, row, wire] = [words[at]!, words[at + 1]!, words[at + 2]!];
      if (matrix > 1 || row >= this.nRows || wire >= this.nWires) return false;
      this.rowStart[matrix]![row + 1]!++;
      const entries = this.entries[matrix]!;
      entries.push(row);
      entries.push(wire);
      entries.push(this.code(words, at + 3));
    }
    return true;
  }

  private code(words: Uint32Array, at: number): number {
    if (isEqual(words, at, ONE, 0)) return 0;
    if (isEqual(words, at, MINUS_ONE, 0)) return 1;
    const low = words[at]!;
    const candidates = this.codes.get(low) ?? [];
    const known = candidates.find((code) =>
      isEqual(words, at, this.dictionary.array, (code - FIRST_CODE) * FIELD_WORDS),
    );
    if (known !== undefined) return known;
    const code = this.dictionary.length / FIELD_WORDS + FIRST_CODE;
    for (let i = 0; i < FIELD_WORDS; i++) this.dictionary.push(words[at + i]!);
    if (candidates.length < MAX_CANDIDATES) this.codes.set(low, [...candidates, code]);
    return code;
  }

  /** Puts both matrices into the memory. */
  store(kernels: Kernels, domain: Domain): [SparseRows, SparseRows] {
    const dictionary = this.storeDictionary(kernels);
    const dictionaryEntries = this.dictionary.length / FIELD_WORDS;
    const matrix = (m: 0 | 1): SparseRows => {
      const rowStart = kernels.heap.allocate(4 * (this.nRows + 1));
      const starts = kernels.heap.words(rowStart, this.nRows + 1);
      starts.set(this.rowStart[m]);
      for (let row = 0; row < this.nRows; row++) starts[row + 1]! += starts[row]!;
      const next = starts.slice();
      const from = this.entries[m].array;
      const entries = kernels.heap.allocate((from.length / 3) * 8);
      const to = kernels.heap.words(entries, (from.length / 3) * 2);
      for (let at = 0; at < from.length; at += 3) {
        const place = 2 * next[from[at]!]!++;
        to[place] = from[at + 1]!;
        to[place + 1] = from[at + 2]!;
      }
      return { rowStart, entries, dictionary, dictionaryEntries, nRows: this.nRows, domain };
    };
    return [matrix(0), matrix(1)];
  }

  private storeDictionary({ exports, heap }: Kernels): number {
    const n = this.dictionary.length / FIELD_WORDS;
    const elements = heap.allocate(n * ELEMENT_BYTES);
    const mark = heap.mark();
    const bytes = heap.allocate(4 * this.dictionary.length);
    heap.words(bytes, this.dictionary.length).set(this.dictionary.array);
    // Each pass takes one factor of 2^256 away.
    exports.fr_from_mont256_n(elements, bytes, n);
    exports.fr_to_bytes_n(bytes, elements, n);
    exports.fr_from_mont256_n(elements, bytes, n);
    heap.release(mark);
    return elements;
  }
}

function isEqual(a: Uint32Array, at: number, b: Uint32Array, from: number): boolean {
  for (let i = 0; i < FIELD_WORDS; i++) if (a[at + i] !== b[from + i]) return false;
  return true;
}

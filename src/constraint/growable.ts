/** Typed arrays that grow, and the sparse rows made of them: a stored coefficient costs 12 bytes and no JavaScript object. */
import type { SparseMatrix } from './r1cs.js';

type Numeric = Uint8Array | Int32Array | Uint32Array | Float64Array;

/** An append-only typed array, doubling its room. */
export class Growable<T extends Numeric> {
  private array: T;
  length = 0;

  constructor(private readonly make: (size: number) => T) {
    this.array = make(64);
  }

  push(value: number): void {
    if (this.length === this.array.length) {
      const larger = this.make(2 * this.length);
      larger.set(this.array);
      this.array = larger;
    }
    this.array[this.length++] = value;
  }

  /** Element `i`, i < length. */
  at(i: number): number {
    return this.array[i]!;
  }

  /** Replaces element `i`, i < length. */
  set(i: number, value: number): void {
    this.array[i] = value;
  }

  /** A copy of exactly `length` elements. */
  finish(): T {
    return this.array.slice(0, this.length) as T;
  }
}

/** Rows of a sparse matrix, appended one after another. */
export class SparseRows {
  private readonly rowStart = new Growable((n) => new Uint32Array(n));
  private readonly wires = new Growable((n) => new Uint32Array(n));
  private readonly coefs = new Growable((n) => new Float64Array(n));

  constructor() {
    this.rowStart.push(0);
  }

  /** Complete rows. */
  get rows(): number {
    return this.rowStart.length - 1;
  }

  push(wire: number, coef: number): void {
    this.wires.push(wire);
    this.coefs.push(coef);
  }

  endRow(): void {
    this.rowStart.push(this.wires.length);
  }

  /** Replaces every wire by `place(wire)`, which must keep their order within each row. */
  renumber(place: (wire: number) => number): void {
    for (let i = 0; i < this.wires.length; i++) this.wires.set(i, place(this.wires.at(i)));
  }

  finish(): SparseMatrix {
    return { rowStart: this.rowStart.finish(), wires: this.wires.finish(), coefs: this.coefs.finish() };
  }
}

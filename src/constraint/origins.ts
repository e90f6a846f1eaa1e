/**
 * Where every row of a circuit comes from: its layer's IR op, and the kind of row, of which there are few. Run-length coded, and no part of the
 * circuit's hash: it explains the relation and does not make it. In an artifact of strangers it is what they say; the names may be any text.
 */
import { Growable } from './growable.js';

/** Which gadget asked which question, and how the answer is laid out: names of circuits/origin.ts. */
export interface RowKind {
  readonly gadget: string;
  readonly question: string;
  readonly layout: string;
}

export interface Origins {
  /** IR op of each of the circuit's layers; '' for what is no op of the model. */
  readonly irOps: readonly string[];
  readonly kinds: readonly RowKind[];
  /** Run i: `runLength[i]` rows of kind `runKind[i]`; the lengths add up to the number of rows. */
  readonly runKind: Uint16Array;
  readonly runLength: Uint32Array;
}

/** Collects the kinds of rows in the order of the rows. */
export class OriginWriter {
  private readonly kinds: RowKind[] = [];
  private readonly indices = new Map<string, number>();
  private readonly runKind = new Growable((n) => new Uint32Array(n));
  private readonly runLength = new Growable((n) => new Uint32Array(n));

  /** The number of a kind. */
  kind(kind: RowKind): number {
    const key = `${kind.gadget} ${kind.question} ${kind.layout}`;
    const known = this.indices.get(key);
    if (known !== undefined) return known;
    this.indices.set(key, this.kinds.length);
    return this.kinds.push(kind) - 1;
  }

  row(kind: number): void {
    const last = this.runKind.length - 1;
    if (last >= 0 && this.runKind.at(last) === kind) this.runLength.set(last, this.runLength.at(last) + 1);
    else {
      this.runKind.push(kind);
      this.runLength.push(1);
    }
  }

  finish(irOps: readonly string[]): Origins {
    return {
      irOps,
      kinds: this.kinds,
      runKind: Uint16Array.from(this.runKind.finish()),
      runLength: this.runLength.finish(),
    };
  }
}

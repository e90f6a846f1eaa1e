import type { Constraint, Form, Ref, Relation, Side, Table } from '../../src/verify/clear/relation.js';
import { constant, plus, type Expression, type Padded, type Term } from './expression.js';
import { add, base, mul, scale, sizeOf, sum, variablesOf, ZERO, type Element } from './field.js';
import type { Transcript } from './transcript.js';

export type Lookup = Extract<Constraint, { kind: 'lookup' }>;
export type Other = Exclude<Constraint, Lookup>;

/** What the parts of the argument share: they read the transcript, pad values, name products of pads and make claims. */
export class Argument {
  readonly relation: Relation;
  readonly publics: readonly BigUint64Array[];
  readonly transcript: Transcript;
  /** Each is an expression that is 0. */
  readonly claims: Expression[] = [];
  /** Pads of each product of pads. */
  readonly pairs: (readonly [number, number])[] = [];
  pads = 0;

  constructor(relation: Relation, publics: readonly BigUint64Array[], transcript: Transcript) {
    this.relation = relation;
    this.publics = publics;
    this.transcript = transcript;
  }

  /** "send" of sections 3 to 5: a draw follows every one. */
  send(label: string, count: number, draws = 0): { sent: Element[]; drawn: Element[] } {
    const sent = this.transcript.sent(label, count);
    return { sent, drawn: this.transcript.draw(label, draws) };
  }

  sendPadded(label: string, count: number, draws = 0): { sent: Padded[]; drawn: Element[] } {
    const { sent, drawn } = this.send(label, count, draws);
    return { sent: sent.map((value) => this.pad(value)), drawn };
  }

  /** (a' + p_a)(b' + p_b), by the committed product of the pads. */
  product(a: Padded, b: Padded): Expression {
    const index = this.pairs.push([a.pad, b.pad]) - 1;
    return {
      known: mul(a.known, b.known),
      terms: [
        { of: 'pad', index: b.pad, weight: a.known },
        { of: 'pad', index: a.pad, weight: b.known },
        { of: 'pad product', index, weight: base(1) },
      ],
    };
  }

  /** Σ weights_i · source_i over a tensor that is cells, multiplicities or public, flat. */
  tensor(source: Ref, weights: readonly Element[]): Expression {
    if (source.side === 'public') {
      const values = this.publics[source.index] ?? [];
      return constant(sum(weights.map((weight, i) => scale(weight, values[i] ?? 0n))));
    }
    const of = `${source.side} ${source.index}` as const;
    return { known: ZERO, terms: weights.map((weight, index) => ({ of, index, weight })) };
  }

  /** Σ weights_i · form_i. */
  form(form: Form, weights: readonly Element[]): Expression {
    const terms = form.terms.map(({ coefficient, source, select }) => {
      const by = weights.map((weight) => mul(weight, base(coefficient)));
      return this.tensor(source, select === undefined ? by : this.selected(source, select, by));
    });
    return plus(constant(mul(base(form.constant), sum(weights))), ...terms);
  }

  dims({ side, index }: Ref): readonly number[] {
    const { cells, weights, publics, tables } = this.relation;
    const boxes: { readonly [S in Side]: readonly number[] | undefined } = {
      cell: cells[index]?.dims,
      weight: weights[index]?.dims,
      public: publics[index]?.dims,
      multiplicity: tables.slice(index, index + 1).map((table) => rowsOf(table).length),
    };
    return boxes[side] ?? [];
  }

  private selected(
    source: Ref,
    select: { readonly from: Uint32Array; readonly to: Uint32Array },
    weights: readonly Element[],
  ): Element[] {
    const dense = Array.from({ length: sizeOf(this.dims(source)) }, () => ZERO);
    select.from.forEach((from, entry) => {
      dense[from] = add(dense[from] ?? ZERO, weights[select.to[entry] ?? 0] ?? ZERO);
    });
    return dense;
  }

  pad(sent: Element): Padded {
    const pad = this.pads++;
    const own: Term = { of: 'pad', index: pad, weight: base(1) };
    return { known: sent, terms: [own], pad };
  }
}

/** Rows (in, out) of a table. */
export function rowsOf(table: Table): [number, number][] {
  return table.pieces.flatMap((piece) =>
    piece.kind === 'line'
      ? Array.from({ length: piece.rows }, (_, i): [number, number] => [piece.first + i, piece.out + piece.slope * i])
      : Array.from(piece.values, (value, i): [number, number] => [piece.first + i, value]),
  );
}

export function mostVariables(boxes: readonly (readonly number[])[]): number {
  return boxes.reduce((most, dims) => Math.max(most, variablesOf(dims)), 0);
}

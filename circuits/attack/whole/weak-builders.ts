/**
 * Builders with a check left out, and a program for each in which that is to be noticed: the search has to find another statement for the same
 * inputs, or it finds nothing. Rows are taken out of the finished circuit, as if the builder had never laid them; lookups ask for
 * nothing, or in a larger table; further wires are let in where a range is to be too wide.
 */
import type { Circuit } from '../../../src/constraint/program.js';
import { constant, OWN_ENDS, type Bounds, type Lc } from '../../builder.js';
import type { Layout, Question } from '../../origin.js';
import { LookupBuilder } from '../../builders/lookup-builder.js';
import type { TablePlan } from '../../builders/lookup-plan.js';
import { R1csBuilder, type R1csOptions, type RowSide } from '../../builders/r1cs-builder.js';
import type { OpenTable } from '../../builders/rounds-builder.js';
import { Side } from '../../../src/constraint/program.js';
import { scale, sub } from '../../lc.js';
import { byBits, byLookups, smallTables, type Program } from './circuits.js';
import { Growing, programOf, type Tensor, type Visibilities } from './graphs.js';

/** The rows of one question. */
interface Answer {
  readonly question: Question;
  readonly booleans: number[];
  readonly others: number[];
  readonly lookups: number[];
}

/** Rows to forget of an answer. */
type Forget = (answer: Answer) => readonly number[];

/** Rows by the question that they answer, noted while they are laid. */
class Record {
  readonly answers: Answer[] = [];
  private current: Answer | undefined;
  private kind: 'booleans' | 'others' | 'lookups' = 'others';

  /** Questions within a question are its own. */
  asked<T>(question: Question, lay: () => T): T {
    if (this.current !== undefined) return lay();
    this.current = { question, booleans: [], others: [], lookups: [] };
    this.answers.push(this.current);
    try {
      return lay();
    } finally {
      this.current = undefined;
    }
  }

  as<T>(kind: 'booleans' | 'lookups', lay: () => T): T {
    this.kind = kind;
    try {
      return lay();
    } finally {
      this.kind = 'others';
    }
  }

  row(row: number): void {
    this.current?.[this.kind].push(row);
  }

  get question(): Question | undefined {
    return this.current?.question;
  }

  /** Lookups so far of the question at hand. */
  get lookups(): number {
    return this.current?.lookups.length ?? 0;
  }

  forgotten(forget: Forget): Set<number> {
    return new Set(this.answers.flatMap(forget));
  }
}

class WeakBits extends R1csBuilder {
  readonly record = new Record();

  protected override asked<T>(question: Question, layout: Layout, answer: () => T): T {
    // Fields of a class are set after its parent's constructor, which asks nothing.
    return this.record.asked(question, () => super.asked(question, layout, answer));
  }

  protected override row(a: RowSide, b: RowSide, c: RowSide): number {
    const row = super.row(a, b, c);
    this.record.row(row);
    return row;
  }

  protected override boolean(bit: Lc): void {
    this.record.as('booleans', () => {
      super.boolean(bit);
    });
  }
}

/** A remainder may be 2^s and more: a further bit of that weight is free. */
class WideRemainder extends WeakBits {
  override split(x: Lc, widths: readonly number[], single: readonly number[] = []): Lc[] {
    const [remainder] = widths;
    if (widths.length < 2 || remainder === undefined || remainder < 1) return super.split(x, widths, single);
    return this.asked('split', 'bits', () => {
      const extra = this.integerWire({ lo: 0, hi: 1 });
      this.boolean(extra);
      return super.split({ ...sub(x, scale(extra, 2 ** remainder)), lo: x.lo, hi: x.hi }, widths, single);
    });
  }
}

/** What becomes of a lookup: the nth of a question, in the table of that name. */
type Change = (question: Question, nth: number, table: string) => 'omit' | { readonly rows: number } | undefined;

class WeakLookups extends LookupBuilder {
  readonly record = new Record();

  constructor(
    plan: TablePlan,
    private readonly change: Change = () => undefined,
    private readonly freeColumn = false,
  ) {
    super(plan);
  }

  protected override asked<T>(question: Question, layout: Layout, answer: () => T): T {
    return this.record.asked(question, () => super.asked(question, layout, answer));
  }

  protected override row(a: RowSide, b: RowSide, c: RowSide): number {
    const row = super.row(a, b, c);
    this.record.row(row);
    return row;
  }

  protected override boolean(bit: Lc): void {
    this.record.as('booleans', () => {
      super.boolean(bit);
    });
  }

  protected override lookup(table: OpenTable, query: Lc, product?: number): number {
    const { question } = this.record;
    const change = question === undefined ? undefined : this.change(question, this.record.lookups, table.name);
    return this.record.as('lookups', () => {
      if (change === undefined) return super.lookup(table, query, product);
      if (change === 'omit') return super.lookup(table, constant(0), product);
      return super.lookup(this.openTable(`range ${change.rows}`, change.rows), query, product);
    });
  }

  /** With a free column what is used of a table is a copy that no row holds to it. */
  protected override evaluate(table: OpenTable, index: Lc, bounds: Bounds): Lc {
    const y = super.evaluate(table, index, bounds);
    if (!this.freeColumn) return y;
    const copy = this.integerWire(bounds);
    this.program.emit('Linear', copy.wires[0]!, [Side.H, this.hintRow(y)]);
    return copy;
  }
}

/** A circuit with a hole, and the inputs that show it. */
export interface WeakCircuit {
  readonly name: string;
  readonly protocol: 'groth16' | 'mirage';
  readonly program: Program;
  readonly circuit: Circuit;
  /** Rows that are taken out of it. */
  readonly without: ReadonlySet<number>;
}

function grown(
  inputs: readonly (readonly [lo: number, hi: number, size: number])[],
  grow: (graph: Growing, inputs: readonly Tensor[]) => Tensor,
  visibilities: Visibilities = { shown: 'public', given: 'public' },
): Program {
  const graph = new Growing(() => 0, 'saturate');
  const tensors = inputs.map(([lo, hi, size]) => graph.push('input', { lo, hi }, [], size));
  return programOf(graph, tensors, [grow(graph, tensors)], visibilities);
}

const sumOf = (graph: Growing, x: Tensor, size: number): Tensor =>
  graph.linear(
    [x],
    size,
    (row) => Array.from(x.fact.lo, (_, i) => [i, ((i + row) % 3) + 1] as const),
    () => 1,
  );

/** Two layers: what is forged in the first has to pass the second. */
const layers = grown([[-60, 60, 3]], (graph, [x]) => {
  const hidden = graph.push('requantise', { shift: 2, lo: 0, bits: 4, ends: OWN_ENDS }, [sumOf(graph, x!, 2)], 2);
  return graph.push('requantise', { shift: 2, lo: -8, bits: 4, ends: OWN_ENDS }, [sumOf(graph, hidden, 2)], 2);
});
/** A layer whose clamps the statement speaks of. */
const counting = grown([[-60, 60, 3]], (graph, [x]) => {
  const ends = { lo: 'counted', hi: 'counted' } as const;
  return graph.push('requantise', { shift: 2, lo: 0, bits: 4, ends }, [sumOf(graph, x!, 2)], 2);
});
const maximum = grown([[-20, 20, 3]], (graph, [x]) =>
  graph.push('maxWindows', { start: Uint32Array.from([0, 3]), index: Uint32Array.from([0, 1, 2]) }, [x!], 1),
);
const positive = grown([[-100, 90, 2]], (graph, [x]) => graph.push('positive', {}, [x!], 2));
const comparison = grown([[-100, 90, 2]], (graph, [x]) => graph.push('compare', {}, [x!], 2));
const division = grown(
  [
    [0, 60, 2],
    [1, 7, 2],
  ],
  (graph, [n, d]) => graph.push('divide', { shift: 0 }, [n!, d!], 2),
);
const VALUES = Float64Array.from({ length: 13 }, (_, i) => ((i * 7) % 13) - 4);
const functionTable = grown([[0, 12, 2]], (graph, [x]) =>
  graph.push('table', { name: 'f', lo: 0, values: VALUES }, [x!], 2),
);
const squares = grown([[-9, 9, 2]], (graph, [x]) => {
  const each = Uint32Array.from([0, 1]);
  return graph.push('bilinear', { start: Uint32Array.from([0, 1, 2]), left: each, right: each }, [x!, x!], 2);
});
const copies = grown([[-20, 20, 6]], (graph, [x]) => {
  const wide = sumOf(graph, x!, 2);
  const each = Uint32Array.from([0, 1]);
  return graph.push('bilinear', { start: Uint32Array.from([0, 1, 2]), left: each, right: each }, [wide, wide], 2);
});
const committed = grown([[-9, 9, 2]], (graph, [x]) => graph.push('positive', {}, [x!], 2), {
  shown: 'committed',
  given: 'private',
});
const matrices = grown(
  [
    [-9, 9, 9],
    [-9, 9, 9],
  ],
  (graph, [x, y]) => {
    const terms = Array.from({ length: 27 }, (_, e) => [
      Math.floor(e / 9) * 3 + (e % 3),
      (e % 3) * 3 + (Math.floor(e / 3) % 3),
    ]);
    const attrs = {
      start: Uint32Array.from({ length: 10 }, (_, i) => 3 * i),
      left: Uint32Array.from(terms, ([left]) => left!),
      right: Uint32Array.from(terms, ([, right]) => right!),
      shape: { batch: 1, m: 3, k: 3, n: 3 },
    };
    return graph.push('bilinear', attrs, [x!, y!], 9);
  },
);

function weakBits(
  name: string,
  program: Program,
  forget: Forget,
  make: (options: R1csOptions) => WeakBits = (options) => new WeakBits(options),
): WeakCircuit {
  let builder: WeakBits | undefined;
  const circuit = byBits(program, (options) => (builder = make(options)));
  return { name, protocol: 'groth16', program, circuit, without: builder!.record.forgotten(forget) };
}

function weakLookups(
  name: string,
  program: Program,
  {
    forget = () => [],
    change,
    freeColumn,
  }: { readonly forget?: Forget; readonly change?: Change; readonly freeColumn?: boolean },
  plan: TablePlan = smallTables,
): WeakCircuit {
  const builder = new WeakLookups(plan, change, freeColumn);
  const circuit = byLookups(program, builder);
  return { name, protocol: 'mirage', program, circuit, without: builder.record.forgotten(forget) };
}

/** Of answers to one question alone. */
const of =
  (question: Question, pick: Forget): Forget =>
  (answer) =>
    answer.question === question ? pick(answer) : [];

const functions: TablePlan = { ...smallTables, functions: new Set(['f']) };

export function weakCircuits(): WeakCircuit[] {
  return [
    weakBits(
      'a rounding whose remainder has no range',
      layers,
      of('quotient', ({ booleans }) => booleans.slice(0, 2)),
    ),
    weakBits(
      'a rounding whose remainder is one bit too wide',
      layers,
      () => [],
      (options) => new WideRemainder(options),
    ),
    weakBits(
      'a split with one Boolean row dropped',
      layers,
      of('quotient', ({ booleans }) => booleans.slice(3, 4)),
    ),
    weakBits(
      'a clamp whose sign is no bit',
      layers,
      of('quotient', ({ booleans }) => booleans.slice(-1)),
    ),
    weakBits(
      'a clamp whose overflow flag is free',
      layers,
      of('quotient', ({ others }) => others.slice(0, 1)),
    ),
    weakBits(
      'a clamp without its last product',
      layers,
      of('quotient', ({ others }) => others.slice(-1)),
    ),
    weakBits(
      'a maximum without the range of the difference',
      maximum,
      of('max', ({ booleans }) => booleans.slice(0, -1)),
    ),
    weakBits(
      'a positive part whose sign is no bit',
      positive,
      of('positive', ({ booleans }) => booleans.slice(-1)),
    ),
    weakBits(
      'a comparison without its range',
      comparison,
      of('isNonNegative', ({ booleans }) => booleans.slice(0, -1)),
    ),
    weakBits(
      'a division without remainder < divisor',
      division,
      of('divide', ({ booleans }) => booleans.slice(-3)),
    ),
    weakBits(
      'a division without remainder ≥ 0',
      division,
      of('divide', ({ booleans }) => booleans.slice(-6, -3)),
    ),
    weakBits(
      'a division without its product',
      division,
      of('divide', ({ others }) => others.slice(0, 1)),
    ),
    weakBits(
      'a table with a free one-hot entry',
      functionTable,
      of('table', ({ others }) => others.slice(0, 1)),
    ),
    weakBits(
      'a table without its last choice',
      functionTable,
      of('table', ({ others }) => others.slice(-1)),
    ),
    weakBits(
      'a product without its row',
      squares,
      of('product', ({ others }) => others),
    ),
    weakBits(
      'a copy without its row',
      copies,
      of('materialise', ({ others }) => others),
    ),
    weakBits(
      'a public signal that no row binds',
      squares,
      of('expose', ({ others }) => others),
    ),
    weakBits(
      'a Poseidon hash without one square',
      committed,
      of('fieldProduct', ({ others }) => others),
    ),
    weakBits(
      'a bit without the first row of its zero test',
      counting,
      of('clamped', ({ others }) => others.slice(1, 2)),
    ),
    weakBits(
      'a bit without the second row of its zero test',
      counting,
      of('clamped', ({ others }) => others.slice(-1)),
    ),
    weakLookups('a bit without the first row of its zero test', counting, {
      forget: of('clamped', ({ others }) => others.slice(1, 2)),
    }),
    weakLookups('a bit without the second row of its zero test', counting, {
      forget: of('clamped', ({ others }) => others.slice(-1)),
    }),
    weakLookups('a rounding whose remainder is not looked up', layers, {
      change: (question, nth) => (question === 'quotient' && nth === 0 ? 'omit' : undefined),
    }),
    weakLookups('a rounding whose remainder is one bit too wide', layers, {
      change: (question, nth) => (question === 'quotient' && nth === 0 ? { rows: 8 } : undefined),
    }),
    weakLookups('a rounding whose lookup row is deleted', layers, {
      forget: of('quotient', ({ lookups }) => lookups.slice(0, 1)),
    }),
    weakLookups('a clamp with y below top and p', layers, {
      forget: of('quotient', ({ others }) => others.slice(0, 1)),
    }),
    weakLookups('a clamp with y and n both', layers, {
      forget: of('quotient', ({ others }) => others.slice(1, 2)),
    }),
    weakLookups('a clamp without its products', layers, { forget: of('quotient', ({ others }) => others) }),
    weakLookups('a clamp whose p + n has no range', layers, {
      change: (question, nth) => (question === 'quotient' && (nth === 1 || nth === 2) ? 'omit' : undefined),
    }),
    weakLookups('a maximum without the range of the difference', maximum, {
      change: (question) => (question === 'max' ? 'omit' : undefined),
    }),
    weakLookups('a positive part without its product', positive, { forget: of('positive', ({ others }) => others) }),
    weakLookups('a comparison whose sign is no bit', comparison, {
      forget: of('isNonNegative', ({ booleans }) => booleans),
    }),
    weakLookups('a comparison whose limbs are not looked up', comparison, {
      change: (question) => (question === 'isNonNegative' ? 'omit' : undefined),
    }),
    weakLookups('a division without remainder < divisor', division, {
      change: (question, nth) => (question === 'divide' && nth === 3 ? 'omit' : undefined),
    }),
    weakLookups('a division without its product', division, { forget: of('divide', ({ others }) => others) }),
    weakLookups('a function whose value is not looked up', functionTable, { freeColumn: true }, functions),
    weakLookups(
      'a table without its sum',
      functionTable,
      { forget: of('tableSum', ({ others }) => others) },
      functions,
    ),
    weakLookups(
      'a table without one of its rows',
      functionTable,
      { forget: of('tableRow', ({ others }) => others.slice(2, 3)) },
      functions,
    ),
    weakLookups('a matrix product that is not checked', matrices, {
      forget: of('matrixProduct', ({ others }) => others.slice(-1)),
    }),
    weakLookups('a matrix product with a free term in its check', matrices, {
      forget: of('matrixProduct', ({ others }) => others.slice(6, 7)),
    }),
  ];
}

/**
 * Where a row comes from, in names: the gadget that asked, the question it asked a builder, and how the builder laid out the answer. With each
 * the paragraph of docs that argues for such rows. Tables over the unions are held complete by the compiler; files keep the names.
 */

/** What a builder can be asked that takes rows, and what it does of its own accord (the last five). */
export type Question =
  | 'input'
  | 'range'
  | 'split'
  | 'nonZero'
  | 'isNonNegative'
  | 'positive'
  | 'max'
  | 'quotient'
  | 'table'
  | 'matrixProduct'
  | 'divide'
  | 'squareRoot'
  | 'product'
  | 'assertProduct'
  | 'materialise'
  | 'fieldProduct'
  | 'fieldLinear'
  | 'clamped'
  | 'expose'
  | 'fold'
  | 'tableRow'
  | 'tableSum';

/** The files of circuits/gadgets that ask questions, by name. Who asks without being one of them is `none`. */
export type GadgetName = 'argmax' | 'max' | 'poseidon' | 'positive' | 'products' | 'requantise' | 'none';

export type Layout = 'bits' | 'lookups';

export interface RowOrigin {
  readonly gadget: GadgetName;
  readonly question: Question;
  readonly layout: Layout;
}

/** A place in docs/: what it is called, its file and the anchor there. */
export interface Paragraph {
  readonly title: string;
  readonly page: 'soundness.md' | 'soundness/mirage.md';
  readonly anchor: string;
}

const of = (title: string, anchor: string, page: Paragraph['page'] = 'soundness.md'): Paragraph => ({
  title,
  page,
  anchor,
});
const same = (paragraph: Paragraph): { readonly [L in Layout]: Paragraph } => ({
  bits: paragraph,
  lookups: paragraph,
});

const rangeByLookups = of('range by lookups', 'range-by-lookups');
const product = of('product', 'product');
const tables = of('the lookup argument', '1-the-relation', 'soundness/mirage.md');

/** The paragraph for each question, as it is laid out. */
export const paragraphs: { readonly [Q in Question]: { readonly [L in Layout]: Paragraph } } = {
  input: { bits: of('range by bits', 'range-by-bits'), lookups: rangeByLookups },
  range: { bits: of('range by bits', 'range-by-bits'), lookups: rangeByLookups },
  split: same(of('split into bits', 'split-by-bits')),
  nonZero: same(of('not zero', 'not-zero')),
  isNonNegative: { bits: of('sign by bits', 'sign-by-bits'), lookups: of('sign by lookups', 'sign-by-lookups') },
  positive: {
    bits: of('positive part by bits', 'positive-by-bits'),
    lookups: of('positive part by lookups', 'positive-by-lookups'),
  },
  max: { bits: of('maximum by bits', 'max-by-bits'), lookups: of('maximum by lookups', 'max-by-lookups') },
  quotient: {
    bits: of('requantise, ReLU and clamp by bits', 'requantise-by-bits'),
    lookups: of('floor and clamp by lookups', 'quotient-by-lookups'),
  },
  table: { bits: of('table by bits', 'table-by-bits'), lookups: of('table by lookups', 'table-by-lookups') },
  matrixProduct: {
    bits: of('sum of products', 'sum-of-products'),
    lookups: of('matrix product by Freivalds’ check', 'matrix-product-by-freivalds'),
  },
  divide: {
    bits: of('division by bits', 'division-by-bits'),
    lookups: of('division by lookups', 'division-by-lookups'),
  },
  squareRoot: {
    bits: of('square root by bits', 'square-root-by-bits'),
    lookups: of('square root by lookups', 'square-root-by-lookups'),
  },
  product: same(product),
  assertProduct: same(product),
  materialise: same(of('a wire for a long combination', 'materialise')),
  fieldProduct: same(product),
  fieldLinear: same(of('a wire for a long combination', 'materialise')),
  clamped: same(of('whether a value was clamped', 'clamped-bit')),
  expose: same(of('public signals', 'public-signals')),
  fold: same(of('public signals', 'public-signals')),
  tableRow: same(tables),
  tableSum: same(tables),
};

/** Gadgets whose own argument goes before that of what they ask. */
export const gadgetParagraphs: { readonly [G in GadgetName]: { readonly [L in Layout]?: Paragraph } } = {
  argmax: same(of('argmax', 'argmax')),
  max: {},
  poseidon: same(of('Poseidon', 'poseidon')),
  positive: {},
  products: same(of('sum of products', 'sum-of-products')),
  requantise: {},
  none: {},
};

/** What argues for rows of an origin, whose names may come from a file; undefined for names that are not known here. */
export function paragraphOf(origin: {
  readonly gadget: string;
  readonly question: string;
  readonly layout: string;
}): Paragraph | undefined {
  const { gadget, question, layout } = origin;
  if (!isKey(paragraphs, question) || !isKey(gadgetParagraphs, gadget) || (layout !== 'bits' && layout !== 'lookups'))
    return undefined;
  return gadgetParagraphs[gadget][layout] ?? paragraphs[question][layout];
}

function isKey<T extends object>(table: T, name: string): name is Extract<keyof T, string> {
  return Object.hasOwn(table, name);
}

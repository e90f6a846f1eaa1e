/** What a relation costs, in the quantities that a proof's size and time go by. */
import {
  elementsOf,
  tableRows,
  type Constraint,
  type Relation,
  type RelationTensor,
} from '../../verify/clear/relation.js';
import { walkedEntries } from './maps.js';

export interface RelationStatistics {
  /** Committed by each proof: the lowering's cells, and a multiplicity a table row. */
  readonly cells: number;
  readonly multiplicities: number;
  readonly lookups: number;
  readonly tables: number;
  readonly tableRows: number;
  /** Elements of product constraints. */
  readonly products: number;
  readonly constraints: number;
  readonly weights: number;
  /** Of maps without structure and of selections: what prover and verifier walk one by one. */
  readonly mapEntries: number;
  readonly selectEntries: number;
}

export function statisticsOf({ cells, weights, tables, constraints }: Relation): RelationStatistics {
  const elements = (tensors: readonly RelationTensor[]) => tensors.reduce((sum, { dims }) => sum + elementsOf(dims), 0);
  const of = (kind: Constraint['kind']) =>
    constraints.reduce((sum, constraint) => sum + (constraint.kind === kind ? elementsOf(constraint.dims) : 0), 0);
  const rows = tables.reduce((sum, table) => sum + tableRows(table), 0);
  return {
    cells: elements(cells),
    multiplicities: rows,
    lookups: of('lookup'),
    tables: tables.length,
    tableRows: rows,
    products: of('product'),
    constraints: constraints.length,
    weights: elements(weights),
    mapEntries: constraints.reduce((sum, constraint) => sum + mapEntries(constraint), 0),
    selectEntries: constraints.reduce((sum, constraint) => sum + selectEntries(constraint), 0),
  };
}

export function mapEntries(constraint: Constraint): number {
  if (constraint.kind !== 'linear') return 0;
  return constraint.terms.reduce((sum, term) => sum + walkedEntries(term), 0);
}

export function selectEntries(constraint: Constraint): number {
  const forms = {
    linear: () => [(constraint as Extract<Constraint, { kind: 'linear' }>).form],
    matmul: () => [(constraint as Extract<Constraint, { kind: 'matmul' }>).form],
    product: () => {
      const { a, b, c } = constraint as Extract<Constraint, { kind: 'product' }>;
      return [a, b, c];
    },
    lookup: () => {
      const { input, output } = constraint as Extract<Constraint, { kind: 'lookup' }>;
      return [input, output];
    },
  } satisfies { [K in Constraint['kind']]: unknown };
  return forms[constraint.kind]().reduce(
    (sum, { terms }) => sum + terms.reduce((part, { select }) => part + (select?.from.length ?? 0), 0),
    0,
  );
}

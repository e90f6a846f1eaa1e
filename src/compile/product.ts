/** What compiling makes for a protocol: a circuit of rows, or an integer program and its relation; and what is asked of it whichever it is. */
import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { unsupportedProtocol } from '../base/unsupported.js';
import type { Circuit } from '../constraint/program.js';
import { writeFileAtomically, type WriteOptions } from '../formats/atomic-write.js';
import { circuitDigest } from '../formats/circuit-digest.js';
import { namesOf, writeCircuitFile } from '../formats/circuit-file.js';
import { artifactPaths, type Figures, type LayerCost } from '../formats/manifest.js';
import type { OutputSet } from '../formats/output-set.js';
import { figuresOf } from '../verify/clear/key.js';
import type { Relation } from '../verify/clear/relation.js';
import { relationBytes } from '../verify/clear/relation-bytes.js';
import { schemaDigest } from '../verify/schema.js';
import type { Schema } from '../verify/statement.js';
import type { IrGraph } from './ir/graph.js';
import { programBytes } from './ir/program-bytes.js';

export type ProductLayer = Pick<LayerCost, 'name' | 'op' | 'constraints' | 'cells'>;

export interface Product {
  /** Variants of a model are compared by it: the least is chosen. */
  readonly cost: number;
  /** What `cost` counts, in the plural. */
  readonly unit: string;
  readonly layers: readonly ProductLayer[];
  readonly figures: Figures;
  /** "sha256:…" each: of all that is written, the schema included, and of what is proven alone. */
  readonly names: { readonly hash: string; readonly relation: string };
  /** Throws PROTOCOL_UNSUPPORTED where there are no rows. */
  readonly circuit: Circuit;
  /** program.bin. Throws PROTOCOL_UNSUPPORTED where a circuit is proven. */
  readonly program: Uint8Array;
  /** Writes it into an artifact folder; another protocol's product that is there goes. */
  write(dir: string, options: WriteOptions & { readonly within: OutputSet }): Promise<void>;
}

/** A product and its kin by the file they are in. */
type Kind = 'circuit' | 'program';
const KINDS: readonly Kind[] = ['circuit', 'program'];

async function writeAlone(
  kind: Kind,
  dir: string,
  within: OutputSet,
  write: (file: string) => Promise<void>,
): Promise<void> {
  const paths = artifactPaths(dir);
  await write(paths[kind]);
  for (const other of KINDS) {
    if (other !== kind && (await isThere(paths[other]))) within.remove(paths[other]);
  }
}

const isThere = (file: string): Promise<boolean> => lstat(file).then(Boolean, () => false);

export class CircuitProduct implements Product {
  readonly unit = 'rows';
  readonly circuit: Circuit;

  constructor(
    circuit: Circuit,
    private readonly schema: Schema,
    private readonly protocol: string,
  ) {
    this.circuit = { ...circuit, schemaDigest: schemaDigest(schema) };
  }

  get cost(): number {
    return this.circuit.r1cs.nConstraints;
  }

  get layers(): readonly ProductLayer[] {
    return this.circuit.layers;
  }

  get figures(): Figures {
    const { nConstraints, nWires, a, b, c } = this.circuit.r1cs;
    return { constraints: nConstraints, wires: nWires, nonZeros: a.wires.length + b.wires.length + c.wires.length };
  }

  get program(): never {
    throw unsupportedProtocol(this.protocol, 'integer program in its artifacts');
  }

  get names() {
    const names = namesOf(this.circuit);
    return { hash: circuitDigest(names, schemaDigest(this.schema)), relation: names.relation };
  }

  write(dir: string, options: WriteOptions & { readonly within: OutputSet }): Promise<void> {
    return writeAlone('circuit', dir, options.within, (file) => writeCircuitFile(file, this.circuit, options));
  }
}

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export class ProgramProduct implements Product {
  readonly unit = 'cells and lookups';
  readonly program: Uint8Array;

  constructor(
    private readonly ir: IrGraph,
    schema: Schema,
    readonly relation: Relation,
    private readonly protocol: string,
  ) {
    this.program = programBytes({ ir, schemaDigest: schemaDigest(schema) });
  }

  get cost(): number {
    const { cells, lookups, tableRows } = this.figures;
    return cells! + lookups! + tableRows!;
  }

  /** Cells by the node that they were made for: names of cells begin with it. */
  get layers(): readonly ProductLayer[] {
    const cells = new Map<string, number>();
    for (const { name, dims } of this.relation.cells) {
      const node = name.slice(0, name.lastIndexOf(': '));
      cells.set(node, (cells.get(node) ?? 0) + dims.reduce((product, dim) => product * dim, 1));
    }
    return this.ir.nodes.map(({ name, origin }) => ({ name, op: origin, cells: cells.get(name) ?? 0 }));
  }

  get figures(): Figures {
    return { ...figuresOf(this.relation) };
  }

  get names() {
    return { hash: sha256(this.program), relation: sha256(relationBytes(this.relation)) };
  }

  get circuit(): never {
    throw unsupportedProtocol(this.protocol, 'circuit of constraints');
  }

  write(dir: string, options: WriteOptions & { readonly within: OutputSet }): Promise<void> {
    return writeAlone('program', dir, options.within, (file) => writeFileAtomically(file, this.program, options));
  }
}

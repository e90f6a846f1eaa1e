/**
 * The relations of golden models beside the number of the lowering that made them (test/golden/relations.csv): what compiling again may compare is
 * what gives equal circuits of equal choices.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Manifest } from '../../src/formats/manifest.js';
import { canonicalJson } from '../../src/verify/json.js';

const GOLDEN = new URL('../golden/relations.csv', import.meta.url);
const HEADER = 'model,protocol,lowering,choices,relation';

export interface GoldenRelation {
  readonly lowering: number;
  /** The first 64 bits of their SHA-256. */
  readonly choices: string;
  readonly relation: string;
}

/** What must be done about a relation that is not the golden one; undefined where nothing must. */
export function faultOf(golden: GoldenRelation | undefined, made: GoldenRelation): string | undefined {
  if (golden === undefined) return 'no golden relation: UPDATE_GOLDEN=1 writes it';
  if (made.lowering < golden.lowering) return 'LOWERING may only rise';
  if (made.lowering > golden.lowering) return 'LOWERING was raised: UPDATE_GOLDEN=1 renews the golden relations';
  if (made.choices !== golden.choices) {
    return 'calibration chooses otherwise than it did: UPDATE_GOLDEN=1 renews the golden relations, and LOWERING stays if equal choices give equal circuits';
  }
  if (made.relation === golden.relation) return undefined;
  return 'equal choices give another circuit: raise LOWERING in src/compile/choices.ts, then UPDATE_GOLDEN=1';
}

/** Compares with the golden entry. UPDATE_GOLDEN=1 renews it, but never one whose lowering should have been raised. */
export function expectGoldenRelation(model: string, manifest: Manifest): void {
  const { protocol } = manifest;
  const made = relationOf(manifest);
  const key = `${model},${protocol}`;
  const isDue = process.env['UPDATE_GOLDEN'] === '1';
  if (isDue && mayRenew(readGolden().get(key), made)) writeGolden(readGolden().set(key, made));
  expect(faultOf(readGolden().get(key), made), `${model}, ${protocol}`).toBeUndefined();
}

/** Whether the golden entry may be replaced without the number being raised. */
export function mayRenew(golden: GoldenRelation | undefined, made: GoldenRelation): boolean {
  return golden === undefined || made.lowering > golden.lowering || made.choices !== golden.choices;
}

function relationOf({ lowering, choices, quantisation, circuit }: Manifest): GoldenRelation {
  const text = canonicalJson({ choices, quantisation });
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { lowering: lowering!, choices: digest, relation: circuit.relation! };
}

function readGolden(): Map<string, GoldenRelation> {
  const [header, ...lines] = readFileSync(GOLDEN, 'utf8').trim().split('\n');
  expect(header).toBe(HEADER);
  return new Map(
    lines.map((line) => {
      const [model, protocol, lowering, choices, relation] = line.split(',');
      return [`${model},${protocol}`, { lowering: Number(lowering), choices: choices!, relation: relation! }];
    }),
  );
}

function writeGolden(golden: ReadonlyMap<string, GoldenRelation>): void {
  const lines = [...golden].map(([key, { lowering, choices, relation }]) => [key, lowering, choices, relation].join());
  writeFileSync(GOLDEN, `${[HEADER, ...lines.sort()].join('\n')}\n`);
}

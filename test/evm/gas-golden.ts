/** test/golden/gas.json: what was measured on anvil, by contract. Each test file holds its own entries. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';

export type Gas = Record<string, Record<string, number>>;

const GOLDEN = new URL('../golden/gas.json', import.meta.url);

export function goldenGas(): Gas {
  return JSON.parse(readFileSync(GOLDEN, 'utf8')) as Gas;
}

/** Compares with the entries whose names `isOurs` accepts: all of them, and no others. UPDATE_GOLDEN=1 renews these entries. */
export function expectGoldenGas(measured: Gas, isOurs: (entry: string) => boolean): void {
  const entries = Object.entries(goldenGas());
  if (process.env['UPDATE_GOLDEN'] === '1') {
    const others = entries.filter(([name]) => !isOurs(name));
    const all = Object.fromEntries(
      [...others, ...Object.entries(measured)].sort(([left], [right]) => (left < right ? -1 : 1)),
    );
    writeFileSync(GOLDEN, `${JSON.stringify(all, null, 2)}\n`);
  }
  expect(measured).toEqual(Object.fromEntries(Object.entries(goldenGas()).filter(([name]) => isOurs(name))));
}

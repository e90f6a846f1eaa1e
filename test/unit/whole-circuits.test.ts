/**
 * Whole circuits have one statement for given inputs: random graphs in every layout are searched for a second one, and the search is under test
 * itself, by builders with holes.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { judgeGraphs, judgeWeak, LAYOUT_NAMES, Tally, type Tallies } from '../../circuits/attack/whole/campaign.js';
import { byLookups, everyTable, givenOf, layouts, smallTables } from '../../circuits/attack/whole/circuits.js';
import { randomGraph, sampleInputs, STEP_NAMES } from '../../circuits/attack/whole/graphs.js';
import { readRelation } from '../../circuits/attack/whole/relation.js';
import { WholeCircuit } from '../../circuits/attack/whole/search.js';
import { weakCircuits } from '../../circuits/attack/whole/weak-builders.js';
import { randomField } from '../../circuits/attack/harness.js';
import { LookupBuilder } from '../../circuits/builders/lookup-builder.js';
import { isTwoRound } from '../../src/constraint/kind.js';
import { signed } from '../../src/field/bn254.js';

/** Ten seconds, more on a busy machine. Every step is some graph's first. `npm run attack:circuits` takes more. */
const SEEDS = Array.from({ length: 2 * STEP_NAMES.length }, (_, i) => 1 + i);
const INPUTS = 3;

describe('random graphs', () => {
  let tallies: Tallies;
  beforeAll(() => {
    tallies = judgeGraphs(SEEDS, INPUTS);
  }, 300_000);

  it.each(LAYOUT_NAMES)('have one statement for given inputs, by %s', (layout) => {
    const { circuits, inputs, unique, refused, undecided, second, faults } = tallies[layout];
    expect(faults).toEqual([]);
    expect(second).toEqual([]);
    expect(undecided).toEqual([]);
    expect(circuits).toBe(SEEDS.length);
    expect(inputs).toBe(SEEDS.length * INPUTS);
    expect(unique + refused).toBe(inputs);
    expect(unique).toBeGreaterThan(0.9 * inputs);
  });

  it('compile where terms cancel before a square: 3·x − 3·x − 5 has the bounds of −5', () => {
    const graph = randomGraph(235);
    const tally = new Tally();
    tally.judge('graph 235', layouts.groth16(graph), graph, sampleInputs(graph, 235, 2), 235);
    expect(tally).toMatchObject({ unique: 2, undecided: [], second: [], faults: [] });
  });

  it.each(LAYOUT_NAMES)('compile where a matrix product has squares, whose entries are not negative: %s', (layout) => {
    const graph = randomGraph(137);
    const tally = new Tally();
    tally.judge('graph 137', layouts[layout](graph), graph, sampleInputs(graph, 137, 3), 137);
    expect(tally).toMatchObject({ unique: 3, undecided: [], second: [], faults: [] });
  });

  it('use every op that takes rows, saturate and reject, and show, hide and commit', () => {
    const graphs = SEEDS.map(randomGraph);
    const ops = new Set(graphs.flatMap(({ ir }) => ir.nodes.map(({ op }) => op)));
    expect([...ops].sort()).toEqual([
      'argmax',
      'bilinear',
      'compare',
      'divide',
      'gather',
      'input',
      'linear',
      'maxWindows',
      'positive',
      'requantise',
      'squareRoot',
      'table',
    ]);
    expect(new Set(graphs.map(({ overflow }) => overflow)).size).toBe(2);
    expect(new Set(graphs.map(({ schema }) => schema.inputs[0]!.visibility)).size).toBe(3);
    expect(new Set(graphs.map(({ schema }) => schema.outputs[0]!.visibility)).size).toBe(2);
  });
});

describe('what is read of rows', () => {
  it.each(SEEDS.slice(0, 6))('of graph %d is what the builder noted', (seed) => {
    const graph = randomGraph(seed);
    for (const plan of [smallTables, everyTable(graph)]) {
      const circuit = byLookups(graph, new LookupBuilder(plan));
      if (!isTwoRound(circuit)) throw new TypeError('a circuit of two rounds');
      const { rounds } = circuit;
      const { lookups: all, unread } = readRelation(circuit);
      const lookups = all.filter(({ counts }) => counts !== true);
      expect(unread).toEqual([]);
      expect(lookups.map(({ row }) => row).sort((p, q) => p - q)).toEqual([...rounds.lookupRow].sort((p, q) => p - q));
      const tables = new Map(Array.from(rounds.lookupRow, (row, k) => [row, rounds.tables[rounds.lookupTable[k]!]!]));
      for (const { row, table } of lookups) {
        const { rows, values } = tables.get(row)!;
        const column = Array.from({ length: rows }, (_, t) => [BigInt(values?.[t] ?? 0)]);
        expect(table.values.map((entries) => entries.map((value) => signed(value)))).toEqual(column);
      }
    }
  });
});

describe('rows that bind public values', () => {
  it('are missed, each by itself', () => {
    const circuit = layouts.mirage(randomGraph(1));
    if (!isTwoRound(circuit)) throw new TypeError('a circuit of two rounds');
    const { fieldRows, publicValues } = circuit.rounds;
    expect(readRelation(circuit).stated).toBe(publicValues);
    for (const row of fieldRows) expect(readRelation(circuit, new Set([row])).stated).toBe(0);
  });
});

describe('the search finds another statement', () => {
  const weak = weakCircuits();

  it('in circuits of both protocols', () => {
    for (const protocol of ['groth16', 'mirage'] as const)
      expect(weak.filter((circuit) => circuit.protocol === protocol).length).toBeGreaterThanOrEqual(10);
    expect(new Set(weak.map(({ protocol, name }) => `${protocol}: ${name}`)).size).toBe(weak.length);
  });

  it.each(weak.map((circuit) => [`${circuit.protocol}: ${circuit.name}`, circuit] as const))('%s', (_, circuit) => {
    expect(judgeWeak(circuit, 1).found).toBeDefined();
  });

  it('that satisfies every row of the circuit, and not those that were taken out', () => {
    const { circuit, program, without } = weak.find(({ without: rows }) => rows.size > 0)!;
    const random = randomField(2);
    const whole = new WholeCircuit(circuit, without);
    const [inputs] = sampleInputs(program, 1, 1);
    const asked = givenOf(circuit, inputs!, random);
    const verdict = whole.judge(asked, { random });
    if (verdict.kind !== 'second') throw new TypeError(`a second statement, not ${verdict.kind}`);
    for (const [wire, value] of asked.given) expect(verdict.values[wire]).toBe(value);
    expect(whole.rows.broken(verdict.values, random)).toBeUndefined();
    const sound = new WholeCircuit(circuit);
    expect(without.has(sound.rows.broken(verdict.values, random)!)).toBe(true);
    expect(sound.rows.broken(asked.honest!, random)).toBeUndefined();
    expect(sound.judge(asked, { random }).kind).toBe('unique');
  });
});

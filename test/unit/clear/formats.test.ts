/** The files of protocol clear: round trips, hostile bytes, and every field of a key, a proof and a statement changed. */
import { describe, expect, it } from 'vitest';
import { sampleBytes, sampleKey, sampleProof, SAMPLE_PROGRAM, SAMPLE_SCHEMA } from '../../../scripts/clear-sample.js';
import { fromBase64, toBase64 } from '../../../src/base/base64.js';
import { CodecFault } from '../../../src/base/codec.js';
import { ZkonnxError } from '../../../src/base/errors.js';
import { lowerToRelation } from '../../../src/compile/clear/lower.js';
import type { IrGraph } from '../../../src/compile/ir/graph.js';
import { programBytes, programVersion, readProgram } from '../../../src/compile/ir/program-bytes.js';
import { LinearMapBuilder, structuredMap, type LinearMap } from '../../../src/compile/real/linear-map.js';
import type { MapAxis } from '../../../src/compile/real/map-structure.js';
import { openProgram, ProgramRunner } from '../../../src/prove/clear/program.js';
import { readRelation, relationBytes } from '../../../src/verify/clear/relation-bytes.js';
import { verify, verifyBatch } from '../../../src/verify/index.js';
import { keyDigest, prepareKey } from '../../../src/verify/key.js';
import { schemaDigest } from '../../../src/verify/schema.js';
import { structured } from './toys.js';

const X = [1, 2, 3, 4];
const key = await sampleKey();
const proof = await sampleProof(key, X);
const relation = lowerToRelation(SAMPLE_PROGRAM, SAMPLE_SCHEMA).relation;

/** The sample as version 1 wrote it. */
const VERSION_1 =
  '7a6b70726f67726d017bcc9a798d7c5070f32c55494a64482ca37ba792b2291b2290c535890262cf1a03017807696e707574207800010400001e0373756d0447' +
  '656d6d010178010301010403000102020300030400010801060108010b00010203050102010401050102030b06090e161904120202010f0314273c01790452656c' +
  '75010373756d01030304000400010101780101790179';

const WINDOW = { kind: 'window', out: 3, in: 4, kernel: 2, stride: 1, dilation: 1, pad: 0 } as const;

function mapOf(rows: readonly (readonly number[])[]): LinearMap {
  const builder = new LinearMapBuilder(rows[0]!.length);
  for (const row of rows) builder.row(builder.pattern([...row.keys()], row), 0);
  return builder.build();
}

/** The sample with another map. */
function withMap(map: LinearMap): IrGraph {
  const nodes = SAMPLE_PROGRAM.nodes.map((node) =>
    node.op === 'linear' ? { ...node, attrs: { ...node.attrs, maps: [map] } } : node,
  );
  return { ...SAMPLE_PROGRAM, nodes };
}

function structuredProgram(): IrGraph {
  return withMap(structuredMap({ axes: [WINDOW], weights: Float64Array.of(5, -3) }));
}

/** mulberry32 */
function generator(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n | 0; // prettier-ignore
  };
}

/** What reading gives: the value, or the error's name, which must be one that callers know. */
function outcome<T>(read: () => T): T | 'fault' {
  try {
    return read();
  } catch (error) {
    if (error instanceof CodecFault || (error instanceof ZkonnxError && error.code !== 'INTERNAL')) return 'fault';
    throw error;
  }
}

describe('base64', () => {
  it('has one spelling of every string of bytes', () => {
    for (let length = 0; length < 20; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (37 * i + length) % 256);
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }
  });

  it.each(['A', 'AA', 'AAA', 'AB==', 'AAB=', 'AAA=A', '====', 'AA=A', 'A A=', 'AA-_', 'é===', 'AAAA\n'])(
    'refuses %s',
    (text) => {
      expect(fromBase64(text)).toBeUndefined();
    },
  );
});

describe.each([
  ['a relation', relation],
  ['one with every kind of axis', structured().relation],
])('%s', (_, relation) => {
  it('is read as it was written', () => {
    const bytes = relationBytes(relation);
    expect(readRelation(bytes)).toEqual(relation);
    expect(relationBytes(readRelation(bytes))).toEqual(bytes);
  });

  it('of changed bytes is refused, or another relation with just these bytes', () => {
    const bytes = relationBytes(relation);
    let refused = 0;
    for (let i = 0; i < bytes.length; i++) {
      for (const flip of [1, 0x80, 0xff]) {
        const changed = Uint8Array.from(bytes);
        changed[i]! ^= flip;
        const read = outcome(() => readRelation(changed));
        if (read === 'fault') refused++;
        else expect(relationBytes(read)).toEqual(changed);
      }
    }
    expect(refused).toBeGreaterThan(bytes.length);
    expect(outcome(() => readRelation(bytes.subarray(0, -1)))).toBe('fault');
    expect(outcome(() => readRelation(Uint8Array.of(...bytes, 0)))).toBe('fault');
  });
});

describe('program.bin', () => {
  it('is read as it was written, and runs', () => {
    const bytes = sampleBytes();
    const { ir, schemaDigest: digest } = readProgram(bytes);
    expect(ir).toEqual(SAMPLE_PROGRAM);
    expect(digest).toBe(schemaDigest(SAMPLE_SCHEMA));
    expect(programBytes({ ir, schemaDigest: digest })).toEqual(bytes);
    const runner = new ProgramRunner(openProgram(bytes, SAMPLE_SCHEMA, 'test'), SAMPLE_SCHEMA);
    // W·x + b = 68, 7, −2: a sixteenth, rounded, negative ones to 0.
    const run = runner.run(new Map([['x', Float64Array.from(X)]]));
    expect([...run.outputs.get('y')!]).toEqual([4, 0, 0]);
    expect(run.left).toEqual([]);
    expect(runner.run(new Map([['x', Float64Array.of(15, 0, 15, 15)]])).left).toMatchObject([
      { node: 'y', side: 'hi', elements: 1 },
    ]);
  });

  it('of version 1, where maps are patterns, is read for ever', () => {
    const bytes = Uint8Array.from(Buffer.from(VERSION_1, 'hex'));
    const { ir } = openProgram(bytes, SAMPLE_SCHEMA, 'test');
    expect(ir).toEqual(SAMPLE_PROGRAM);
    expect(programVersion(bytes)).toBe(1);
    expect(programVersion(programBytes({ ir, schemaDigest: schemaDigest(SAMPLE_SCHEMA) }))).toBe(2);
  });

  it('holds maps by their structure as axes and weights', () => {
    const ir = structuredProgram();
    const bytes = programBytes({ ir, schemaDigest: schemaDigest(SAMPLE_SCHEMA) });
    const read = readProgram(bytes);
    expect(programBytes(read)).toEqual(bytes);
    const [map] = read.ir.nodes.flatMap((node) => (node.op === 'linear' ? node.attrs.maps : []));
    expect(map!.structure).toEqual({ axes: [WINDOW], weights: Float64Array.of(5, -3) });
    const relations = [ir, read.ir].map((each) => relationBytes(lowerToRelation(each, SAMPLE_SCHEMA).relation));
    expect(relations[0]).toEqual(relations[1]);
    const run = new ProgramRunner(openProgram(bytes, SAMPLE_SCHEMA, 'test'), SAMPLE_SCHEMA).run(
      new Map([['x', Float64Array.from(X)]]),
    );
    // 5·x[i] − 3·x[i + 1] + b = 9, −21, 33.
    expect([...run.outputs.get('y')!]).toEqual([1, 0, 2]);
  });

  it.each<[string, MapAxis[], number]>([
    ['of no size', [{ ...WINDOW, kernel: 0 }], 0],
    ['of another input', [{ ...WINDOW, in: 5 }], 2],
    ['of another output', [{ ...WINDOW, out: 2 }], 2],
    ['that reach beyond 32 bits', [{ ...WINDOW, stride: 2 ** 31 - 1 }], 2],
    ['with more weights than there are', [{ kind: 'full', out: 3, in: 4 }], 11],
    [
      'that nobody has memory for',
      [WINDOW, { kind: 'full', out: 2 ** 27, in: 1 }, { kind: 'shared', size: 2 ** 20 }],
      1,
    ],
    ['of more taps than anybody walks', Array.from({ length: 4 }, () => ({ ...WINDOW, kernel: 2 ** 15 })), 1],
  ])('with axes %s is refused', (_, axes, weights) => {
    const structure = { axes, weights: new Float64Array(weights) };
    const map = { ...mapOf([[0]]), structure };
    const bytes = programBytes({ ir: withMap(map), schemaDigest: schemaDigest(SAMPLE_SCHEMA) });
    expect(() => openProgram(bytes, SAMPLE_SCHEMA, 'test')).toThrow(
      expect.objectContaining({ code: 'ARTIFACT_INVALID' }),
    );
  });

  it.each([
    ['patterns', sampleBytes()],
    ['structure', programBytes({ ir: structuredProgram(), schemaDigest: schemaDigest(SAMPLE_SCHEMA) })],
  ])('of changed bytes is refused by name, or another program that runs: %s', (_, bytes) => {
    const draw = generator(7);
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const changed = Uint8Array.from(bytes);
      for (let edits = 1 + draw(3); edits > 0; edits--) changed[41 + draw(bytes.length - 41)] = draw(256);
      const opened = outcome(() => openProgram(changed, SAMPLE_SCHEMA, 'test'));
      if (opened === 'fault') {
        refused++;
        continue;
      }
      expect(programBytes({ ir: opened.ir, schemaDigest: schemaDigest(SAMPLE_SCHEMA) })).toEqual(changed);
      const inputs = new Map([['x', Float64Array.from(X)]]);
      const run = outcome(() => new ProgramRunner(opened, SAMPLE_SCHEMA).run(inputs));
      if (run !== 'fault') expect(run.outputs.get('y')!.every(Number.isSafeInteger)).toBe(true);
    }
    expect(refused).toBeGreaterThan(200);
  });

  it.each([
    ['of another version', (bytes: Uint8Array) => bytes.with(8, 3), 'FORMAT_VERSION'],
    ['of another kind', (bytes: Uint8Array) => bytes.with(0, 0), 'ARTIFACT_INVALID'],
    ['of another schema', (bytes: Uint8Array) => bytes.with(9, bytes[9]! ^ 1), 'ARTIFACT_INVALID'],
    ['cut off', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1), 'ARTIFACT_INVALID'],
  ])('%s is refused', (_, change, code) => {
    expect(() => openProgram(change(sampleBytes()), SAMPLE_SCHEMA, 'test')).toThrow(expect.objectContaining({ code }));
  });
});

describe('the key', () => {
  it('is the same for whoever makes it again', async () => {
    expect(await sampleKey()).toEqual(key);
    expect(key.zkonnx.setup).toBe('none');
    expect(key.review).toBe('not reviewed from outside');
  });

  const otherRoot = `0x${'ab'.repeat(32)}`;
  it.each([
    ['protocol', { protocol: 'mirage' }],
    ['review', { review: 'audited' }],
    ['parameters', { parameters: 'compact' }],
    ['hash', { hash: 'sha256' }],
    ['n', { n: key.n + 1 }],
    ['rateLog', { rateLog: key.rateLog === 1 ? 2 : 1 }],
    ['nPublic', { nPublic: key.nPublic + 1 }],
    ['root', { root: otherRoot }],
    ['no root', { root: null }],
    ['relation', { relation: key.relation.replace(/^..../, 'AAAA') }],
    ['a field more', { curve: 'bn128' }],
    ['setup', { zkonnx: { ...key.zkonnx, setup: 'development' } }],
    ['modelHash', { zkonnx: { ...key.zkonnx, modelHash: `sha256:${'1'.repeat(64)}` } }],
    ['circuitHash', { zkonnx: { ...key.zkonnx, circuitHash: `sha256:${'1'.repeat(64)}` } }],
    ['name', { zkonnx: { ...key.zkonnx, name: 'another' } }],
    ['formatVersion', { zkonnx: { ...key.zkonnx, formatVersion: 1 } }],
    ['schema', { zkonnx: { ...key.zkonnx, schema: { ...SAMPLE_SCHEMA, overflow: 'reject' } } }],
  ])('with another %s is refused', (_, change) => {
    expect(() => prepareKey({ ...key, ...change })).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });

  it.each([
    ['root', { root: otherRoot }],
    ['n', { n: key.n + 1 }],
    ['model', { zkonnx: { ...key.zkonnx, modelHash: `sha256:${'1'.repeat(64)}` } }],
  ])('with another %s and the digest that belongs to it is another key, which refuses the proof', (_, change) => {
    const bare = { ...key, ...change };
    const digest = keyDigest(bare);
    expect(digest).not.toBe(key.zkonnx.keyDigest);
    const sealed = { ...bare, zkonnx: { ...bare.zkonnx, keyDigest: digest } };
    expect(verify(proof, sealed)).toMatchObject({ valid: false, reason: 'KEY_DIGEST_MISMATCH' });
    const relabelled = { ...proof, keyDigest: digest, modelHash: sealed.zkonnx.modelHash };
    expect(verify(relabelled, sealed)).toMatchObject({ valid: false });
  });
});

describe('the proof', () => {
  it('is valid, and says what was proven and what nobody has reviewed', () => {
    expect(verify(proof, key, { expectContext: '0x07' })).toMatchObject({
      valid: true,
      protocol: 'clear',
      setup: 'none',
      boundTo: 'key',
      review: 'not reviewed from outside',
      context: '0x07',
      clamped: false,
      outputs: { y: { data: [4, 0, 0] } },
      inputs: { x: { data: X } },
    });
  });

  const signals = proof.publicSignals;
  const bumped = (at: number, by: bigint) => signals.with(at, String(BigInt(signals[at]!) + by));
  const bytes = fromBase64(proof.proof)!;
  const flipped = (at: number) => toBase64(bytes.with(at, bytes[at]! ^ 1));
  it.each([
    ['an output', { publicSignals: bumped(0, 1n) }, 'ARGUMENT_FAILED'],
    ['the bit', { publicSignals: bumped(1, 1n) }, 'ARGUMENT_FAILED'],
    ['an input', { publicSignals: bumped(2, 1n) }, 'ARGUMENT_FAILED'],
    ['a digit beyond its bounds', { publicSignals: bumped(2, 240n) }, 'PACKING_INVALID'],
    ['a digit too many', { publicSignals: bumped(0, 1n << 24n) }, 'PACKING_INVALID'],
    ['a signal less', { publicSignals: signals.slice(1) }, 'PUBLIC_INPUT_COUNT'],
    ['the context', { context: '0x08' }, undefined],
    ['a context too long', { context: `0x${'00'.repeat(33)}` }, 'CONTEXT_INVALID'],
    ['the first byte', { proof: flipped(0) }, undefined],
    ['the last byte', { proof: flipped(bytes.length - 1) }, undefined],
    ['a byte more', { proof: toBase64(Uint8Array.of(...bytes, 0)) }, 'PROOF_MALFORMED'],
    ['a byte less', { proof: toBase64(bytes.subarray(0, -1)) }, 'PROOF_MALFORMED'],
    ['no bytes', { proof: '' }, 'PROOF_MALFORMED'],
    ['no base64', { proof: `${proof.proof.slice(0, -1)}!` }, 'PROOF_MALFORMED'],
    ['a field of another protocol', { curve: 'bn128' }, 'PROOF_MALFORMED'],
    ['the protocol', { protocol: 'mirage' }, 'PROTOCOL_MISMATCH'],
    ['the setup', { setup: 'development' }, 'SETUP_MISMATCH'],
  ])('with %s changed is refused', (_, change, reason) => {
    const verdict = verify({ ...proof, ...change }, key);
    expect(verdict).toMatchObject({ valid: false, ...(reason === undefined ? {} : { reason }) });
  });

  it('in a batch gets the verdict that it gets alone', () => {
    const bad = { ...proof, publicSignals: bumped(0, 1n) };
    const all = [proof, bad, '{', proof];
    expect(verifyBatch(all, key)).toEqual(all.map((one) => verify(one, key)));
  });
});

/** Development keys against snarkjs: its prover uses them, its verifier accepts, its own keys pass through our readers. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bn254 } from '@noble/curves/bn254.js';
import * as snarkjs from 'snarkjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { R1cs } from '../../src/constraint/r1cs.js';
import type { ZkonnxError } from '../../src/base/errors.js';
import { Q, R } from '../../src/field/bn254.js';
import { g2Curve } from '../../src/field/curve-bigint.js';
import { hashRelation } from '../../src/formats/circuit-digest.js';
import { wordsOf } from '../../src/formats/coefficients.js';
import { bytesOf } from '../../src/formats/iden3-container.js';
import { writeR1csFile } from '../../src/formats/r1cs-file.js';
import type { SnarkjsVerificationKey } from '../../src/formats/snarkjs-json.js';
import { wtnsBytes } from '../../src/formats/wtns.js';
import { readZkeyInfo } from '../../src/formats/zkey-file.js';
import { setupDev, type SetupProgress } from '../../src/setup/groth16-dev.js';
import { verificationKeyFromZkey } from '../../src/setup/verification-key.js';
import { randomR1cs, type RandomSystem } from '../unit/random-r1cs.js';

let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-setup-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await (await snarkjs.curves.getCurveFromName('bn128')).terminate();
});

const prove = (zkey: string, witness: Uint8Array) =>
  snarkjs.groth16.prove(zkey, { type: 'mem', data: wtnsBytes(witness) });
const sha256 = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** Rows full of zero polynomials: wires that occur on one side only or nowhere, and sides without terms. */
function sparse(): RandomSystem {
  const system = randomR1cs({ nConstraints: 60, seed: 21 });
  const nWires = system.r1cs.nWires + 5;
  const r1cs: R1cs = { ...system.r1cs, nWires, wireClass: new Uint8Array(nWires) };
  const witnessBytes = new Uint8Array(32 * nWires);
  witnessBytes.set(system.witnessBytes);
  return { r1cs, witness: [...system.witness, 0n, 0n, 0n, 0n, 0n], witnessBytes };
}

describe.each<[string, () => RandomSystem]>([
  ['full-width coefficients and values', () => randomR1cs({ nConstraints: 300, wide: true, nPubOut: 2, nPubIn: 3 })],
  ['bits', () => randomR1cs({ nConstraints: 1200, seed: 9 })],
  ['wires that occur nowhere', sparse],
  [
    'a domain filled to the last row',
    () => randomR1cs({ nConstraints: 60, wide: true, nPubOut: 1, nPubIn: 2, seed: 4 }),
  ],
  ['no public wires, one row', () => randomR1cs({ nConstraints: 1, wide: true, nPubOut: 0, nPubIn: 0 })],
])('a development key for %s', (name, make) => {
  const system = make();
  const { r1cs, witnessBytes } = system;
  let zkey: string;
  let key: SnarkjsVerificationKey;
  beforeAll(async () => {
    zkey = at(`${name.replaceAll(' ', '-')}.zkey`);
    key = await setupDev(r1cs, { zkeyPath: zkey });
  });

  it('is a zkey that snarkjs proves with and verifies by', async () => {
    expect(await snarkjs.zKey.exportVerificationKey(zkey)).toEqual(key);
    const { proof, publicSignals } = await prove(zkey, witnessBytes);
    const nPublic = r1cs.nPubOut + r1cs.nPubIn;
    expect(publicSignals).toEqual(system.witness.slice(1, nPublic + 1).map(String));
    expect(await snarkjs.groth16.verify(key, publicSignals, proof)).toBe(true);
    for (let i = 0; i < nPublic; i++) {
      const other = publicSignals.with(i, String((BigInt(publicSignals[i]!) + 1n) % R));
      expect(await snarkjs.groth16.verify(key, other, proof)).toBe(false);
    }
  });

  it('accepts no proof from a witness that breaks a row', async () => {
    const last = (wire: number) => r1cs.c.wires.includes(wire) || r1cs.a.wires.includes(wire);
    let wire = r1cs.nWires - 1;
    while (!last(wire)) wire--;
    const changed = witnessBytes.slice();
    changed.set([3, 5, 7], 32 * wire);
    const { proof, publicSignals } = await prove(zkey, changed);
    expect(await snarkjs.groth16.verify(key, publicSignals, proof)).toBe(false);
  });

  it('says what it is', async () => {
    const info = await readZkeyInfo(zkey);
    const nPublic = r1cs.nPubOut + r1cs.nPubIn;
    expect(info).toMatchObject({ nVars: r1cs.nWires, nPublic, contributions: 0 });
    expect(info.development).toEqual({ circuitHash: hashRelation(r1cs) });
    expect(info.domainSize).toBeGreaterThan(r1cs.nConstraints + nPublic);
    expect(info.domainSize).toBeLessThanOrEqual(Math.max(2, 2 * (r1cs.nConstraints + nPublic)));
    expect(key.vk_delta_2).not.toEqual(key.vk_gamma_2);
  });
});

describe('setupDev', () => {
  const { r1cs } = randomR1cs({ nConstraints: 200, wide: true });

  it('draws another trapdoor every time', async () => {
    const keys = [
      await setupDev(r1cs, { zkeyPath: at('one.zkey') }),
      await setupDev(r1cs, { zkeyPath: at('two.zkey') }),
    ] as const;
    for (const point of ['vk_alpha_1', 'vk_beta_2', 'vk_delta_2'] as const)
      expect(keys[0][point]).not.toEqual(keys[1][point]);
    expect(keys[0].vk_gamma_2).toEqual(keys[1].vk_gamma_2);
  });

  it('reports progress that only grows, up to 1', async () => {
    const progress: SetupProgress[] = [];
    await setupDev(r1cs, { zkeyPath: at('p.zkey'), threads: 1, onProgress: (step) => progress.push(step) });
    const fractions = progress.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((left, right) => left - right));
    expect(fractions.at(-1)).toBeCloseTo(1);
  });

  it.each(['evaluate', 'points'])('stops in phase "%s" and leaves no file', async (phase) => {
    const controller = new AbortController();
    const large = randomR1cs({ nConstraints: 20_000 }).r1cs;
    const running = setupDev(large, {
      zkeyPath: at('stopped.zkey'),
      signal: controller.signal,
      onProgress: (step) => {
        if (step.phase === phase && (phase === 'evaluate' || step.fraction > 0.3)) controller.abort();
      },
    });
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await readdir(folder)).filter((name) => /stopped|\.tmp-/.test(name))).toEqual([]);
  });

  it('refuses a folder that is not there', async () => {
    await expect(setupDev(r1cs, { zkeyPath: at('no/k.zkey') })).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  });
});

/** Container and section headers, protocol, then section 2 to [β]_2. */
const BETA2_OFFSET = 40 + 84 + 64 + 64;

/** A point of G2's curve outside of G2. */
function outsider(): readonly [bigint, bigint, bigint, bigint] {
  const { Fp2 } = bn254.fields;
  for (let c0 = 1n; ; c0++) {
    const x = { c0, c1: 0n };
    const [b0, b1] = g2Curve.b;
    let y: { readonly c0: bigint; readonly c1: bigint };
    try {
      y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), { c0: b0, c1: b1 }));
    } catch {
      continue;
    }
    const point = { x: [x.c0, x.c1], y: [y.c0, y.c1] } as const;
    if (g2Curve.multiply(point, R) !== undefined) return [...point.x, ...point.y];
  }
}

/** Coordinates as .zkey files hold them. */
function montgomery(values: readonly bigint[]): number[] {
  return values.flatMap((value) => [...bytesOf(wordsOf((value << 256n) % Q))]);
}

describe('a damaged key', () => {
  it('is refused whatever is wrong with it', async () => {
    const file = at('whole.zkey');
    await setupDev(randomR1cs({ nConstraints: 5 }).r1cs, { zkeyPath: file });
    const bytes = new Uint8Array(await readFile(file));
    const damaged = at('damaged.zkey');
    const refusal = async (content: Uint8Array): Promise<ZkonnxError | undefined> => {
      await writeFile(damaged, content);
      return readZkeyInfo(damaged).then(
        () => undefined,
        (error: unknown) => error as ZkonnxError,
      );
    };
    for (let length = 0; length < bytes.length; length += 7) {
      expect(await refusal(bytes.subarray(0, length)), `${length} bytes`).toMatchObject({ code: 'KEY_INVALID' });
    }
    const patched = (offset: number, patch: readonly number[]) => {
      const copy = bytes.slice();
      copy.set(patch, offset);
      return copy;
    };
    expect(await refusal(patched(24, [2]))).toMatchObject({ code: 'KEY_INVALID' }); // PLONK
    expect(await refusal(patched(40 + 72, [255, 255, 255, 255]))).toMatchObject({ code: 'KEY_INVALID' }); // nVars
    expect(await refusal(patched(40 + 80, [3, 0, 0, 0]))).toMatchObject({ code: 'KEY_INVALID' }); // domain
    expect(await refusal(patched(bytes.length - 10, [0]))).toMatchObject({ code: 'KEY_INVALID' }); // mark
    // α off the curve, and a coordinate of α not below q.
    await writeFile(damaged, patched(40 + 84, [1, 2, 3]));
    await expect(verificationKeyFromZkey(damaged)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: /not on the curve/,
    });
    await writeFile(damaged, patched(40 + 84, new Array<number>(32).fill(255)));
    await expect(verificationKeyFromZkey(damaged)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: /not below q/,
    });
    // β on the curve, in no group of order r: as good as every point of the curve is.
    await writeFile(damaged, patched(BETA2_OFFSET, montgomery(outsider())));
    await expect(verificationKeyFromZkey(damaged)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: /not in the group/,
    });
    await writeFile(damaged, 'not a key');
    await expect(verificationKeyFromZkey(damaged)).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });
});

describe("snarkjs's own ceremony on our .r1cs", () => {
  it('goes through ptau, setup, contribution and `zkey verify`; the keys read and prove', async () => {
    const { r1cs, witnessBytes } = randomR1cs({ nConstraints: 50, wide: true, seed: 13 });
    await writeR1csFile(at('c.r1cs'), r1cs);
    const { getCurveFromName } = snarkjs.curves;
    await snarkjs.powersOfTau.newAccumulator(await getCurveFromName('bn128'), 6, at('0.ptau'));
    await snarkjs.powersOfTau.contribute(at('0.ptau'), at('1.ptau'), 'test', 'entropy for a test');
    await snarkjs.powersOfTau.preparePhase2(at('1.ptau'), at('f.ptau'));
    const csHash = await snarkjs.zKey.newZKey(at('c.r1cs'), at('f.ptau'), at('init.zkey'));
    await snarkjs.zKey.contribute(at('init.zkey'), at('final.zkey'), 'test', 'more entropy');
    expect(await snarkjs.zKey.verifyFromR1cs(at('c.r1cs'), at('f.ptau'), at('final.zkey'))).toBe(true);

    const info = await readZkeyInfo(at('final.zkey'));
    expect(info).toMatchObject({ nVars: r1cs.nWires, nPublic: 3, domainSize: 64, contributions: 1 });
    expect(info.development).toBeUndefined();
    expect(info.csHash).toEqual(new Uint8Array(csHash));
    const key = await verificationKeyFromZkey(at('final.zkey'));
    expect(key).toEqual(await snarkjs.zKey.exportVerificationKey(at('final.zkey')));
    const { proof, publicSignals } = await prove(at('final.zkey'), witnessBytes);
    expect(await snarkjs.groth16.verify(key, publicSignals, proof)).toBe(true);

    // A development key of the same circuit is laid out alike, and no ceremony vouches for it.
    await setupDev(r1cs, { zkeyPath: at('dev.zkey') });
    const [ceremony, development] = await Promise.all([readFile(at('init.zkey')), readFile(at('dev.zkey'))]);
    expect(section(development, 4)).toEqual(section(ceremony, 4));
    for (const id of [1, 3, 5, 6, 7, 8, 9, 10])
      expect(section(development, id).length).toBe(section(ceremony, id).length);
    expect(await sha256(at('dev.zkey'))).not.toBe(await sha256(at('init.zkey')));
    expect(await quietly(() => snarkjs.zKey.verifyFromR1cs(at('c.r1cs'), at('f.ptau'), at('dev.zkey')))).toBe(false);
  });
});

function section(file: Uint8Array, id: number): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset);
  for (let offset = 12; offset < file.length;) {
    const size = Number(view.getBigUint64(offset + 4, true));
    if (view.getUint32(offset, true) === id) return new Uint8Array(file.subarray(offset + 12, offset + 12 + size));
    offset += 12 + size;
  }
  throw new Error(`no section ${id}`);
}

/** snarkjs prints refusals. */
async function quietly<T>(action: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => undefined;
  try {
    return await action();
  } finally {
    console.log = log;
  }
}

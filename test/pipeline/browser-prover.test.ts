/** The prover without Node: its API, hostile files, and its bundle in a process that has neither shared memory nor Node's globals. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poseidonChain } from '../../src/field/poseidon.js';
import { bundleProver } from '../../scripts/build-prover.js';
import { bundle } from '../../scripts/bundle.js';
import { makeMlp } from '../../scripts/make-mlp.js';
import { readCircuit } from '../../src/formats/circuit.js';
import { bytesSource, readContainer } from '../../src/formats/iden3-container.js';
import { artifactPaths, provingKeyPath, type Manifest } from '../../src/formats/manifest.js';
import { G1_BYTES, G2_BYTES, openZkeyReader, ZkeySection } from '../../src/formats/zkey.js';
import { instantiateKernels } from '../../src/kernels/module.js';
import { SoloTeam } from '../../src/kernels/team.js';
import { openProver, type Proven, type Prover, type ProveProgress } from '../../src/prove/browser.js';
import { encodeSample } from '../../src/prove/encode.js';
import { loadEngineKey } from '../../src/prove/groth16/kernel-key.js';
import { proveWithTeam } from '../../src/prove/groth16/prover.js';
import { prove } from '../../src/prove/prove.js';
import { solvedWitness } from '../../src/prove/solve.js';
import { solve } from '../../src/constraint/solver.js';
import { verify, verifyGroth16, type ProofFile } from '../../src/verify/index.js';
import { pack } from '../../src/verify/statement.js';
import { makeArtifact, snarkjsAccepts, type ProverFiles } from './browser-prover.js';

const root = path.resolve(import.meta.dirname, '../..');
const WIDTH = 12;
const values = Float64Array.from({ length: WIDTH }, (_, i) => Math.sin(3 * i));

let dir: string;
let files: ProverFiles;
/** The same model with public outputs, and the first model's keys made a second time. */
let other: ProverFiles;
let again: ProverFiles;
let prover: Prover;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-browser-'));
  const model = path.join(dir, 'mlp.onnx');
  await writeFile(model, makeMlp([WIDTH, 20, 10, 3]));
  const domain = { lo: -1, hi: 1 };
  files = await makeArtifact(path.join(dir, 'committed'), model, { domain, output: 'committed' });
  again = await makeArtifact(path.join(dir, 'again'), model, { domain, output: 'committed' });
  other = await makeArtifact(path.join(dir, 'public'), model, { domain });
  prover = await openProver(files);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const accepted = ({ proof }: Proven) => verify(proof, files.verificationKey).valid;

describe('proving', () => {
  it('makes proofs that we and snarkjs accept', async () => {
    const proven = await prover.prove({ input: values });
    expect(verify(proven.proof, files.verificationKey)).toMatchObject({ valid: true, setup: 'development' });
    expect(await snarkjsAccepts(path.join(dir, 'judged'), files.verificationKey, proven.proof)).toBe(true);
  });

  it('given the manifest, takes no value beyond the declared domain, which the integers reach past', async () => {
    const manifest = await readFile(artifactPaths(path.join(dir, 'committed')).manifest, 'utf8');
    const { choices } = JSON.parse(manifest) as Manifest;
    const beyond = Float64Array.from(values).fill((1 + choices!.domains[0]!.max) / 2, 3, 4);
    expect(beyond[3]).toBeGreaterThan(1.00001);
    const told = await openProver({ ...files, manifest });
    await expect(told.prove({ input: beyond })).rejects.toMatchObject({
      code: 'INPUT_OUT_OF_DOMAIN',
      details: { expected: '-1 to 1', where: 'input[0, 3]' },
    });
    expect(accepted(await told.prove({ input: values }))).toBe(true);
    expect(accepted(await prover.prove({ input: beyond }))).toBe(true);
    const stranger = openProver({
      ...files,
      manifest: { ...(JSON.parse(manifest) as Manifest), circuit: { hash: '' } },
    });
    await expect(stranger).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
  });

  it('opens the commitment it made, with a fresh salt every time', async () => {
    const [first, second] = await Promise.all([prover.prove({ input: values }), prover.prove({ input: values })]);
    const [tensor] = prover.schema.outputs;
    for (const { proof, opening } of [first, second]) {
      const integers = opening!.values[tensor!.name]!;
      const salt = BigInt(opening!.salts[tensor!.name]!);
      expect(proof.publicSignals[0]).toBe(poseidonChain([...pack(tensor!, integers), salt]).toString());
      expect(opening!.keyDigest).toBe(proof.keyDigest);
    }
    expect(accepted(first) && accepted(second)).toBe(true);
    expect(first.proof.publicSignals[0]).not.toBe(second.proof.publicSignals[0]);
    expect(first.proof).not.toHaveProperty('pi_a', (second.proof as ProofFile).pi_a);
    const open = await (await openProver(other)).prove({ input: values });
    expect(open.opening).toBeUndefined();
  });

  it('tells how far it is, and lets other work of the thread through', async () => {
    const heard: ProveProgress[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await prover.prove({ input: values }, { onProgress: (progress) => heard.push(progress) });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
    expect([...new Set(heard.map(({ phase }) => phase))]).toEqual(['load', 'witness', 'queue', 'quotient', 'sums']);
    const sums = heard.filter(({ phase }) => phase === 'sums').map(({ fraction }) => fraction);
    expect(sums).toEqual(sums.toSorted((left, right) => left - right));
    expect(sums.at(-1)).toBeCloseTo(1);
  });

  it('waits for the pause it is given, and stops at the next step when told to', async () => {
    const controller = new AbortController();
    let pauses = 0;
    const pause = () => {
      if (++pauses === 3) controller.abort();
      return undefined;
    };
    const stopped = prover.prove({ input: values }, { pause, signal: controller.signal });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    expect(pauses).toBe(3);
    await expect(openProver(files, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(accepted(await prover.prove({ input: values }))).toBe(true);
  });

  it('does not depend on the bytes it was opened with', async () => {
    const copies = { ...files, circuit: files.circuit.slice(), provingKey: files.provingKey.slice() };
    const opened = await openProver(copies);
    copies.circuit.fill(0);
    copies.provingKey.fill(0);
    expect(accepted(await opened.prove({ input: values }))).toBe(true);
  });
});

describe('refusals', () => {
  const nested = [[...values]] as unknown as number[];
  it.each<[string, Parameters<Prover['prove']>[0], string]>([
    ['a missing input', { wrong: values }, 'INPUT_NAME'],
    ['too few values', { input: values.subarray(1) }, 'INPUT_SHAPE'],
    ['a nested list', { input: nested }, 'INPUT_TYPE'],
    ['no number', { input: values.with(0, NaN) }, 'INPUT_NOT_FINITE'],
    ['a value outside the domain', { input: values.with(0, 3) }, 'INPUT_OUT_OF_DOMAIN'],
  ])('%s', async (_, inputs, code) => {
    await expect(prover.prove(inputs)).rejects.toMatchObject({ code });
    expect(accepted(await prover.prove({ input: values }))).toBe(true);
  });

  const damaged = (bytes: Uint8Array) => bytes.with(bytes.length - 40, bytes.at(-40)! ^ 1);
  const cases: [string, () => Partial<Record<keyof ProverFiles, unknown>>, string][] = [
    ['no bytes', () => ({ circuit: files.circuit.buffer }), 'USAGE'],
    ['a damaged circuit', () => ({ circuit: damaged(files.circuit) }), 'ARTIFACT_INVALID'],
    ['a truncated circuit', () => ({ circuit: files.circuit.subarray(0, -1) }), 'ARTIFACT_INVALID'],
    ['a truncated key', () => ({ provingKey: files.provingKey.subarray(0, -1) }), 'KEY_INVALID'],
    ['an empty key', () => ({ provingKey: new Uint8Array(0) }), 'KEY_INVALID'],
    ['a verification key that is none', () => ({ verificationKey: '{}' }), 'KEY_INVALID'],
    ['the verification key of another circuit', () => ({ verificationKey: other.verificationKey }), 'KEY_MISMATCH'],
    ['the proving key of another circuit', () => ({ provingKey: other.provingKey }), 'KEY_MISMATCH'],
    ['the proving key of another setup', () => ({ provingKey: again.provingKey }), 'KEY_MISMATCH'],
    ['another circuit', () => ({ circuit: other.circuit }), 'KEY_MISMATCH'],
  ];
  it.each(cases)('%s', async (_, change, code) => {
    await expect(openProver({ ...files, ...change() } as ProverFiles)).rejects.toMatchObject({ code });
  });

  it('hands out no proof that does not verify: two points of the key in each other’s place', async () => {
    const zkey = files.provingKey.slice();
    const { offset } = (await sectionsOf(zkey)).section(ZkeySection.h, 'H');
    zkey.copyWithin(offset, offset + G1_BYTES, offset + 2 * G1_BYTES);
    zkey.set(files.provingKey.subarray(offset, offset + G1_BYTES), offset + G1_BYTES);
    const mixed = await openProver({ ...files, provingKey: zkey });
    await expect(mixed.prove({ input: values })).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
  });

  it('refuses a key whose proofs would verify and hide nothing', async () => {
    const zkey = files.provingKey.slice();
    const sections = await sectionsOf(zkey);
    const clear = (offset: number, size: number) => zkey.fill(0, offset, offset + size);
    const header = sections.section(ZkeySection.header, 'header').offset;
    // [β]_1 and [δ]_1 in the header, and all of B1.
    clear(header + 84 + G1_BYTES, G1_BYTES);
    clear(header + 84 + 2 * G1_BYTES + 2 * G2_BYTES, G1_BYTES);
    const b1 = sections.section(ZkeySection.b1, 'B1');
    clear(b1.offset, b1.size);
    expect(await unblinded(zkey)).toBe(true);
    expect(await unblinded(files.provingKey)).toBe(false);
    await expect(openProver({ ...files, provingKey: zkey })).rejects.toMatchObject({ code: 'KEY_INVALID' });
    const artifact = path.join(dir, 'doctored');
    await cp(path.join(dir, 'committed'), artifact, { recursive: true });
    await writeFile(provingKeyPath(artifact, 'groth16'), zkey);
    const samples = [{ id: 'a', tensors: new Map([['input', values]]) }];
    await expect(prove(artifact, samples).next()).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  const sectionsOf = (zkey: Uint8Array) =>
    readContainer(bytesSource(zkey, 'zkey'), { magic: 'zkey', version: 1, title: 'a key', code: 'KEY_INVALID' });

  /** Whether the bare prover, which checks nothing, gives two valid proofs with the same A. */
  async function unblinded(zkey: Uint8Array): Promise<boolean> {
    const circuit = await readCircuit(bytesSource(files.circuit, 'circuit'));
    const encoded = encodeSample(prover.schema, new Map([['input', values]]));
    const salts = new Map(circuit.salts.map(({ name }) => [name, 5n]));
    const { witness, publicSignals } = solvedWitness('groth16', circuit, solve(circuit, encoded, { salts }));
    const team = new SoloTeam(await instantiateKernels());
    const key = await loadEngineKey(team, await openZkeyReader(bytesSource(zkey, 'zkey')));
    const proofs = [await proveWithTeam(team, key, witness, { r: 2n, s: 3n }), await proveWithTeam(team, key, witness, { r: 7n, s: 4n })]; // prettier-ignore
    for (const proof of proofs)
      expect(verifyGroth16(files.verificationKey, publicSignals, proof)).toEqual({ valid: true });
    return proofs[0]!.pi_a.join() === proofs[1]!.pi_a.join();
  }
});

describe('the bundle', () => {
  it('proves without SharedArrayBuffer, Buffer, process and their like', async () => {
    await writeFile(path.join(dir, 'prover.mjs'), await bundleProver(root));
    await writeFile(path.join(dir, 'files.json'), JSON.stringify({ ...files, circuit: [...files.circuit], provingKey: [...files.provingKey] })); // prettier-ignore
    await writeFile(
      path.join(dir, 'child.mjs'),
      `import { readFileSync, writeSync } from 'node:fs';
      for (const name of ['SharedArrayBuffer', 'Buffer', 'process', 'global', 'setImmediate']) delete globalThis[name];
      const { circuit, provingKey, verificationKey } = JSON.parse(readFileSync(new URL('files.json', import.meta.url), 'utf8'));
      const { openProver, verify } = await import('./prover.mjs');
      const prover = await openProver({ circuit: Uint8Array.from(circuit), provingKey: Uint8Array.from(provingKey), verificationKey });
      const { proof } = await prover.prove({ input: ${JSON.stringify([...values])} });
      const missing = [typeof SharedArrayBuffer, typeof Buffer, typeof process].join();
      writeSync(1, JSON.stringify({ proof, valid: verify(proof, verificationKey).valid, missing }));`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [path.join(dir, 'child.mjs')]);
    const told = JSON.parse(stdout) as Proven & { readonly valid: boolean; readonly missing: string };
    expect(told).toMatchObject({ valid: true, missing: 'undefined,undefined,undefined' });
    expect(accepted(told)).toBe(true);
  });

  it.each(["import { open } from 'node:fs';", "import { open } from 'fs';", "import open from 'nowhere-at-all';"])(
    'is not made where %s leads out of it',
    async (line) => {
      const file = path.join(dir, 'stray.ts');
      await writeFile(file, `${line}\nexport const opened = open;\n`);
      await expect(bundle(file, 'es', '')).rejects.toThrow('bundling');
    },
  );
});

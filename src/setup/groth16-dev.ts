/**
 * Groth16 keys from a local trapdoor that is thrown away: for development. Whoever ran this could have kept the trapdoor and forge
 * proofs; the key carries a mark that says so (formats/zkey-file.ts). γ = 1, as in every snarkjs key; δ is random although there is no
 * contribution, because equal γ and δ let anybody forge.
 *
 * Equations: proof-system notation of src/setup/evaluate.ts. The trapdoor comes from the system's generator by rejection sampling and
 * exists only in one SharedArrayBuffer and the memory of workers, which are wiped and ended.
 */
import { createHash, randomFillSync } from 'node:crypto';
import type { R1cs } from '../../circuits/r1cs.js';
import { mapInOrder } from '../../workers/in-order.js';
import { WorkerPool } from '../../workers/worker-pool.js';
import { internal, throwIfAborted, ZkonnxError } from '../errors.js';
import { R } from '../field/bn254.js';
import { writeFileAtomically, type OutputFile } from '../formats/atomic-write.js';
import { circuitHash } from '../formats/circuit-file.js';
import { bigCoefWords, FIELD_WORDS, wordsOf } from '../formats/coefficients.js';
import { sectionHeader } from '../formats/iden3-container.js';
import { canonicalR1cs } from '../formats/r1cs-file.js';
import type { SnarkjsVerificationKey } from '../formats/snarkjs-json.js';
import {
  G1_BYTES,
  G2_BYTES,
  ZkeySection,
  zkeyEpilogue,
  zkeyPrologue,
  type ZkeyPoints,
  type ZkeyShape,
} from '../formats/zkey-file.js';
import { coefficientSection } from './coefficient-section.js';
import { bestWindow } from './fixed-base.js';
import {
  SCALAR_BYTES,
  scalarLayout,
  type ScalarLayout,
  type ScalarRange,
  type SetupReply,
  type SetupRequest,
} from './tasks.js';
import { verificationKeyFromZkey } from './verification-key.js';

export interface SetupProgress {
  readonly phase: 'evaluate' | 'points';
  /** Of the whole setup, 0 … 1. */
  readonly fraction: number;
}

export interface SetupDevOptions {
  readonly zkeyPath: string;
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Worker threads; default min(cores, 8). */
  readonly threads?: number | undefined;
}

/** BN254's F_r has 2^28-th roots of unity, and the H points need the double domain. */
const MAX_DOMAIN_LOG2 = 27;
const R_WORDS = wordsOf(R);
/** Points of one job: a fraction of a second. */
const JOB_POINTS = 4096;
/** Cost of a G2 point in G1 points. */
const G2_COST = 3;
/** Share of the time that the evaluation takes, for progress. */
const EVALUATION_SHARE = 0.1;

/**
 * Makes a proving key at `zkeyPath` and returns the verification key. The file appears whole or not at all.
 * Throws OUTPUT_UNWRITABLE, ABORTED, WORKER_DIED, BOUND_OVERFLOW for a circuit of more than 2^27 rows.
 */
export async function setupDev(r1cs: R1cs, options: SetupDevOptions): Promise<SnarkjsVerificationKey> {
  const { zkeyPath, signal } = options;
  throwIfAborted(signal, 'the setup');
  const shape = keyShape(r1cs);
  const { layout, total } = scalarLayout(shape);
  const scalars = new SharedArrayBuffer(total * SCALAR_BYTES);
  const pool = new WorkerPool<SetupRequest, SetupReply>('setup-worker', { threads: options.threads });
  try {
    const { first, count } = layout.trapdoor;
    drawTrapdoor(new Uint32Array(scalars, first * SCALAR_BYTES, count * FIELD_WORDS));
    const setup = new DevelopmentSetup(canonicalR1cs(r1cs), shape, layout, scalars, pool, options);
    await setup.evaluate();
    await writeFileAtomically(zkeyPath, (output) => setup.write(output), { signal });
  } finally {
    // Workers first: one that still runs would read zeros.
    await pool.close();
    new Uint8Array(scalars).fill(0);
  }
  return verificationKeyFromZkey(zkeyPath);
}

/** Wires, public wires and domain of the key for a constraint system. */
function keyShape(r1cs: R1cs): ZkeyShape {
  const nPublic = r1cs.nPubOut + r1cs.nPubIn;
  // snarkjs's rule: the least power of two above rows + nPublic.
  const log2 = Math.max(1, Math.floor(Math.log2(Math.max(1, r1cs.nConstraints + nPublic))) + 1);
  if (log2 > MAX_DOMAIN_LOG2) {
    throw new ZkonnxError('BOUND_OVERFLOW', 'the circuit is too large for Groth16 over BN254', {
      expected: `fewer than 2^${MAX_DOMAIN_LOG2} constraints`,
      got: String(r1cs.nConstraints),
    });
  }
  return { nVars: r1cs.nWires, nPublic, domainSize: 2 ** log2 };
}

/** Fills `words` with uniform elements of F_r \ {0}, eight words each: 254 random bits, drawn again while not below r. */
function drawTrapdoor(words: Uint32Array): void {
  const draw = new Uint32Array(FIELD_WORDS);
  for (let at = 0; at < words.length; at += FIELD_WORDS) {
    do {
      randomFillSync(draw);
      draw[FIELD_WORDS - 1]! >>>= 2;
    } while (!isBelowR(draw) || draw.every((word) => word === 0));
    words.set(draw, at);
  }
  draw.fill(0);
}

/** Compares by words: a BigInt of a secret could not be wiped. */
function isBelowR(words: Uint32Array): boolean {
  for (let i = FIELD_WORDS - 1; i >= 0; i--) if (words[i] !== R_WORDS[i]) return words[i]! < R_WORDS[i]!;
  return false;
}

type Pool = WorkerPool<SetupRequest, SetupReply>;
interface Points {
  readonly affine: Uint8Array;
  readonly uncompressed: Uint8Array;
}

class DevelopmentSetup {
  private readonly windowBits: { readonly g1: number; readonly g2: number };
  private readonly totalCost: number;
  private doneCost = 0;

  constructor(
    private readonly r1cs: R1cs,
    private readonly shape: ZkeyShape,
    private readonly layout: ScalarLayout,
    private readonly scalars: SharedArrayBuffer,
    private readonly pool: Pool,
    private readonly options: SetupDevOptions,
  ) {
    const { ic, powers, c, a, b, h } = layout;
    const g1Points = ic.count + powers.count + c.count + a.count + b.count + h.count;
    this.windowBits = { g1: bestWindow(g1Points, pool.threads), g2: bestWindow(b.count, pool.threads) };
    this.totalCost = g1Points + G2_COST * b.count;
  }

  async evaluate(): Promise<void> {
    const { a, b, c, nConstraints, bigCoefs } = this.r1cs;
    this.options.onProgress?.({ phase: 'evaluate', fraction: 0 });
    const system = { nConstraints, a, b, c, bigCoefs: bigCoefWords(bigCoefs) };
    await this.request({ kind: 'evaluate', system, shape: this.shape, scalars: this.scalars });
    this.progress(0);
  }

  /** Sections in the order in which csHash takes them, so that one pass writes and hashes. */
  async write(output: OutputFile): Promise<void> {
    const { layout, shape, r1cs } = this;
    const { points, hashed } = await this.headerPoints();
    const hash = createHash('blake2b512');
    for (const chunk of hashed) hash.update(chunk);
    const lists: readonly (readonly [
      section: number | undefined,
      group: 'g1' | 'g2',
      range: ScalarRange,
      hashed: boolean,
    ])[] = [
      [ZkeySection.ic, 'g1', layout.ic, true],
      [undefined, 'g1', layout.powers, true],
      [ZkeySection.c, 'g1', layout.c, true],
      [ZkeySection.a, 'g1', layout.a, true],
      [ZkeySection.b1, 'g1', layout.b, true],
      [ZkeySection.b2, 'g2', layout.b, true],
      [ZkeySection.h, 'g1', layout.h, false],
    ];
    // Protocol, header, coefficients, contributions and mark beside the lists that are written.
    const nSections = 5 + lists.filter(([section]) => section !== undefined).length;
    for (const chunk of zkeyPrologue(shape, points, nSections)) await output.write(chunk);
    for (const chunk of coefficientSection(r1cs, shape.nPublic)) await output.write(chunk);
    for (const [section, group, range, isHashed] of lists) {
      const size = range.count * (group === 'g1' ? G1_BYTES : G2_BYTES);
      if (section !== undefined) await output.write(sectionHeader(section, size));
      if (isHashed) hash.update(bigEndian(range.count));
      for await (const { affine, uncompressed } of this.multiples(group, range)) {
        if (section !== undefined) await output.write(affine);
        if (isHashed) hash.update(uncompressed);
      }
    }
    for (const chunk of zkeyEpilogue(hash.digest(), circuitHash(r1cs))) await output.write(chunk);
  }

  /** Section 2's points, and what csHash begins with. */
  private async headerPoints(): Promise<{ points: ZkeyPoints; hashed: Uint8Array[] }> {
    const { first } = this.layout.trapdoor;
    const [g1, g2, generator] = await Promise.all([
      this.multiply('g1', { first: first + 1, count: 3 }),
      this.multiply('g2', { first: first + 2, count: 2 }),
      this.generator2(),
    ]);
    const of1 = (points: Uint8Array, i: number) => points.subarray(i * G1_BYTES, (i + 1) * G1_BYTES);
    const of2 = (points: Uint8Array, i: number) => points.subarray(i * G2_BYTES, (i + 1) * G2_BYTES);
    const select = (form: keyof Points) => ({
      alpha1: of1(g1[form], 0),
      beta1: of1(g1[form], 1),
      beta2: of2(g2[form], 0),
      gamma2: generator[form],
      delta1: of1(g1[form], 2),
      delta2: of2(g2[form], 1),
    });
    return { points: select('affine'), hashed: Object.values(select('uncompressed')) };
  }

  /** [1]_2, which is [γ]_2. */
  private generator2(): Promise<Points> {
    const one = new SharedArrayBuffer(SCALAR_BYTES);
    new Uint8Array(one)[0] = 1;
    return this.multiply('g2', { first: 0, count: 1 }, one);
  }

  private multiples(group: 'g1' | 'g2', range: ScalarRange): AsyncGenerator<Points> {
    return mapInOrder(jobs(range), 2 * this.pool.threads, async (job) => {
      const points = await this.multiply(group, job);
      this.progress(job.count * (group === 'g1' ? 1 : G2_COST));
      return points;
    });
  }

  private async multiply(group: 'g1' | 'g2', range: ScalarRange, scalars = this.scalars): Promise<Points> {
    const reply = await this.request({ kind: 'multiply', group, windowBits: this.windowBits[group], scalars, range });
    if (reply.kind !== 'multiply') throw internal('a setup worker answered another request', { reply: reply.kind });
    return reply;
  }

  private request(request: SetupRequest): Promise<SetupReply> {
    return this.pool.run(request, { signal: this.options.signal });
  }

  private progress(cost: number): void {
    this.doneCost += cost;
    const fraction = EVALUATION_SHARE + (1 - EVALUATION_SHARE) * (this.doneCost / this.totalCost);
    this.options.onProgress?.({ phase: 'points', fraction });
  }
}

function* jobs({ first, count }: ScalarRange): Generator<ScalarRange> {
  for (let done = 0; done < count; done += JOB_POINTS) {
    yield { first: first + done, count: Math.min(JOB_POINTS, count - done) };
  }
}

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, false);
  return bytes;
}

/**
 * Groth16 keys from a local trapdoor that is thrown away: for development. Whoever ran this could have kept the trapdoor and forge
 * proofs; the key carries a mark that says so (formats/zkey.ts). γ = 1, as in every snarkjs key; δ is random although there is no
 * contribution, because equal γ and δ let anybody forge.
 *
 * Equations: proof-system notation of src/setup/evaluate.ts.
 */
import { createHash } from 'node:crypto';
import type { R1cs } from '../constraint/r1cs.js';
import { defaultThreads } from '../pool/worker-pool.js';
import { throwIfAborted, ZkonnxError } from '../base/errors.js';
import { writeFileAtomically, type OutputFile } from '../formats/atomic-write.js';
import { hashRelation } from '../formats/circuit-digest.js';
import { sectionHeader } from '../formats/iden3-container.js';
import { canonicalR1cs } from '../formats/r1cs.js';
import type { SnarkjsVerificationKey } from '../formats/snarkjs-json.js';
import {
  G1_BYTES,
  G2_BYTES,
  ZkeySection,
  zkeyEpilogue,
  zkeyPrologue,
  type ZkeyPoints,
  type ZkeyShape,
} from '../formats/zkey.js';
import type { GroupName } from '../kernels/msm.js';
import type { Team } from '../kernels/team.js';
import { coefficientSection } from './coefficient-section.js';
import { drawScalars, inWipedMemory, Progress, type DevelopmentOptions } from './development.js';
import { evaluateAtTrapdoor } from './evaluate.js';
import { chunksOf, makeTables, PointStream, type ChunkPoints, type PointChunk } from './key-points.js';
import {
  allocateScalars,
  GROTH16,
  kernelBytes,
  requireMemory,
  setupBytes,
  tableBits,
  type ScalarList,
  type SetupScalars,
} from './memory.js';
import { verificationKeyFromZkey } from './verification-key.js';

export type { SetupProgress } from './development.js';

export interface SetupDevOptions extends DevelopmentOptions {
  readonly zkeyPath: string;
  /** What the key says it is of, "sha256:…"; default the hash of the constraints. */
  readonly circuitHash?: string | undefined;
}

/** BN254's F_r has 2^28-th roots of unity, and the H points need the double domain. */
const MAX_DOMAIN_LOG2 = 27;

/**
 * Makes a proving key at `zkeyPath` and returns the verification key. The file appears whole or not at all, in place of one that is there.
 * Throws OUTPUT_UNWRITABLE, ABORTED, WORKER_DIED, USAGE for a bad number of threads, BOUND_OVERFLOW for a circuit of more than 2^27 rows,
 * MEMORY_EXCEEDED before anything is done for one beyond `maxMemoryBytes` or the 4 GiB that WebAssembly can reach.
 */
export async function setupDev(r1cs: R1cs, options: SetupDevOptions): Promise<SnarkjsVerificationKey> {
  const { zkeyPath, signal, threads, maxMemoryBytes, within } = options;
  throwIfAborted(signal, 'the setup');
  const shape = keyShape(r1cs);
  requireMemory(r1cs, shape, threads ?? defaultThreads(), maxMemoryBytes);
  const canonical = canonicalR1cs(r1cs);
  const bytes = kernelBytes(canonical, shape, threads ?? defaultThreads());
  await inWipedMemory(bytes, threads, signal, async (team) => {
    const setup = new DevelopmentSetup(canonical, shape, team, options);
    await setup.evaluate();
    await writeFileAtomically(zkeyPath, (output) => setup.write(output), { signal, within });
  });
  return verificationKeyFromZkey(within?.pathOf(zkeyPath) ?? zkeyPath);
}

/**
 * Bytes that the process grows by over `setupDev`, as far as they can be known: the kernels' memory, exactly, and what was measured of the
 * rest. Throws BOUND_OVERFLOW as `setupDev`.
 */
export function setupMemoryBytes(r1cs: R1cs, threads: number = defaultThreads()): number {
  return setupBytes(r1cs, keyShape(r1cs), threads);
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

/** A list of points of the key. */
interface KeyList {
  /** None for what only csHash covers. */
  readonly section?: number;
  readonly group: GroupName;
  readonly scalars: ScalarList;
  readonly hash: boolean;
}

class DevelopmentSetup {
  private readonly scalars: SetupScalars;
  private readonly lists: readonly KeyList[];
  private readonly progress: Progress;
  private readonly circuitHash: string;

  constructor(
    private readonly r1cs: R1cs,
    private readonly shape: ZkeyShape,
    private readonly team: Team,
    options: SetupDevOptions,
  ) {
    this.circuitHash = options.circuitHash ?? hashRelation(r1cs, undefined, () => createHash('sha256'));
    this.scalars = allocateScalars(team.kernels.heap, shape);
    const { ic, powers, c, a, b, h } = this.scalars;
    // In the order in which csHash takes them, so that one pass writes and hashes.
    this.lists = [
      { section: ZkeySection.ic, group: 'g1', scalars: ic, hash: true },
      { group: 'g1', scalars: powers, hash: true },
      { section: ZkeySection.c, group: 'g1', scalars: c, hash: true },
      { section: ZkeySection.a, group: 'g1', scalars: a, hash: true },
      { section: ZkeySection.b1, group: 'g1', scalars: b, hash: true },
      { section: ZkeySection.b2, group: 'g2', scalars: b, hash: true },
      { section: ZkeySection.h, group: 'g1', scalars: h, hash: false },
    ];
    this.progress = new Progress(options.onProgress, this.lists);
  }

  async evaluate(): Promise<void> {
    drawScalars(this.team.kernels.heap, this.scalars, GROTH16);
    await evaluateAtTrapdoor(this.team, this.r1cs, this.shape, this.scalars);
    this.progress.evaluated();
  }

  async write(output: OutputFile): Promise<void> {
    const tables = await makeTables(this.team, tableBits(this.shape));
    const stream = new PointStream(this.team, tables, [...this.headerChunks(), ...this.lists.flatMap(listChunks)]);
    try {
      await this.writeKey(output, stream);
    } finally {
      await stream.close();
    }
  }

  private async writeKey(output: OutputFile, stream: PointStream): Promise<void> {
    const { r1cs, shape } = this;
    const hash = createHash('blake2b512');
    const points = await headerPoints(stream, (bytes) => void hash.update(bytes));
    // Protocol, header, coefficients, contributions and mark beside the lists that are written.
    const nSections = 5 + this.lists.filter(({ section }) => section !== undefined).length;
    for (const chunk of zkeyPrologue(shape, points, nSections)) await output.write(chunk);
    for (const chunk of coefficientSection(r1cs, shape.nPublic)) await output.write(chunk);
    for (const list of this.lists) {
      const { section, group, scalars } = list;
      if (section !== undefined) await output.write(sectionHeader(section, scalars.count * POINT_BYTES[group]));
      if (list.hash) hash.update(bigEndian(scalars.count));
      for (const chunk of listChunks(list)) {
        const made = await stream.next();
        hash.update(made.hash);
        await output.write(made.file);
        this.progress.made(chunk);
      }
    }
    for (const chunk of zkeyEpilogue(hash.digest(), this.circuitHash)) await output.write(chunk);
  }

  /** α, β, δ in G1; β, δ, γ = 1 in G2. */
  private headerChunks(): PointChunk[] {
    const { alpha, beta } = this.scalars;
    const both = { file: true, hash: true };
    return [
      { group: 'g1', scalars: { pointer: alpha, count: 3 }, ...both },
      { group: 'g2', scalars: { pointer: beta, count: 3 }, ...both },
    ];
  }
}

const POINT_BYTES = { g1: G1_BYTES, g2: G2_BYTES } as const;

const listChunks = ({ section, group, scalars, hash }: KeyList): PointChunk[] =>
  chunksOf({ group, scalars, file: section !== undefined, hash });

type Forms = Pick<ChunkPoints, 'file' | 'hash'>;

/** Section 2's points from the two chunks of `headerChunks`; hashes them in csHash's order. */
async function headerPoints(stream: PointStream, hash: (bytes: Uint8Array) => void): Promise<ZkeyPoints> {
  const copy = ({ file, hash: hashed }: ChunkPoints): Forms => ({ file: file.slice(), hash: hashed.slice() });
  const g1 = copy(await stream.next());
  const g2 = copy(await stream.next());
  const select = (form: keyof Forms): ZkeyPoints => {
    const of1 = (i: number) => g1[form].subarray(i * G1_BYTES, (i + 1) * G1_BYTES);
    const of2 = (i: number) => g2[form].subarray(i * G2_BYTES, (i + 1) * G2_BYTES);
    return { alpha1: of1(0), beta1: of1(1), beta2: of2(0), gamma2: of2(2), delta1: of1(2), delta2: of2(1) };
  };
  for (const bytes of Object.values(select('hash')) as Uint8Array[]) hash(bytes);
  return select('file');
}

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, false);
  return bytes;
}

/**
 * Keys of protocol `mirage` from a local trapdoor that is thrown away: for development. Whoever ran this could have kept the trapdoor and
 * forge proofs; the key says so (formats/mirage-key.ts). With τ, α, β, δ1, δ2 uniform in F_r other than 0, independent, and γ = 1:
 * K_j = β·A_j + α·B_j + C_j bare for wires 0 … 3, over δ1 in round 1, over δ2 in round 2; H over δ2.
 */
import { FIRST_ROUND1_WIRE, N_CHALLENGES, type Rounds } from '../constraint/rounds.js';
import type { R1cs } from '../constraint/r1cs.js';
import { defaultThreads } from '../pool/worker-pool.js';
import { invariant, throwIfAborted, ZkonnxError } from '../base/errors.js';
import { writeFileAtomically, type OutputFile } from '../formats/atomic-write.js';
import { FIELD_WORDS } from '../formats/coefficients.js';
import {
  KERNEL_POINT_BYTES,
  kernelCoordinates,
  MIRAGE_LISTS,
  mirageKeyPrologue,
  miragePointsHeader,
  mirageWireSection,
  type MirageKeyHeader,
  type MirageList,
} from '../formats/mirage-key.js';
import { canonicalR1cs } from '../formats/r1cs.js';
import type { G1Json, G2Json } from '../formats/snarkjs-json.js';
import type { ZkeyShape } from '../formats/zkey.js';
import { domainSize, MAX_LOG_SIZE, smallestDomain, type Domain } from '../kernels/domain.js';
import type { KernelHeap } from '../kernels/module.js';
import type { GroupName } from '../kernels/msm.js';
import type { Team } from '../kernels/team.js';
import type { MirageKey } from '../verify/key-points.js';
import { drawScalars, inWipedMemory, Progress, type DevelopmentOptions } from './development.js';
import { evaluateAtTrapdoor } from './evaluate.js';
import { chunksOf, makeTables, PointStream, type PointChunk } from './key-points.js';
import {
  allocateMirageScalars,
  kernelBytes,
  MIRAGE,
  part,
  requireMemory,
  setupBytes,
  tableBits,
  type MirageScalars,
  type ScalarList,
} from './memory.js';

/** A two-round circuit as its keys see it. */
export interface MirageCircuit {
  /** nPubOut 0, nPubIn 3. */
  readonly r1cs: R1cs;
  readonly rounds: Pick<Rounds, 'firstRound2' | 'publicValues'>;
  /** Names rows and rounds: "sha256:" and 64 hexadecimal digits. */
  readonly circuitHash: string;
}

export interface MirageSetupOptions extends DevelopmentOptions {
  readonly keyPath: string;
}

/**
 * Makes a proving key at `keyPath` and returns the verification key's points. The file appears whole or not at all.
 * Throws OUTPUT_UNWRITABLE, ABORTED, WORKER_DIED, USAGE for a bad number of threads, BOUND_OVERFLOW for a circuit of more rows than a domain
 * has, MEMORY_EXCEEDED before anything is done for one beyond `maxMemoryBytes` or the 4 GiB that WebAssembly can reach.
 */
export async function setupMirageDev(circuit: MirageCircuit, options: MirageSetupOptions): Promise<MirageKey> {
  const { keyPath, signal, threads = defaultThreads(), maxMemoryBytes, within } = options;
  throwIfAborted(signal, 'the setup');
  const { domain, shape } = keyShape(circuit);
  requireMemory(circuit.r1cs, shape, threads, maxMemoryBytes, MIRAGE);
  const canonical = { ...circuit, r1cs: canonicalR1cs(circuit.r1cs) };
  const bytes = kernelBytes(canonical.r1cs, shape, threads, MIRAGE);
  return inWipedMemory(bytes, options.threads, signal, async (team) => {
    const setup = new MirageSetup(canonical, domain, shape, team, options);
    await setup.evaluate();
    let fields: MirageKey | undefined;
    await writeFileAtomically(
      keyPath,
      async (output) => {
        fields = await setup.write(output);
      },
      { signal, within },
    );
    return fields!;
  });
}

/** As `setupMemoryBytes` of groth16-dev.ts. */
export function mirageSetupMemoryBytes(circuit: MirageCircuit, threads: number = defaultThreads()): number {
  return setupBytes(circuit.r1cs, keyShape(circuit).shape, threads, MIRAGE);
}

/** The least domain that holds the rows and those that bind wires 0 … 3. */
function keyShape({ r1cs, rounds }: MirageCircuit): { readonly domain: Domain; readonly shape: ZkeyShape } {
  const { firstRound2, publicValues } = rounds;
  const isSound =
    r1cs.nPubOut === 0 &&
    r1cs.nPubIn === N_CHALLENGES &&
    publicValues >= 1 &&
    firstRound2 >= FIRST_ROUND1_WIRE &&
    firstRound2 <= r1cs.nWires;
  invariant(isSound, 'a circuit of two rounds', { firstRound2, publicValues, nWires: r1cs.nWires });
  const rows = r1cs.nConstraints + FIRST_ROUND1_WIRE;
  if (rows > 2 ** MAX_LOG_SIZE) {
    throw new ZkonnxError('BOUND_OVERFLOW', 'the circuit is too large for a proof over BN254', {
      expected: `at most 2^${MAX_LOG_SIZE} constraints`,
      got: String(r1cs.nConstraints),
    });
  }
  const domain = smallestDomain(rows);
  return { domain, shape: { nVars: r1cs.nWires, nPublic: N_CHALLENGES, domainSize: domainSize(domain) } };
}

/** A list of the key: the wires that are not left out, and their scalars. */
interface KeyList {
  readonly name: MirageList | 'h';
  readonly wires?: Uint32Array;
  readonly scalars: ScalarList;
}

class MirageSetup {
  private readonly scalars: MirageScalars;
  private readonly progress: Progress;

  constructor(
    private readonly circuit: MirageCircuit,
    private readonly domain: Domain,
    private readonly shape: ZkeyShape,
    private readonly team: Team,
    options: MirageSetupOptions,
  ) {
    this.scalars = allocateMirageScalars(team.kernels.heap, shape, circuit.rounds.firstRound2);
    const { a, b, k, h } = this.scalars;
    const lists = [a, b, k, h].map((scalars) => ({ group: 'g1' as const, scalars }));
    this.progress = new Progress(options.onProgress, [...lists, { group: 'g2', scalars: b }]);
  }

  async evaluate(): Promise<void> {
    drawScalars(this.team.kernels.heap, this.scalars, MIRAGE);
    await evaluateAtTrapdoor(this.team, this.circuit.r1cs, this.shape, this.scalars);
    this.progress.evaluated();
  }

  async write(output: OutputFile): Promise<MirageKey> {
    const lists = this.lists();
    const tables = await makeTables(this.team, tableBits(this.shape, MIRAGE));
    const chunks = [...this.singlePoints(), ...lists.flatMap(listChunks)];
    const stream = new PointStream(this.team, tables, chunks);
    try {
      return await this.writeKey(output, stream, lists);
    } finally {
      await stream.close();
    }
  }

  /** What is 0 has no place in the key. */
  private lists(): KeyList[] {
    const { heap } = this.team.kernels;
    const { a, b, k, h } = this.scalars;
    const { firstRound2 } = this.circuit.rounds;
    const ofB = withoutZeros(heap, b, 0);
    return [
      { name: 'a', ...withoutZeros(heap, a, 0) },
      { name: 'b1', ...ofB },
      { name: 'b2', ...ofB },
      { name: 'c1', ...withoutZeros(heap, part(k, FIRST_ROUND1_WIRE, firstRound2), FIRST_ROUND1_WIRE) },
      { name: 'c2', ...withoutZeros(heap, part(k, firstRound2, k.count), firstRound2) },
      { name: 'h', scalars: h },
    ];
  }

  /** α, β, δ1, δ2 in G1, IC; β, δ1, δ2, γ = 1 in G2. */
  private singlePoints(): PointChunk[] {
    const { alpha, beta, k } = this.scalars;
    const own = { file: false, hash: false, own: true };
    return [
      { group: 'g1', scalars: { pointer: alpha, count: 4 }, ...own },
      { group: 'g1', scalars: part(k, 0, FIRST_ROUND1_WIRE), ...own },
      { group: 'g2', scalars: { pointer: beta, count: 4 }, ...own },
    ];
  }

  private async writeKey(output: OutputFile, stream: PointStream, lists: readonly KeyList[]): Promise<MirageKey> {
    const next = async (group: GroupName) => cut((await stream.next()).own, KERNEL_POINT_BYTES[group]);
    const [alpha1, beta1, delta1, delta2] = (await next('g1')) as Four;
    const ic = await next('g1');
    const [beta2, delta1G2, delta2G2, gamma2] = (await next('g2')) as Four;
    const points = { alpha1, beta1, delta1, delta2, beta2, delta2G2 };
    for (const chunk of mirageKeyPrologue(this.header(), points)) await output.write(chunk);
    for (const list of lists) {
      const { name, wires, scalars } = list;
      // B1 and B2 share a section of wires.
      if (name !== 'h' && name !== 'b2') {
        for (const chunk of mirageWireSection(name, wires!)) await output.write(chunk);
      }
      await output.write(miragePointsHeader(name, scalars.count));
      for (const chunk of listChunks(list)) {
        await output.write((await stream.next()).own);
        this.progress.made(chunk);
      }
    }
    return {
      protocol: 'mirage',
      curve: 'bn128',
      nPublic: this.circuit.rounds.publicValues,
      vk_alpha_1: g1Json(alpha1),
      vk_beta_2: g2Json(beta2),
      vk_gamma_2: g2Json(gamma2),
      vk_delta1_2: g2Json(delta1G2),
      vk_delta2_2: g2Json(delta2G2),
      IC: ic.map(g1Json),
    };
  }

  private header(): MirageKeyHeader {
    const { r1cs, rounds, circuitHash } = this.circuit;
    const { nWires, nConstraints } = r1cs;
    const { firstRound2 } = rounds;
    return { nWires, firstRound2, nConstraints, domain: this.domain, setup: 'development', circuitHash };
  }
}

type Four = [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

function listChunks({ name, scalars }: KeyList): PointChunk[] {
  const group = name === 'h' ? 'g1' : MIRAGE_LISTS[name].group;
  return chunksOf({ group, scalars, file: false, hash: false, own: true });
}

/** Moves the scalars that are not 0 to the list's front, and says which wires they belong to. */
function withoutZeros(
  heap: KernelHeap,
  { pointer, count }: ScalarList,
  firstWire: number,
): { readonly scalars: ScalarList; readonly wires: Uint32Array } {
  const words = heap.words(pointer, count * FIELD_WORDS);
  const wires = new Uint32Array(count);
  let kept = 0;
  for (let i = 0, at = 0; i < count; i++, at += FIELD_WORDS) {
    if (words[at] === 0 && words.subarray(at, at + FIELD_WORDS).every((word) => word === 0)) continue;
    if (kept < i) words.copyWithin(kept * FIELD_WORDS, at, at + FIELD_WORDS);
    wires[kept++] = firstWire + i;
  }
  return { scalars: { pointer, count: kept }, wires: wires.slice(0, kept) };
}

/** Copies of points, one by one. */
function cut(points: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: points.length / size }, (_, i) => points.slice(i * size, (i + 1) * size));
}

function g1Json(point: Uint8Array): G1Json {
  const [x, y] = kernelCoordinates(point).map(String) as [string, string];
  return [x, y, '1'];
}

function g2Json(point: Uint8Array): G2Json {
  const [x0, x1, y0, y1] = kernelCoordinates(point).map(String) as [string, string, string, string];
  return [
    [x0, x1],
    [y0, y1],
    ['1', '0'],
  ];
}

/**
 * Part `protocols`: the same models and inputs by `mirage` and by plain Groth16, both ours, and by snarkjs on the Groth16 circuit: warm in
 * this process, cold as commands, memory in processes of their own.
 */
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeArtifact } from '../src/compile/artifact.js';
import { compile } from '../src/compile/compile.js';
import { artifactPaths, provingKeyPath } from '../src/formats/manifest.js';
import { keyDomainSize } from '../src/formats/mirage-key.js';
import { readMirageKeyInfo } from '../src/formats/mirage-key-file.js';
import type { AnyProofFile } from '../src/verify/proof.js';
import { setup } from '../src/setup/setup.js';
import { verify } from '../src/verify/index.js';
import { domainText, modelSource, plainCircuit, writeSample, type CircuitFiles } from './circuits.js';
import { commandTurns, OUR_CLI, snarkjsCommand, type Command } from './cold.js';
import { runCommand } from './command.js';
import { alternate, type Comparison, type Context, type Section, type Side } from './harness.js';
import { openModelProver } from './model-prover.js';
import { PERCEPTRON } from './perceptron.js';
import { endSnarkjs, proveWithSnarkjs, requireValid, snarkjsVerificationKey, type Proven } from './snarkjs-prover.js';

/** 400 MB. */
const LIMIT_BYTES = 400e6;
/** Proofs of one process whose peak memory is taken: the second one shows what is not given back. */
const PROOFS_FOR_MEMORY = 2;
const OURS = 'zkonnx, mirage';
const PLAIN = 'zkonnx, groth16';
/** 32 bytes a coordinate: three points in G1 or two, and one in G2. */
const PROOF_BYTES = { mirage: 320, groth16: 256 } as const;

interface Case {
  readonly name: string;
  /** Asked of a warm proof by `mirage`. */
  readonly limitMs?: number;
  readonly warm: Pairs;
  readonly cold: Pairs;
}

/** How often ours takes turns with each peer: snarkjs needs seven seconds for a proof of 200,000 rows, half a minute for the largest. */
interface Pairs {
  readonly plain: number;
  readonly snarkjs: number;
}

const CASES: readonly Case[] = [
  // The first one: what snarkjs keeps between proofs, its workers, is warm for the others.
  { name: 'acasxu-1-1', limitMs: 300, warm: { plain: 7, snarkjs: 5 }, cold: { plain: 3, snarkjs: 3 } },
  { name: 'mnist-12', limitMs: 800, warm: { plain: 5, snarkjs: 3 }, cold: { plain: 2, snarkjs: 2 } },
  { name: 'lenet-zkmlbench', warm: { plain: 5, snarkjs: 2 }, cold: { plain: 2, snarkjs: 2 } },
  { name: PERCEPTRON, limitMs: 800, warm: { plain: 5, snarkjs: 2 }, cold: { plain: 2, snarkjs: 1 } },
  { name: 'cifar-cnn-deepprove', warm: { plain: 5, snarkjs: 2 }, cold: { plain: 2, snarkjs: 1 } },
  { name: 'mnist-burn-cnn', warm: { plain: 2, snarkjs: 1 }, cold: { plain: 1, snarkjs: 1 } },
];
const QUICK_CASES: readonly Case[] = [
  { name: 'iris-mlp-deepprove', warm: { plain: 2, snarkjs: 1 }, cold: { plain: 1, snarkjs: 1 } },
];

export async function benchProtocols(context: Context): Promise<Section[]> {
  const measured: Measured[] = [];
  try {
    for (const one of context.quick ? QUICK_CASES : CASES) measured.push(await benchCase(context, one));
  } finally {
    await endSnarkjs();
  }
  return [
    {
      title: 'Protocols',
      notes: [
        'One model and one input, compiled for each protocol with default settings. Rows are constraints; an element is a packed public value ' +
          'of 31 bytes, of pixels one byte each.',
        'A proof is ten coordinates of 32 bytes by mirage, eight by Groth16; its file has the public values too.',
      ],
      facts: {
        columns: ['', 'rows, mirage', 'domain', 'rows, groth16', 'domain', 'elements', 'proof', 'file'],
        rows: measured.map(({ facts }) => facts),
      },
      comparisons: [],
    },
    {
      title: 'Whole proofs by protocol, warm',
      notes: [
        'Ours from the input to a proof file: witness, both rounds, and the check by which ours verifies every proof before it hands it out. ' +
          'Circuit, keys and workers are kept. snarkjs is given the witness of the Groth16 circuit, reads the key for every proof and ' +
          'verifies nothing.',
        'Every proof of ours is verified by our standalone verifier, Groth16 proofs by snarkjs too, outside the measured time.',
        `Peak: resident memory of a process of its own that loads the key and makes ${PROOFS_FOR_MEMORY} proofs, of mirage the median of ` +
          'three; of snarkjs, of its command. Asked are 400 MB, 381 MiB.',
        'Fewer runs where snarkjs, or our own Groth16, takes long: one has no spread.',
      ],
      comparisons: measured.flatMap(({ warm }) => warm),
    },
    {
      title: 'Whole commands by protocol, cold',
      notes: [
        '`zkonnx prove` from the start of the process to its end, both protocols; `snarkjs groth16 prove` is given the witness. Files in the ' +
          'page cache.',
      ],
      comparisons: measured.flatMap(({ cold }) => cold),
    },
  ];
}

interface Measured {
  readonly facts: readonly string[];
  readonly warm: readonly Comparison[];
  readonly cold: readonly Comparison[];
}

/** A model's files for both protocols. */
interface Files {
  readonly name: string;
  readonly mirage: string;
  readonly plain: string;
  readonly circuit: CircuitFiles;
  readonly input: string;
  readonly tensors: ReadonlyMap<string, Float64Array>;
  readonly rows: { readonly mirage: number; readonly plain: number };
  readonly elements: number;
}

async function benchCase(context: Context, one: Case): Promise<Measured> {
  const files = await makeFiles(context, one.name);
  context.log(`${one.name}: cold`);
  const cold = await benchCold(files, one.cold);
  context.log(`${one.name}: warm`);
  const snarkjsPeak = cold[1]!.peer!.peakBytes;
  const warm = await benchWarm(context, files, one, snarkjsPeak === undefined ? {} : { peakBytes: snarkjsPeak });
  const [fileBytes, plainFileBytes] = await Promise.all([sizeOf(proofOf(files.mirage)), sizeOf(proofOf(files.plain))]);
  const count = (value: number): string => value.toLocaleString('en');
  const info = await readMirageKeyInfo(provingKeyPath(files.mirage, 'mirage'));
  const facts = [
    files.name,
    count(files.rows.mirage),
    domainText(keyDomainSize(info)),
    count(files.rows.plain),
    domainText(files.circuit.domainSize),
    String(files.elements),
    `${PROOF_BYTES.mirage}, ${PROOF_BYTES.groth16} bytes`,
    `${count(fileBytes)}, ${count(plainFileBytes)} bytes`,
  ];
  return { facts, warm, cold };
}

async function makeFiles(context: Context, name: string): Promise<Files> {
  const circuit = await plainCircuit(context, name);
  const dir = path.join(context.folder, `${name}-mirage`);
  await mkdir(dir);
  context.log(`making ${name} for mirage`);
  const { onnx, options, tensors } = await modelSource(dir, name);
  const mirage = path.join(dir, 'artifact');
  const { constraints = 0, publicInputs } = await makeMirage(mirage, onnx, options);
  const { artifact: plain, constraints: plainRows } = circuit.model!;
  const input = await writeSample(dir, tensors);
  return {
    name,
    mirage,
    plain,
    circuit,
    input,
    tensors,
    rows: { mirage: constraints, plain: plainRows },
    elements: publicInputs,
  };
}

async function makeMirage(artifact: string, onnx: string, options: Parameters<typeof compile>[1]) {
  const compiled = await compile(onnx, { ...options, protocol: 'mirage' });
  await writeArtifact(artifact, compiled, onnx);
  await setup(artifact, { dev: true });
  return compiled.manifest.circuit;
}

// ---- cold ---------------------------------------------------------------------------------------------------------------------------

/** Where the command leaves its proof. */
const proofOf = (artifact: string): string => path.join(artifact, 'proof.json');

const sizeOf = async (file: string): Promise<number> => (await stat(file)).size;

function proveCommand(who: string, artifact: string, input: string): Command {
  const args = [OUR_CLI, 'prove', artifact, '--in', input, '-o', proofOf(artifact)];
  return { who, command: process.execPath, args };
}

async function benchCold({ name, mirage, plain, circuit, input }: Files, pairs: Pairs): Promise<Comparison[]> {
  const ours = proveCommand(OURS, mirage, input);
  const row = (turns: [Side, Side]): Comparison => ({ name: `${name}, prove`, ours: turns[0], peer: turns[1] });
  const snarkjs = snarkjsCommand(circuit);
  const rows = [
    row(await commandTurns(ours, proveCommand(PLAIN, plain, input), pairs.plain)),
    row(await commandTurns(ours, snarkjs, pairs.snarkjs)),
  ];
  for (const artifact of [mirage, plain]) {
    await requireVerified(artifact, JSON.parse(await readFile(proofOf(artifact), 'utf8')) as AnyProofFile);
  }
  await requireValid(await snarkjsVerificationKey(circuit.zkey), await snarkjs.proven(), 'snarkjs');
  return rows;
}

// ---- warm ---------------------------------------------------------------------------------------------------------------------------

async function benchWarm(
  context: Context,
  files: Files,
  { limitMs, warm: pairs }: Case,
  snarkjsPeak: Pick<Side, 'peakBytes'>,
): Promise<Comparison[]> {
  const { name, circuit, tensors } = files;
  const proven = { mirage: [] as AnyProofFile[], plain: [] as AnyProofFile[], snarkjs: [] as Proven[] };
  await using mirage = await openModelProver(files.mirage, context.threads);
  await using plain = await openModelProver(files.plain, context.threads);
  const ours = async () => proven.mirage.push(await mirage.prove(tensors));
  const ourPlain = async () => proven.plain.push(await plain.prove(tensors));
  const snarkjs = async () => proven.snarkjs.push(await proveWithSnarkjs(circuit.zkey, circuit.wtns));
  const byPlain = await alternate(ours, ourPlain, { pairs: pairs.plain, warmUp: 2 });
  // Its workers have started and its modules are compiled once it has made any proof: of the smallest circuit.
  const bySnarkjs = await alternate(ours, snarkjs, { pairs: pairs.snarkjs, warmUp: isFirst(name) ? 1 : 0 });
  await requireAllValid(files, proven);
  const peaks = await peakMemory(context, files);
  const row = (ms: readonly number[], peer: Side): Comparison => ({
    name,
    ours: { who: OURS, ms, peakBytes: peaks.mirage },
    peer,
  });
  return [
    {
      ...row(byPlain.ours, { who: PLAIN, ms: byPlain.peer, peakBytes: peaks.plain }),
      ...(limitMs === undefined ? {} : { limitMs }),
      limitBytes: LIMIT_BYTES,
    },
    row(bySnarkjs.ours, { who: 'snarkjs', ms: bySnarkjs.peer, ...snarkjsPeak }),
  ];
}

const isFirst = (name: string): boolean => [CASES[0], QUICK_CASES[0]].some((one) => one!.name === name);

async function requireAllValid(
  { mirage, plain, circuit }: Files,
  proven: {
    readonly mirage: readonly AnyProofFile[];
    readonly plain: readonly AnyProofFile[];
    readonly snarkjs: readonly Proven[];
  },
): Promise<void> {
  for (const proof of proven.mirage) await requireVerified(mirage, proof);
  for (const proof of proven.plain) await requireVerified(plain, proof);
  const key = await snarkjsVerificationKey(circuit.zkey);
  for (const file of proven.plain) {
    if (!('pi_c' in file)) throw new Error(`${plain} proves by ${file.protocol}`);
    const { pi_a, pi_b, pi_c, protocol, curve, publicSignals } = file;
    await requireValid(key, { proof: { pi_a, pi_b, pi_c, protocol, curve }, publicSignals }, 'ours');
  }
  for (const proof of proven.snarkjs) await requireValid(key, proof, 'snarkjs');
}

/** Throws Error unless the standalone verifier accepts. */
async function requireVerified(artifact: string, proof: AnyProofFile): Promise<void> {
  const verdict = verify(proof, await readFile(artifactPaths(artifact).verificationKey, 'utf8'));
  if (!verdict.valid) throw new Error(`our verifier refuses a proof of ${artifact}: ${verdict.message}`);
}

async function peakMemory({ quick, threads }: Context, { mirage, plain, input }: Files) {
  const child = fileURLToPath(new URL('model-child.js', import.meta.url));
  const peak = async (artifact: string): Promise<number> => {
    const args = [child, artifact, input, String(threads), String(PROOFS_FOR_MEMORY)];
    return (await runCommand(process.execPath, args)).peakBytes!;
  };
  const peaks = { mirage: [] as number[], plain: [] as number[] };
  peaks.plain.push(await peak(plain));
  for (let i = 0; i < (quick ? 1 : 3); i++) peaks.mirage.push(await peak(mirage));
  return peaks;
}

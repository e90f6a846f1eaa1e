/** Whether a proof that is there already is one of this key and this sample: then it need not be made again. */
import { publicSignals, solve } from '../constraint/solver.js';
import type { Circuit } from '../constraint/program.js';
import { readCircuitFile } from '../formats/circuit-file.js';
import { artifactPaths } from '../formats/manifest.js';
import { isObject } from '../verify/json.js';
import type { PreparedKey } from '../verify/key.js';
import { VERIFIERS } from '../verify/protocols.js';
import type { TensorSchema } from '../verify/statement.js';
import { verify } from '../verify/verify.js';
import { encodeNamed, type NamedSample } from './prove.js';

export interface ProofText {
  readonly proof: string;
  /** What lies beside the proof to open its commitments; undefined where nothing does. */
  readonly opening: string | undefined;
}

export class ProofKeeper {
  private circuit: Promise<Circuit> | undefined;

  /** `key` is the artifact's; `context` what proofs are to be bound to. */
  constructor(
    private readonly artifactDir: string,
    private readonly key: PreparedKey,
    private readonly context: Uint8Array = new Uint8Array(),
  ) {}

  /** False where an input is private: nothing of it shows in a proof, nor beside it. */
  get canTell(): boolean {
    return this.key.facts.schema.inputs.every(({ visibility }) => visibility !== 'private');
  }

  /** Throws INPUT_…, RANGE_EXCEEDED for a sample that cannot be proven, and what reading the circuit throws. */
  async fits(sample: NamedSample, { proof, opening }: ProofText): Promise<boolean> {
    if (!this.canTell) return false;
    const { schema } = this.key.facts;
    const shown = schema.inputs.filter(({ visibility }) => visibility === 'public');
    const expectInputs = Object.fromEntries(
      shown.map(({ name }) => [name, Array.from(sample.tensors.get(name) ?? [])]),
    );
    const hasContext = VERIFIERS[this.key.protocol].hasContext;
    const expected = hasContext ? { expectInputs, expectContext: this.context } : { expectInputs };
    if (!verify(proof, this.key, expected).valid) return false;
    const committed = [...schema.inputs, ...schema.outputs].filter(({ visibility }) => visibility === 'committed');
    return committed.length === 0 || (opening !== undefined && this.opens(sample, proof, opening, committed));
  }

  /** Whether the sample with the opening's salts has the proof's signals, and the opening the sample's values. */
  private async opens(
    { id, tensors }: NamedSample,
    proof: string,
    text: string,
    committed: readonly TensorSchema[],
  ): Promise<boolean> {
    const opening = readOpening(text, committed);
    if (opening?.keyDigest !== this.key.facts.keyDigest) return false;
    const inputs = encodeNamed(this.key.facts.schema, id, tensors);
    for (const [name, values] of opening.values) {
      const encoded = inputs.get(name);
      if (encoded !== undefined && !areEqual(encoded, values)) return false;
    }
    this.circuit ??= readCircuitFile(artifactPaths(this.artifactDir).circuit);
    const circuit = await this.circuit;
    const solved = solve(circuit, inputs, { salts: opening.salts });
    const { publicSignals: proven } = JSON.parse(proof) as { publicSignals: readonly string[] };
    return areEqual(publicSignals(circuit, solved).map(String), proven);
  }
}

interface OpeningValues {
  readonly keyDigest: unknown;
  readonly salts: ReadonlyMap<string, bigint>;
  readonly values: ReadonlyMap<string, readonly number[]>;
}

/** Undefined for what is no opening of these tensors. */
function readOpening(text: string, committed: readonly TensorSchema[]): OpeningValues | undefined {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(file) || !isObject(file['salts']) || !isObject(file['values'])) return undefined;
  const salts = new Map<string, bigint>();
  const values = new Map<string, readonly number[]>();
  for (const { name } of committed) {
    const [salt, those] = [file['salts'][name], file['values'][name]];
    if (typeof salt !== 'string' || !/^\d{1,80}$/.test(salt) || !Array.isArray(those)) return undefined;
    salts.set(name, BigInt(salt));
    values.set(name, those as readonly number[]);
  }
  return { keyDigest: file['keyDigest'], salts, values };
}

function areEqual<T>(a: ArrayLike<T>, b: ArrayLike<T>): boolean {
  return a.length === b.length && Array.prototype.every.call(a, (value: T, i: number) => value === b[i]);
}

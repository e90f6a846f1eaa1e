/**
 * The two jobs of the ezkl backend as functions from bytes to a result, run by workers/ezkl.ts. Nothing is held between calls: each makes
 * its own engine.
 */
import { ZkonnxError } from '../base/errors.js';
import type { ErrorCode } from '../base/errors.js';
import type { TensorValue } from '../verify/report.js';
import { EngineFailure, callEngine, clamped, loadEngine } from './engine.js';
import type { Engine } from './engine.js';
import { readInput } from './input.js';
import { EzklRefusal, engineProof, parseProof, readTensors } from './proof-file.js';
import type { EzklProof, EzklRefused } from './proof-file.js';
import { parseSettings } from './settings.js';

export interface VerifyTask {
  readonly kind: 'verify';
  readonly proof: Uint8Array;
  readonly vk: Uint8Array;
  readonly settings: Uint8Array;
  readonly srs: Uint8Array;
}

export interface ProveTask {
  readonly kind: 'prove';
  readonly compiledCircuit: Uint8Array;
  readonly pk: Uint8Array;
  readonly srs: Uint8Array;
  /** ezkl's input.json, from which the engine makes the witness, or a witness.json made before. */
  readonly from: { readonly input: Uint8Array } | { readonly witness: Uint8Array };
  /** With them the proof is verified before it is handed out. */
  readonly settings?: Uint8Array;
}

export type EzklTask = VerifyTask | ProveTask;

export interface EzklAccepted {
  readonly valid: true;
  /** Every public field element in order, in decimal: tensors and hashes. */
  readonly instances: readonly string[];
  /** Public tensors in real values; ezkl keeps no names, so they are `input_0`, `output_0`, … */
  readonly inputs: Readonly<Record<string, TensorValue>>;
  readonly outputs: Readonly<Record<string, TensorValue>>;
  /** Versions of ezkl that wrote the settings and the proof, as they say. */
  readonly versions: { readonly settings: string; readonly proof: string | null };
}

export type EzklVerdict = EzklAccepted | EzklRefused;

export interface ProveTimings {
  /** Milliseconds: loading the engine and making the witness, proving, and checking the proof (0 without settings). */
  readonly witness: number;
  readonly prove: number;
  readonly check: number;
  readonly total: number;
}

export interface EzklProved {
  /** ezkl's proof.json, UTF-8. */
  readonly proof: Uint8Array;
  /** Whether the proof was verified with the key at the head of the proving key. */
  readonly checked: boolean;
  readonly timingsMs: ProveTimings;
}

export type EzklResult =
  | { readonly kind: 'verified'; readonly verdict: EzklVerdict }
  | { readonly kind: 'proved'; readonly proved: EzklProved };

/** Runs a job. @throws ZkonnxError for everything that is not a refusal of the proof. */
export function runEzklJob(task: EzklTask): EzklResult {
  return task.kind === 'verify'
    ? { kind: 'verified', verdict: verifyJob(task) }
    : { kind: 'proved', proved: proveJob(task) };
}

function verifyJob(task: VerifyTask): EzklVerdict {
  const settings = parseSettings(task.settings);
  try {
    const proof = parseProof(task.proof, settings);
    checkProof(proof, task.vk, task.settings, task.srs);
    return {
      valid: true,
      instances: proof.instances.map(String),
      inputs: readTensors(settings.inputs, proof.instances),
      outputs: readTensors(settings.outputs, proof.instances),
      versions: { settings: settings.version, proof: proof.version },
    };
  } catch (error) {
    if (error instanceof EzklRefusal) return error.refused;
    throw error;
  }
}

/**
 * The engine's verdict on a proof that was read.
 * @throws EzklRefusal if it does not hold; ZkonnxError if key, settings or SRS cannot be read.
 */
function checkProof(proof: EzklProof, vk: Uint8Array, settings: Uint8Array, srs: Uint8Array): void {
  const engine = loadEngine();
  const verify = (bytes: Uint8Array) =>
    callEngine(() =>
      engine.verify(clamped(engineProof({ ...proof, proof: bytes })), clamped(vk), clamped(settings), clamped(srs)),
    );
  try {
    if (!verify(proof.proof)) throw new EzklRefusal('PROOF_INVALID', "ezkl's verifier refuses the proof");
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    if (error.panicked) checkFiles(vk, settings, srs);
    throw (
      unreadableFile(error) ?? new EzklRefusal('PROOF_INVALID', `ezkl's verifier refuses the proof: ${error.message}`)
    );
  }
  refuseTrailingBytes(() => verify(proof.proof.subarray(0, -1)));
}

/**
 * The engine stops reading where the proof ends and accepts whatever follows. A proof that still holds without its last byte had
 * bytes to spare; one of the right length fails at its last element, before any pairing.
 */
function refuseTrailingBytes(verifyShortened: () => boolean): void {
  try {
    if (!verifyShortened()) return;
  } catch (error) {
    if (error instanceof EngineFailure && !error.panicked) return;
    throw error;
  }
  throw new EzklRefusal('PROOF_MALFORMED', 'bytes follow the end of the proof');
}

/** After a panic: which of the verifier's own files caused it? A fresh engine reads them one by one. */
function checkFiles(vk: Uint8Array, settings: Uint8Array, srs: Uint8Array): void {
  const attempts: readonly (readonly [string, (engine: Engine) => boolean])[] = [
    ['settings', (engine) => engine.settingsValidation(clamped(settings))],
    ['verification key', (engine) => engine.vkValidation(clamped(vk), clamped(settings))],
    ['SRS', (engine) => engine.srsValidation(clamped(srs))],
  ];
  for (const [what, attempt] of attempts) {
    const engine = loadEngine();
    try {
      callEngine(() => attempt(engine));
    } catch (error) {
      if (error instanceof EngineFailure) throw unusable('KEY_INVALID', what, error);
      throw error;
    }
  }
}

function proveJob(task: ProveTask): EzklProved {
  const started = performance.now();
  const engine = loadEngine();
  const settings = task.settings === undefined ? undefined : parseSettings(task.settings);
  const { compiledCircuit, pk, srs } = task;
  let witness: Uint8Array;
  if ('witness' in task.from) {
    witness = task.from.witness;
  } else {
    const input = readInput(task.from.input, settings?.inputCount);
    witness = attempt('making the witness', () => engine.genWitness(clamped(compiledCircuit), clamped(input)));
  }
  const witnessed = performance.now();
  const proof = attempt('proving', () =>
    engine.prove(clamped(witness), clamped(pk), clamped(compiledCircuit), clamped(srs)),
  );
  const proven = performance.now();
  if (task.settings !== undefined) selfCheck(proof, { pk, srs, settings: task.settings });
  const done = performance.now();
  return {
    proof,
    checked: task.settings !== undefined,
    timingsMs: {
      witness: witnessed - started,
      prove: proven - witnessed,
      check: done - proven,
      total: done - started,
    },
  };
}

/**
 * ezkl proves a false witness, a foreign SRS or a damaged key without complaint; the proof is then worthless. A halo2 proving key
 * begins with its verification key, and the engine reads no further than it needs.
 */
function selfCheck(proof: Uint8Array, files: { pk: Uint8Array; srs: Uint8Array; settings: Uint8Array }): void {
  try {
    checkProof(parseProof(proof, parseSettings(files.settings)), files.pk, files.settings, files.srs);
  } catch (error) {
    if (!(error instanceof EzklRefusal)) throw error;
    throw new ZkonnxError('ARTIFACT_INVALID', 'ezkl made a proof that does not verify', {
      got: error.refused.message,
      help: 'compiled circuit, proving key, settings and SRS must come from one run of ezkl, the witness from this circuit',
      cause: error,
    });
  }
}

/** An engine call of the prover; everything that fails is a file that cannot be used. */
function attempt<T>(doing: 'making the witness' | 'proving', call: () => T): T {
  try {
    return callEngine(call);
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    const { code, help } = doing === 'proving' ? PROVING_FAILED : witnessFailed(error);
    const details = { got: error.message, help, cause: error };
    throw unreadableFile(error) ?? new ZkonnxError(code, `ezkl failed while ${doing}`, details);
  }
}

const PROVING_FAILED = {
  code: 'ARTIFACT_INVALID',
  help: 'compiled circuit, proving key, SRS and witness must come from one run of ezkl 20 or 21',
} as const;

function witnessFailed(failure: EngineFailure): { readonly code: ErrorCode; readonly help: string } {
  if (failure.message.includes('reshape')) {
    return { code: 'INPUT_SHAPE', help: "input_data must hold as many values as the model's input has elements" };
  }
  return {
    code: 'INPUT_OUT_OF_DOMAIN',
    help: "the input must lie in the range that ezkl's settings were calibrated for",
  };
}

const FILES: readonly (readonly [prefix: string, code: ErrorCode, what: string])[] = [
  ['settings', 'KEY_INVALID', 'settings'],
  ['vk', 'KEY_INVALID', 'verification key'],
  ['verifying key', 'KEY_INVALID', 'verification key'],
  ['proving key', 'KEY_INVALID', 'proving key'],
  ['params', 'KEY_INVALID', 'SRS'],
  ['srs', 'KEY_INVALID', 'SRS'],
  ['compiled model', 'ARTIFACT_INVALID', 'compiled circuit'],
  ['circuit', 'ARTIFACT_INVALID', 'compiled circuit'],
  ['input', 'INPUT_FORMAT', 'input'],
];

/** The engine names the file that it could not read: "Failed to deserialize <file>: …". */
function unreadableFile(failure: EngineFailure): ZkonnxError | undefined {
  const found = FILES.find(([prefix]) => failure.message.startsWith(`Failed to deserialize ${prefix}:`));
  return found === undefined ? undefined : unusable(found[1], found[2], failure);
}

function unusable(code: ErrorCode, what: string, failure: EngineFailure): ZkonnxError {
  return new ZkonnxError(code, `ezkl's engine cannot read the ${what}`, {
    got: failure.message,
    help: 'it must be whole and made by ezkl 20 or 21 (verification also takes files of ezkl 22)',
    cause: failure,
  });
}

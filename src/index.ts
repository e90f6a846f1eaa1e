/**
 * zkonnx as a library: compile an ONNX model into a circuit, make keys, prove inferences in a worker pool, verify, export.
 * `zkonnx/verify` is the verifier alone.
 */
export { compile, writeArtifact } from './library.js';
export type { CompiledModel } from './library.js';
export type { CompileOptions, Range } from './compile/options.js';
export type { CompilePhase, CompileProgress, StageOptions } from './compile/stages.js';
export type { RealValues } from './compile/passes/calibrate.js';
export type {
  CompileChoices,
  InputDomainChoice,
  LayerCost,
  Figures,
  Manifest,
  OutputAccuracy,
  StatedAccuracy,
} from './formats/manifest.js';
export type { FormatVersion } from './verify/schema.js';
export type {
  AccuracyReport,
  Measured,
  MeasuredOutput,
  Proven as ProvenErrors,
  ReferenceComparison,
  Searched as SearchedErrors,
  TensorError,
} from './compile/accuracy.js';
export type { ArtifactKeys, WriteArtifactOptions } from './compile/artifact.js';
export { setup } from './setup/setup.js';
export type { SetupOptions, SetupResult } from './setup/setup.js';
export type { SetupProgress } from './setup/development.js';
export { openProver } from './prove/open-prover.js';
export type {
  ArtifactBytes,
  InputValues,
  OpenProverOptions,
  ProofOptions,
  Proven,
  Prover,
  RunOptions,
} from './prove/prover.js';
export { prove } from './prove/prove.js';
export type { NamedSample, ProveOptions, ProvenSample } from './prove/prove.js';
export type { ProvePhase, ProveProgress, ProverName, ProverPhase, ProveTimings, RelationPhase } from './prove/tasks.js';
export type { Opening } from './verify/opening.js';
export type { Pause } from './prove/engine/event-loop.js';
export { verifyArtifact } from './evaluate/verify-artifact.js';
export type {
  ArtifactCheck,
  ArtifactPart,
  ArtifactReport,
  ArtifactVerdict,
  VerifyArtifactOptions,
} from './evaluate/verify-artifact.js';
export { openRunner } from './evaluate/runner.js';
export type { ClampReport } from './prove/clamp-report.js';
export type { Runner, RunResult } from './prove/run.js';
export { readSamples } from './inputs/index.js';
export type { ImageOptions, InputSpec, ReadOptions, Sample } from './inputs/index.js';
export { exportSolidity, solidityCalldata } from './export/solidity.js';
export type {
  Groth16Calldata,
  MirageCalldata,
  SolidityCalldata,
  SolidityExport,
  SolidityOptions,
} from './export/solidity.js';
export { exportVerifierModule, exportVerifierPage } from './export/verifier.js';
export * from './verify/index.js';

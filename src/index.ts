/**
 * zkonnx as a library: compile an ONNX model into a circuit, make keys, prove inferences in a worker pool, verify, export.
 * `zkonnx/verify` is the verifier alone.
 */
export { compile } from './compile/compile.js';
export type { CompiledModel, CompileOptions, Range } from './compile/compile.js';
export type { RealValues } from './compile/passes/calibrate.js';
export type { LayerCost, Manifest } from './formats/manifest.js';
export type { Circuit, InputBinding, OutputBinding, WitnessProgram } from './prove/program.js';
export type { R1cs, SparseMatrix } from '../circuits/r1cs.js';
export type { LookupTable, Rounds } from '../circuits/rounds.js';
export type { AccuracyReport, TensorError } from './compile/accuracy.js';
export { writeArtifact } from './compile/artifact.js';
export { setup } from './setup/setup.js';
export type { SetupOptions, SetupResult } from './setup/setup.js';
export type { SetupProgress } from './setup/development.js';
export { prove } from './prove/prove.js';
export type { AnyProofFile } from './prove/checked-proof.js';
export type { NamedSample, ProveOptions, ProvenSample } from './prove/prove.js';
export type { Opening } from './prove/opening.js';
export type { ProvePhase, ProveProgress, ProverName } from './prove/tasks.js';
export { openRunner } from './evaluate/runner.js';
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

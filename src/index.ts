/**
 * zkonnx as a library: compile an ONNX model into a circuit, make keys, prove inferences in a worker pool, verify, export.
 * `zkonnx/verify` is the verifier alone.
 */
export { compile } from './compile/compile.js';
export type { CompiledModel, CompileOptions } from './compile/compile.js';
export type { AccuracyReport, TensorError } from './compile/accuracy.js';
export { writeArtifact } from './compile/artifact.js';
export { setup } from './setup/setup.js';
export type { SetupOptions, SetupResult } from './setup/setup.js';
export { prove } from './prove/prove.js';
export type { AnyProofFile } from './prove/checked-proof.js';
export type { ProveOptions, ProvenSample } from './prove/prove.js';
export { openRunner } from './evaluate/runner.js';
export type { Runner, RunResult } from './prove/run.js';
export { readSamples } from './inputs/index.js';
export { exportSolidity, solidityCalldata } from './export/solidity.js';
export type { SolidityCalldata, SolidityExport, SolidityOptions } from './export/solidity.js';
export { exportVerifierModule, exportVerifierPage } from './export/verifier.js';
export * from './verify/index.js';

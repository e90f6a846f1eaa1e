/** ONNX file → real graph: every node that an output needs is expanded. */
import { finish, type Work } from '../../base/work.js';
import { decodeModel } from '../../formats/onnx-proto.js';
import type { RealGraph } from '../real/graph.js';
import { Importer } from './importer.js';
import { readGraph, type ReadOptions } from './model.js';
import { operators } from './registry.js';

export type ImportOptions = ReadOptions;

export interface ModelInfo {
  readonly opset: number;
  readonly irVersion: number;
  /** Name and version of the program that wrote the file. */
  readonly producer: string;
  /** Nodes in the file, and those an output needs. */
  readonly nodeCount: number;
  readonly usedNodeCount: number;
}

export interface ImportedModel {
  readonly graph: RealGraph;
  /** Choices made for the user. */
  readonly notes: readonly string[];
  readonly model: ModelInfo;
}

/**
 * Reads a model. The graph's input and output names and shapes are the model's own.
 * @throws ZkonnxError NOT_ONNX, MODEL_INVALID, GRAPH_INVALID, OP_UNSUPPORTED, SHAPE_UNKNOWN, SHAPE_MISMATCH, INPUT_NAME,
 *   EXTERNAL_DATA_MISSING, RANGE_EXCEEDED, FILE_TOO_LARGE.
 */
export function importModel(bytes: Uint8Array, options: ImportOptions = {}): ImportedModel {
  return finish(importing(bytes, options));
}

/** As `importModel`, node by node. */
export function* importing(bytes: Uint8Array, options: ImportOptions = {}): Work<ImportedModel> {
  const onnx = readGraph(decodeModel(bytes), options);
  const importer = new Importer(onnx, options);
  const used = onnx.nodes.filter((node) => importer.isNeeded(node));
  for (const [i, node] of used.entries()) {
    yield i / used.length;
    importer.expand(node);
  }
  const { opset, irVersion, producer } = onnx;
  return {
    graph: importer.finish(),
    notes: onnx.notes,
    model: { opset, irVersion, producer, nodeCount: onnx.nodes.length, usedNodeCount: used.length },
  };
}

export interface SupportedOperator {
  readonly op: string;
  /** Lowest opset accepted. */
  readonly since: number;
  readonly notes: string;
}

/** The operators of the registry, by name. */
export function supportedOperators(): readonly SupportedOperator[] {
  return Object.entries(operators)
    .map(([op, { since, notes }]) => ({ op, since, notes }))
    .sort((a, b) => (a.op < b.op ? -1 : 1));
}

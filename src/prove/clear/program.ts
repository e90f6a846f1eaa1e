/** program.bin of an artifact of protocol `clear`, read and run. Uses no Node API. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { CodecFault } from '../../base/codec.js';
import { ZkonnxError } from '../../base/errors.js';
import { clampWatch, type LeftEnd } from '../../compile/ir/clamped.js';
import { factsOf } from '../../compile/ir/ends.js';
import type { IrGraph } from '../../compile/ir/graph.js';
import { Interpreter, sizeOf } from '../../compile/ir/program.js';
import { PROGRAM_VERSIONS, programVersion, readProgram } from '../../compile/ir/program-bytes.js';
import { schemaDigest } from '../../verify/schema.js';
import { elementCount, type Schema } from '../../verify/statement.js';

/** A file of more bytes is no program of ours. */
export const MAX_PROGRAM_BYTES = 2 ** 31;

export interface ClearProgram {
  readonly ir: IrGraph;
  /** "sha256:…" of the file. */
  readonly hash: string;
}

/**
 * Throws ARTIFACT_INVALID for bytes that are no program, or one of another schema; FORMAT_VERSION; BOUND_OVERFLOW for one whose integers may leave their
 * bounds. `where` names the file.
 */
export function openProgram(bytes: Uint8Array, schema: Schema, where: string): ClearProgram {
  const version = programVersion(bytes);
  if (version === undefined) throw invalid('the file is no program', where);
  if (!PROGRAM_VERSIONS.some((known) => known === version)) {
    throw new ZkonnxError('FORMAT_VERSION', 'the program has an unknown format version', {
      expected: PROGRAM_VERSIONS.join(' or '),
      got: String(version),
      where,
      help: 'use the version of zkonnx that wrote it, or compile again',
    });
  }
  const { ir, schemaDigest: own } = reading(bytes, where);
  if (own !== schemaDigest(schema)) {
    throw invalid('the program was compiled for another I/O schema', where, own, schemaDigest(schema));
  }
  requireTensors(ir, schema, where);
  factsOf(ir);
  return { ir, hash: programHash(bytes) };
}

/** "sha256:" and 64 hexadecimal digits. */
export function programHash(bytes: Uint8Array): string {
  return `sha256:${bytesToHex(sha256(bytes))}`;
}

function reading(bytes: Uint8Array, where: string): ReturnType<typeof readProgram> {
  try {
    return readProgram(bytes);
  } catch (fault) {
    if (!(fault instanceof CodecFault)) throw fault;
    throw invalid('the program cannot be read', where, fault.message);
  }
}

/** The schema's tensors are the program's, in order. */
function requireTensors({ nodes, inputs, outputs }: IrGraph, schema: Schema, where: string): void {
  const sizes = new Map(nodes.map((node) => [node.name, sizeOf(node)]));
  const listed = (names: readonly string[]) => names.map((name) => sizes.get(name)).join(', ');
  const shown = (tensors: Schema['inputs']) => tensors.map(({ dims }) => elementCount(dims)).join(', ');
  const pairs = [
    [listed(inputs), shown(schema.inputs)],
    [listed(outputs.map(({ node }) => node)), shown(schema.outputs)],
  ] as const;
  for (const [got, expected] of pairs) {
    if (got !== expected) throw invalid('the program has other tensors than the I/O schema', where, got, expected);
  }
}

function invalid(what: string, where: string, got?: string, expected?: string): ZkonnxError {
  return new ZkonnxError('ARTIFACT_INVALID', what, {
    where,
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    help: 'compile the model again, and run setup',
  });
}

export interface ProgramRun {
  /** By IR node; overwritten by the next run. */
  readonly values: ReadonlyMap<string, Float64Array>;
  /** By the schema's names. */
  readonly outputs: ReadonlyMap<string, Float64Array>;
  readonly left: readonly LeftEnd[];
}

/** Runs a program on integers by the schema's names of inputs. */
export class ProgramRunner {
  private readonly interpreter: Interpreter;
  private readonly watch: ReturnType<typeof clampWatch>;

  constructor(
    private readonly program: ClearProgram,
    private readonly schema: Schema,
  ) {
    this.interpreter = new Interpreter(program.ir);
    this.watch = clampWatch(program.ir);
  }

  /** Throws RANGE_EXCEEDED, naming the layer, for a value beyond an end that is refused: nothing proves it. */
  run(inputs: ReadonlyMap<string, Float64Array>): ProgramRun {
    const { ir } = this.program;
    const values = this.interpreter.run(
      new Map(this.schema.inputs.map(({ name }, i) => [ir.inputs[i]!, inputs.get(name)!])),
    );
    const left = this.watch(values);
    const refused = left.find(({ end }) => end === 'refused');
    if (refused !== undefined) throw beyond(refused);
    const outputs = new Map(
      this.schema.outputs.map(({ name }, i) => [name, Float64Array.from(values.get(ir.outputs[i]!.node)!)]),
    );
    return { values, outputs, left };
  }
}

function beyond({ node, side, farthest }: LeftEnd): ZkonnxError {
  return new ZkonnxError('RANGE_EXCEEDED', 'a value leaves the range its constraint allows', {
    where: node,
    got: `${farthest}, ${side === 'lo' ? 'below' : 'above'} it`,
    help: 'compile with calibration data that covers such inputs, or with --overflow saturate',
  });
}

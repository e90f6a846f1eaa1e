/** A node's attributes with their types checked at the reading; errors name node, operator and opset. */
import { ZkonnxError } from '../../base/errors.js';
import { toNumber, type AttributeProto, type TensorProto } from '../../formats/onnx-proto.js';

/** AttributeProto.AttributeType; 0 is written by files older than the field. */
const KIND = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const;

export class Attributes {
  private readonly byName = new Map<string, AttributeProto>();

  constructor(
    attributes: readonly AttributeProto[],
    private readonly label: string,
  ) {
    for (const attribute of attributes) {
      if (this.byName.has(attribute.name)) throw this.error(attribute.name, 'is given twice');
      if (attribute.refAttrName !== '') throw this.error(attribute.name, 'refers to a function outside of one');
      this.byName.set(attribute.name, attribute);
    }
  }

  names(): string[] {
    return [...this.byName.keys()];
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  int(name: string, fallback: number): number {
    const attribute = this.find(name, 'int');
    if (attribute === undefined) return fallback;
    const value = toNumber(attribute.i);
    if (value === undefined || !Number.isFinite(value)) throw this.error(name, 'is no usable integer');
    return value;
  }

  /** An attribute the operator cannot do without. */
  requiredInt(name: string): number {
    if (!this.has(name)) throw this.error(name, 'is missing');
    return this.int(name, 0);
  }

  /** A switch: 0 or 1. */
  flag(name: string, fallback = false): boolean {
    const value = this.int(name, fallback ? 1 : 0);
    if (value !== 0 && value !== 1) throw this.error(name, `must be 0 or 1, is ${value}`);
    return value === 1;
  }

  float(name: string, fallback: number): number {
    return this.find(name, 'float')?.f ?? fallback;
  }

  string(name: string, fallback: string): string {
    const attribute = this.find(name, 'string');
    return attribute === undefined ? fallback : new TextDecoder().decode(attribute.s);
  }

  /** May hold ±Infinity where the file holds the ends of int64. */
  ints(name: string): number[] | undefined {
    return this.find(name, 'ints')?.ints.map((value) => toNumber(value) ?? NaN);
  }

  floats(name: string): number[] | undefined {
    const attribute = this.find(name, 'floats');
    return attribute === undefined ? undefined : [...attribute.floats];
  }

  tensor(name: string): TensorProto | undefined {
    const attribute = this.find(name, 'tensor');
    if (attribute === undefined) return undefined;
    if (attribute.t === null) throw this.error(name, 'holds no tensor');
    return attribute.t;
  }

  error(name: string, fault: string): ZkonnxError {
    return new ZkonnxError('MODEL_INVALID', `attribute ${name} ${fault}`, { where: this.label });
  }

  private find(name: string, kind: keyof typeof KIND): AttributeProto | undefined {
    const attribute = this.byName.get(name);
    if (attribute !== undefined && attribute.type !== KIND[kind] && attribute.type !== 0) {
      throw this.error(name, `is not of kind ${kind}`);
    }
    return attribute;
  }
}

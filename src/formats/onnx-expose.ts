/** A model that shows more of itself: values inside the graph as outputs beside its own. */

/** Numbers of fields in onnx.proto: ModelProto.graph, GraphProto.output, ValueInfoProto.name; all hold lengths and bytes. */
const FIELDS = { graph: 7, output: 12, name: 1 } as const;
const LENGTH_DELIMITED = 2;

/**
 * The model's file with outputs added by name: whoever runs it infers their types. A protobuf message that comes twice is merged, and its lists
 * are joined, so what is added follows the file as it is.
 */
export function withOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const outputs = names.map((name) => field(FIELDS.output, field(FIELDS.name, Buffer.from(name, 'utf8'))));
  return Buffer.concat([model, field(FIELDS.graph, Buffer.concat(outputs))]);
}

function field(number: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(number * 8 + LENGTH_DELIMITED), varint(content.length), content]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.from([...bytes, rest]);
}

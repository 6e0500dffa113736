/** A field of a protobuf message as it stands on the wire. */
interface WireField {
  readonly field: number;
  /** Varints and fixed 32-bit patterns. */
  readonly number: bigint;
  /** Length-delimited content. */
  readonly bytes: Uint8Array;
}

/** Reads a message by the wire format alone, as a reader that knows nothing of what wrote it. */
function fieldsOf(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      if (at >= bytes.length) throw new Error("a varint is cut");
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
      shift += 7n;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const wire = Number(tag & 7n);
    const field = Number(tag >> 3n);
    if (wire === 0) fields.push({ field, number: varint(), bytes: new Uint8Array(0) });
    else {
      const length = wire === 5 ? 4 : wire === 2 ? Number(varint()) : NaN;
      if (!(at + length <= bytes.length)) throw new Error(`field ${field} of wire type ${wire} is cut`);
      const content = bytes.subarray(at, at + length);
      at += length;
      const pattern = wire === 5 ? BigInt(Buffer.from(content).readUInt32LE()) : 0n;
      fields.push({ field, number: pattern, bytes: content });
    }
  }
  return fields;
}

const texts = (fields: readonly WireField[], number: number): string[] =>
  fields.filter(({ field }) => field === number).map(({ bytes }) => Buffer.from(bytes).toString("utf8"));

const numbers = (fields: readonly WireField[], number: number): number[] =>
  fields.filter(({ field }) => field === number).map((one) => Number(one.number));

const messages = (fields: readonly WireField[], number: number): WireField[][] =>
  fields.filter(({ field }) => field === number).map(({ bytes }) => fieldsOf(bytes));

/** A tensor of a graph that was read. */
export interface ReadTensor {
  readonly name: string;
  /** Number in `TensorProto.DataType`. */
  readonly type: number;
  readonly shape: readonly number[];
  /** Its bytes; null where they lie in another file. */
  readonly raw: Uint8Array | null;
  /** Entries of its place in another file. */
  readonly external: ReadonlyMap<string, string>;
}

/** A graph that was read. */
export interface ReadGraph {
  readonly irVersion: number;
  /** Versions of the operators by their domain. */
  readonly operators: ReadonlyMap<string, number>;
  readonly nodes: readonly {
    readonly operator: string;
    readonly domain: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
    /** Whole numbers by name. */
    readonly attributes: ReadonlyMap<string, number>;
  }[];
  readonly tensors: ReadonlyMap<string, ReadTensor>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Reads an ONNX file; numbers of fields are those of onnx.proto (ONNX 1.17). */
export function readOnnx(bytes: Uint8Array): ReadGraph {
  const model = fieldsOf(bytes);
  const [graph] = messages(model, 7);
  const tensors = messages(graph, 5).map((tensor): ReadTensor => {
    const raw = tensor.find(({ field }) => field === 9);
    const entries = messages(tensor, 13).map((entry) => [texts(entry, 1)[0], texts(entry, 2)[0]] as const);
    return {
      name: texts(tensor, 8)[0],
      type: numbers(tensor, 2)[0],
      shape: numbers(tensor, 1),
      raw: raw?.bytes ?? null,
      external: new Map(entries),
    };
  });
  return {
    irVersion: numbers(model, 1)[0],
    operators: new Map(
      messages(model, 8).map((set) => [texts(set, 1)[0] ?? "", numbers(set, 2)[0]] as const),
    ),
    nodes: messages(graph, 1).map((node) => ({
      operator: texts(node, 4)[0],
      domain: texts(node, 7)[0] ?? "",
      inputs: texts(node, 1),
      outputs: texts(node, 2),
      attributes: new Map(
        messages(node, 5)
          .filter((attribute) => numbers(attribute, 20)[0] === 2)
          .map((attribute) => [texts(attribute, 1)[0], numbers(attribute, 3)[0]] as const),
      ),
    })),
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    inputs: messages(graph, 11).map((value) => texts(value, 1)[0]),
    outputs: messages(graph, 12).map((value) => texts(value, 1)[0]),
  };
}

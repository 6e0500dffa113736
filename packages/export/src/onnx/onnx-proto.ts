import { bytesField, floatField, integerField, joined } from "./protobuf.js";

/** Types of elements and their numbers in `TensorProto.DataType`, with the bytes that an element takes. */
export const elementTypes = {
  float32: { id: 1, bytes: 4 },
  uint8: { id: 2, bytes: 1 },
  int32: { id: 6, bytes: 4 },
  int64: { id: 7, bytes: 8 },
  float16: { id: 10, bytes: 2 },
} as const;

/** One of {@link elementTypes}. */
export type ElementType = keyof typeof elementTypes;

/** What a node is told beside its inputs: whole numbers, and floats, which JavaScript does not tell apart. */
export type AttributeValue = number | { readonly float: number };

/** An operation of a graph. */
export interface GraphNode {
  readonly operator: string;
  /** Names of values; "" for one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Of the operator: "" for ONNX itself. */
  readonly domain: string;
}

/** A value that goes into a graph or comes out; axes that vary have names. */
export interface GraphValue {
  readonly name: string;
  readonly type: ElementType;
  readonly axes: readonly (number | string)[];
}

/** Name, type and shape of a tensor that a graph holds. */
export interface TensorHead {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/** Where the bytes of a tensor lie in a file beside the graph's. */
export interface ExternalPlace {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

// Numbers of the fields are those of onnx.proto.
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const EXTERNAL = 1;

function attributeProto(name: string, value: AttributeValue): Uint8Array {
  const content =
    typeof value === "number"
      ? [integerField(3, value), integerField(20, ATTRIBUTE_INT)]
      : [floatField(2, value.float), integerField(20, ATTRIBUTE_FLOAT)];
  return joined([bytesField(1, name), ...content]);
}

/** A `NodeProto`, which is called after its first output. */
export function nodeProto({ operator, inputs, outputs, attributes, domain }: GraphNode): Uint8Array {
  return joined([
    ...inputs.map((input) => bytesField(1, input)),
    ...outputs.map((output) => bytesField(2, output)),
    bytesField(3, `${outputs[0]}/${operator}`),
    bytesField(4, operator),
    ...Object.entries(attributes).map(([name, value]) => bytesField(5, attributeProto(name, value))),
    ...(domain === "" ? [] : [bytesField(7, domain)]),
  ]);
}

/** A `ValueInfoProto`. */
export function valueProto({ name, type, axes }: GraphValue): Uint8Array {
  const dimensions = axes.map((axis) =>
    bytesField(1, typeof axis === "number" ? integerField(1, axis) : bytesField(2, axis)),
  );
  const tensorType = joined([integerField(1, elementTypes[type].id), bytesField(2, joined(dimensions))]);
  return joined([bytesField(1, name), bytesField(2, bytesField(1, tensorType))]);
}

/** A `TensorProto` without its bytes, which follow as field 9. */
export const tensorProto = ({ name, type, shape }: TensorHead): Uint8Array =>
  joined([
    ...shape.map((size) => integerField(1, size)),
    integerField(2, elementTypes[type].id),
    bytesField(8, name),
  ]);

/** A `TensorProto` whose bytes lie in another file. */
export function externalTensorProto(head: TensorHead, { file, offset, length }: ExternalPlace): Uint8Array {
  const entry = (key: string, value: string): Uint8Array =>
    bytesField(13, joined([bytesField(1, key), bytesField(2, value)]));
  return joined([
    tensorProto(head),
    entry("location", file),
    entry("offset", String(offset)),
    entry("length", String(length)),
    integerField(14, EXTERNAL),
  ]);
}

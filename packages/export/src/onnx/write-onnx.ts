import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { replaceFile } from "@lathe/files";
import type { GraphTensor, OnnxGraph } from "./onnx-graph.js";
import {
  elementTypes,
  type ExternalPlace,
  externalTensorProto,
  nodeProto,
  type TensorHead,
  tensorProto,
  valueProto,
} from "./onnx-proto.js";
import { bytesField, fieldHead, integerField, joined } from "./protobuf.js";

/** The version of the file format, and that of ONNX's operators. */
const IR_VERSION = 8;
const OPERATORS_VERSION = 17;

/** Tensors in files of their own begin at pages, so that they can be mapped. */
const PAGE = 4096;

/** Readers of protobuf take files below 2 GiB; the rest is for what is not weights. */
const LARGEST_FILE = 2 ** 31 - 2 ** 24;

/** How {@link writeOnnx} goes about it. */
export interface WriteOnnxOptions {
  /** Bytes of weights in one file at most; where a graph has more they go into files beside it. @defaultValue just below 2 GiB */
  readonly largestFile?: number | undefined;
  /** Tensors written so far, of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What {@link writeOnnx} wrote. */
export interface WrittenOnnx {
  /** Bytes of all files. */
  readonly bytes: number;
  /** Names of the files that hold weights beside the graph's; none where that holds them. */
  readonly dataFiles: readonly string[];
}

/** Bytes of a tensor. */
export const tensorLength = ({ shape, type }: TensorHead): number =>
  shape.reduce((all, size) => all * size, elementTypes[type].bytes);

/** A tensor and where its bytes begin in a file. */
interface PlacedTensor {
  readonly tensor: GraphTensor;
  readonly at: number;
}

/**
 * Writes a graph as an ONNX file, its tensors one after the other as they put their bytes. Where the weights are too many for one file
 * they lie in `NAME_data`, `NAME_data_1` and so on beside it, as ONNX Runtime and transformers.js look for them.
 *
 * @throws FileError; what tensors throw. No file is left half-written
 */
export async function writeOnnx(
  path: string,
  graph: OnnxGraph,
  { largestFile = LARGEST_FILE, onProgress }: WriteOnnxOptions = {},
): Promise<WrittenOnnx> {
  let done = 0;
  const told = (): void => onProgress?.(++done, graph.tensors.length);
  const total = graph.tensors.reduce((sum, tensor) => sum + tensorLength(tensor), 0);
  if (total <= largestFile) return { bytes: await writeWhole(path, graph, told), dataFiles: [] };
  const files = intoFiles(graph.tensors, `${basename(path)}_data`, largestFile);
  let bytes = 0;
  const places = new Map<string, ExternalPlace>();
  for (const [name, placed] of files) {
    const last = placed[placed.length - 1];
    bytes += last.at + tensorLength(last.tensor);
    for (const { tensor, at } of placed) {
      places.set(tensor.name, { file: name, offset: at, length: tensorLength(tensor) });
    }
    await replaceFile(join(dirname(path), name), async (file) => await writeTensors(file, placed, told));
  }
  const tensors = graph.tensors.map((tensor) => externalTensorProto(tensor, places.get(tensor.name)!));
  const model = modelProto(graph, joined(tensors.map((tensor) => bytesField(5, tensor))));
  const head = joined([...model.before, ...model.after]);
  await replaceFile(path, head);
  return { bytes: bytes + head.byteLength, dataFiles: [...files.keys()] };
}

/** Tensors by the file that holds them; one that is larger than any file may be has its own. */
function intoFiles(
  tensors: readonly GraphTensor[],
  name: string,
  largestFile: number,
): Map<string, PlacedTensor[]> {
  const files = new Map<string, PlacedTensor[]>();
  let placed: PlacedTensor[] = [];
  let end = Infinity;
  for (const tensor of tensors) {
    let at = Math.ceil(end / PAGE) * PAGE;
    if (!(at + tensorLength(tensor) <= largestFile)) {
      placed = [];
      files.set(files.size === 0 ? name : `${name}_${files.size}`, placed);
      at = 0;
    }
    placed.push({ tensor, at });
    end = at + tensorLength(tensor);
  }
  return files;
}

/** @returns bytes of the file */
async function writeWhole(path: string, graph: OnnxGraph, told: () => void): Promise<number> {
  const heads = graph.tensors.map((tensor) => {
    const length = tensorLength(tensor);
    const raw = joined([tensorProto(tensor), fieldHead(9, length)]);
    return joined([fieldHead(5, raw.byteLength + length), raw]);
  });
  const weights = graph.tensors.reduce(
    (sum, tensor, i) => sum + heads[i].byteLength + tensorLength(tensor),
    0,
  );
  const { before, after } = modelProto(graph, weights);
  const placed: PlacedTensor[] = [];
  const pieces: (readonly [Uint8Array, number])[] = [];
  let end = 0;
  const place = (bytes: Uint8Array): void => {
    pieces.push([bytes, end]);
    end += bytes.byteLength;
  };
  for (const bytes of before) place(bytes);
  for (const [i, tensor] of graph.tensors.entries()) {
    place(heads[i]);
    placed.push({ tensor, at: end });
    end += tensorLength(tensor);
  }
  for (const bytes of after) place(bytes);
  await replaceFile(path, async (file) => {
    for (const [bytes, at] of pieces) await putAll(file, bytes, at);
    await writeTensors(file, placed, told);
  });
  return end;
}

/**
 * A `ModelProto` around the tensors of its graph.
 * @param tensors the fields of the tensors, or the bytes that these will take
 * @returns what stands before and after them
 */
function modelProto(
  graph: OnnxGraph,
  tensors: Uint8Array | number,
): { readonly before: readonly Uint8Array[]; readonly after: readonly Uint8Array[] } {
  const nodes = joined([
    ...graph.nodes.map((node) => bytesField(1, nodeProto(node))),
    bytesField(2, "decoder"),
  ]);
  const values = joined([
    ...graph.inputs.map((value) => bytesField(11, valueProto(value))),
    ...graph.outputs.map((value) => bytesField(12, valueProto(value))),
  ]);
  const held = typeof tensors === "number" ? tensors : tensors.byteLength;
  const operators = (domain: string, version: number): Uint8Array =>
    bytesField(8, joined([bytesField(1, domain), integerField(2, version)]));
  return {
    before: [
      joined([integerField(1, IR_VERSION), bytesField(2, "lathe")]),
      fieldHead(7, nodes.byteLength + held + values.byteLength),
      nodes,
      ...(typeof tensors === "number" ? [] : [tensors]),
    ],
    after: [values, operators("", OPERATORS_VERSION), operators("com.microsoft", 1)],
  };
}

async function writeTensors(
  file: FileHandle,
  placed: readonly PlacedTensor[],
  told: () => void,
): Promise<void> {
  for (const { tensor, at } of placed) {
    const length = tensorLength(tensor);
    let put = 0;
    await tensor.write(async (bytes, offset) => {
      put += bytes.byteLength;
      await putAll(file, bytes, at + offset);
    });
    if (put !== length) throw new RangeError(`${tensor.name}: expected ${length} bytes, got ${put}`);
    told();
  }
}

async function putAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    done += (await file.write(bytes, done, bytes.byteLength - done, at + done)).bytesWritten;
  }
}

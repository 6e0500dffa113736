import type { OnWarning } from "@lathe/files";
import {
  type Linear,
  linearPlaces,
  openWeights,
  type RowRange,
  type StoredLinear,
  type StoredWeights,
  type TensorInfo,
  packedSuffixes,
  readModelConfig,
} from "@lathe/model";
import { dequantize } from "./dequantize.js";
import { linearReader, type WeightFormat } from "./linear-reader.js";
import { folderFormat } from "./quantization-config.js";
import { QuantizedLinear } from "./quantized-linear.js";

/**
 * The weights of a model folder as an adapter was trained over them: the layers' linears of a packed folder, or of one packed while it
 * was read, as the float32 numbers that their codes stand for. Everything else, the output head with it, is as it is stored. One
 * linear is held at a time, packed; rows are widened as they are read.
 *
 * @param format what the linears are packed in while they are read; needs an engine unless it is "none"
 * @param onWarning is told of linears that the format cannot hold
 * @throws ModelConfigError, WeightsError
 */
export async function widenedWeights(
  folder: string,
  format: WeightFormat = "none",
  onWarning?: OnWarning,
): Promise<StoredWeights> {
  const stored = await folderFormat(folder);
  if (stored === null && format === "none") return await openWeights(folder);
  const read = await linearReader(folder, format, onWarning);
  const config = await readModelConfig(folder);
  const weights = await openWeights(folder);
  const linears = new Map(
    linearPlaces(config)
      .filter(({ block, weight }) => block !== "head" && weights.has(weight))
      .map((place): [string, StoredLinear] => [place.weight, { ...place, bias: null }]),
  );
  const parts = new Set(
    [...linears.keys()].flatMap((name) => Object.values(packedSuffixes).map((suffix) => name + suffix)),
  );
  const names = weights.names().filter((name) => !parts.has(name));
  let held: { readonly name: string; readonly linear: Linear } | null = null;
  const letGo = (): void => {
    held?.linear.dispose();
    held = null;
  };
  const linearOf = async (name: string, place: StoredLinear): Promise<Linear> => {
    if (held?.name === name) return held.linear;
    letGo();
    const linear = await read(weights, place);
    held = { name, linear };
    return linear;
  };
  const info = (name: string): TensorInfo => {
    const place = linears.get(name);
    if (!place) return weights.info(name);
    const elementCount = place.shape[0] * place.shape[1];
    return {
      name,
      dtype: "F32",
      shape: place.shape,
      elementCount,
      byteOffset: 0,
      byteLength: 4 * elementCount,
    };
  };
  const readFloat32 = async (name: string, rows?: RowRange): Promise<Float32Array<ArrayBuffer>> => {
    const place = linears.get(name);
    if (!place) return await weights.readFloat32(name, rows);
    const linear = await linearOf(name, place);
    if (linear instanceof QuantizedLinear) return new Float32Array(dequantize(linear.matrix, rows));
    const { start, end } = rows ?? { start: 0, end: place.shape[0] };
    return linear.denseWeight().slice(start * place.shape[1], end * place.shape[1]);
  };
  const readRaw: StoredWeights["readRaw"] = async (name, rows, target) => {
    if (!linears.has(name)) return await weights.readRaw(name, rows, target);
    const values = await readFloat32(name, rows);
    const { shape } = info(name);
    const written = new Uint8Array(values.byteLength);
    const view = new DataView(written.buffer);
    values.forEach((value, i) => view.setFloat32(4 * i, value, true));
    target?.set(written);
    const bytes = target?.subarray(0, written.byteLength) ?? written;
    return { dtype: "F32", shape: rows ? [rows.end - rows.start, ...shape.slice(1)] : shape, bytes };
  };
  return {
    path: weights.path,
    names: () => [...names],
    has: (name) => weights.has(name) && !parts.has(name),
    info,
    pathOf: (name) => weights.pathOf(name),
    readFloat32,
    readRaw,
    hold: async (name) =>
      linears.has(name) ? { ...(await readRaw(name)), release: () => undefined } : await weights.hold(name),
    memory: null,
    async close() {
      letGo();
      await weights.close();
    },
  };
}

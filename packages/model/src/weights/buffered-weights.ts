import { elementCount } from "../element-count.js";
import type { StoredWeights } from "./stored-weights.js";
import { dtypeSizes, type RowRange } from "./tensor-info.js";
import { widenToFloat32 } from "./widen-to-float32.js";

/** Where a tensor begins in a buffer: a multiple of a cache line, so that kernels take it as they take memory of their own. */
const ALIGNMENT = 64;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Bytes of the buffer that {@link bufferedWeights} reads tensors into. */
export function bufferBytes(weights: StoredWeights, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + aligned(weights.info(name).byteLength), 0);
}

/**
 * Stored weights of which some tensors are read into a buffer, all at once, and from then on come out of it. What is held is a view of
 * the buffer: it is valid as long as that is.
 * @param buffer with room for {@link bufferBytes} from byte `first` on, which is a sum of such
 * @throws WeightsError when a file ends early or cannot be read
 */
export async function bufferedWeights(
  weights: StoredWeights,
  names: readonly string[],
  buffer: ArrayBuffer,
  first = 0,
): Promise<StoredWeights> {
  const views = new Map<string, Uint8Array<ArrayBuffer>>();
  let offset = first;
  const reads = names.map((name) => {
    const { byteLength } = weights.info(name);
    const view = new Uint8Array(buffer, offset, byteLength);
    views.set(name, view);
    offset += aligned(byteLength);
    return weights.readRaw(name, undefined, view);
  });
  // Reads under way write into the buffer, whose owner may give it to somebody else after a fault.
  const fault = (await Promise.allSettled(reads)).find(({ status }) => status === "rejected");
  if (fault) throw (fault as PromiseRejectedResult).reason;

  const partOf = (name: string, view: Uint8Array<ArrayBuffer>, rows: RowRange | undefined) => {
    const { dtype, shape } = weights.info(name);
    if (!rows) return { dtype, shape, bytes: view };
    const rowBytes = dtypeSizes[dtype] * elementCount(shape.slice(1));
    const bytes = view.subarray(rows.start * rowBytes, rows.end * rowBytes);
    return { dtype, shape: [rows.end - rows.start, ...shape.slice(1)], bytes };
  };
  return {
    ...weights,
    async readRaw(name, rows, target) {
      const view = views.get(name);
      if (!view) return await weights.readRaw(name, rows, target);
      const part = partOf(name, view, rows);
      const bytes = target?.subarray(0, part.bytes.length) ?? new Uint8Array(part.bytes.length);
      bytes.set(part.bytes);
      return { ...part, bytes };
    },
    async readFloat32(name, rows) {
      const view = views.get(name);
      if (!view) return await weights.readFloat32(name, rows);
      const { dtype, bytes } = partOf(name, view, rows);
      const values = new Float32Array(bytes.length / dtypeSizes[dtype]);
      // Values are turned in place where the host is big-endian.
      widenToFloat32(dtype, bytes.slice(), values);
      return values;
    },
    async hold(name) {
      const view = views.get(name);
      if (!view) return await weights.hold(name);
      const { dtype, shape } = weights.info(name);
      return { dtype, shape, bytes: view, release: () => undefined };
    },
  };
}

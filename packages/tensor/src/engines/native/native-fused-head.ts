import { HEAD_BLOCK } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import type { FusedHeadKernel } from "../../fused-kernels.js";
import type { NativeDevice } from "./native-device.js";
import { NativeRoom } from "./native-room.js";

/** Rows at a time where logits are computed twice: each keeps its sums of parts of the vocabulary, so they cannot be many. */
const MOST_RECOMPUTED_ROWS = 2048;
/** Numbers of the gradient at a time there: they leave enough columns to make products worth their packing. */
const RECOMPUTED_SIZE = 2 ** 22;

/** The C++ kernels for the output head with its loss, which need no matrix of logits. */
export function nativeFusedHead(device: NativeDevice): FusedHeadKernel {
  const { backend, kernels, products, view, isExact } = device;
  /** Whether computing logits twice is faster than keeping them, as it is where tile registers multiply. */
  const recomputes = !isExact && kernels.level.endsWith("amx");
  const bytesEach = isExact ? Float32Array.BYTES_PER_ELEMENT : Uint16Array.BYTES_PER_ELEMENT;

  const workspaceColumns = (rows: number, vocabularySize: number): number => {
    if (!recomputes) return vocabularySize;
    const columns = Math.max(1, Math.floor(RECOMPUTED_SIZE / rows / HEAD_BLOCK)) * HEAD_BLOCK;
    return Math.min(vocabularySize, columns);
  };

  return {
    workspaceBytes: (rows, vocabularySize) => rows * workspaceColumns(rows, vocabularySize) * bytesEach,

    losses(hidden, targets, weight, bias, losses, wantsGradient, chunkRows) {
      const [rows, width] = hidden.shape;
      const [vocabularySize] = weight.shape;
      const dHidden = wantsGradient ? device.uninitialised([rows, width]) : null;
      const most = Math.max(
        1,
        Math.min(wantsGradient && !recomputes ? chunkRows : MOST_RECOMPUTED_ROWS, rows),
      );
      const columns = workspaceColumns(most, vocabularySize);
      const size = most * columns;
      // The room holds the exponentials of these rows or, where logits are computed twice, a part of their gradients.
      const room = wantsGradient ? new NativeRoom(backend, size * bytesEach) : null;
      const workspace = room && (isExact ? room.floats(size) : room.halves(size));
      try {
        for (let start = 0; start < rows; start += most) {
          const end = Math.min(start + most, rows);
          const rowsOf = (x: Float32Array): Float32Array => x.subarray(start * width, end * width);
          kernels.headLosses(
            rowsOf(view(hidden)),
            weight,
            bias && view(bias),
            targets.subarray(start, end),
            losses.subarray(start, end),
            dHidden && rowsOf(view(dHidden)),
            workspace && workspace.subarray(0, (end - start) * columns),
            products,
          );
        }
      } finally {
        room?.dispose();
      }
      return dHidden as tf.Tensor2D | null;
    },
  };
}

import { HEAD_BLOCK } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import { registerFusedHead } from "../../operations/cross-entropy-head.js";
import { halfTensor, halfView } from "./kept-activations.js";
import { NATIVE_BACKEND, nativeBackend } from "./native-backend.js";
import { nativeView } from "./native-tensor.js";
import { productOptions } from "./product-options.js";

/** Where logits are computed twice: rows at a time, as sums of parts of the vocabulary are kept for each. */
const MOST_RECOMPUTED_ROWS = 2048;
/** And numbers of the gradient at a time: enough columns to make products worth their packing. */
const RECOMPUTED_SIZE = 2 ** 22;

/** Whether computing logits twice is faster than keeping them: where tile registers multiply. */
const recomputes = (): boolean =>
  productOptions.precision !== "fp32" && nativeBackend().kernels.level.endsWith("amx");

function workspaceColumns(rows: number, vocabularySize: number): number {
  if (!recomputes()) return vocabularySize;
  return Math.min(vocabularySize, Math.max(1, Math.floor(RECOMPUTED_SIZE / rows / HEAD_BLOCK)) * HEAD_BLOCK);
}

/** Memory for `size` numbers of exponentials or gradients. */
function workspaceOf(size: number): { tensor: tf.Tensor; values: Float32Array | Uint16Array } {
  if (productOptions.precision === "fp32") {
    const tensor = nativeBackend().uninitialised([size]);
    return { tensor, values: nativeView(tensor) };
  }
  const tensor = halfTensor(size);
  return { tensor, values: halfView(tensor) };
}

/** Registers the C++ kernels for the output head with its loss, which need no matrix of logits. */
export function registerNativeFusedHead(): void {
  registerFusedHead(NATIVE_BACKEND, {
    workspaceBytes(rows, vocabularySize) {
      return rows * workspaceColumns(rows, vocabularySize) * (productOptions.precision === "fp32" ? 4 : 2);
    },

    losses(hidden, targets, weight, bias, losses, wantsGradient, chunkRows) {
      const { kernels } = nativeBackend();
      const [rows, width] = hidden.shape;
      const [vocabularySize] = weight.shape;
      const dHidden = wantsGradient ? nativeBackend().uninitialised([rows, width]) : null;
      const most = Math.max(
        1,
        Math.min(wantsGradient && !recomputes() ? chunkRows : MOST_RECOMPUTED_ROWS, rows),
      );
      const columns = workspaceColumns(most, vocabularySize);
      const workspace = wantsGradient ? workspaceOf(most * columns) : null;
      for (let start = 0; start < rows; start += most) {
        const end = Math.min(start + most, rows);
        const rowsOf = (x: Float32Array): Float32Array => x.subarray(start * width, end * width);
        kernels.headLosses(
          rowsOf(nativeView(hidden)),
          weight,
          bias && nativeView(bias),
          targets.subarray(start, end),
          losses.subarray(start, end),
          dHidden && rowsOf(nativeView(dHidden)),
          workspace && workspace.values.subarray(0, (end - start) * columns),
          productOptions,
        );
      }
      workspace?.tensor.dispose();
      return dHidden as tf.Tensor2D | null;
    },
  });
}

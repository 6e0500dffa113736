import type * as tf from "@tensorflow/tfjs";
import { registerFusedHead } from "../../operations/cross-entropy-head.js";
import { halfTensor, halfView } from "./kept-activations.js";
import { NATIVE_BACKEND, nativeBackend } from "./native-backend.js";
import { nativeView } from "./native-tensor.js";
import { productOptions } from "./product-options.js";

/** Rows at a time where logits are computed twice: sums of parts of the vocabulary are kept for them. */
const MOST_RECOMPUTED_ROWS = 2048;

/** Whether computing logits twice is faster than keeping them: where tile registers multiply. */
const recomputes = (): boolean =>
  productOptions.precision !== "fp32" && nativeBackend().kernels.level.endsWith("amx");

/** Memory for the exponentials of `size` logits. */
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
      if (recomputes()) return 0;
      return rows * vocabularySize * (productOptions.precision === "fp32" ? 4 : 2);
    },

    losses(hidden, targets, weight, bias, losses, wantsGradient, chunkRows) {
      const { kernels } = nativeBackend();
      const [rows, width] = hidden.shape;
      const [vocabularySize] = weight.shape;
      const dHidden = wantsGradient ? nativeBackend().uninitialised([rows, width]) : null;
      const keeps = dHidden !== null && !recomputes();
      const most = Math.max(1, Math.min(keeps ? chunkRows : MOST_RECOMPUTED_ROWS, rows));
      const workspace = keeps ? workspaceOf(most * vocabularySize) : null;
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
          workspace && workspace.values.subarray(0, (end - start) * vocabularySize),
          productOptions,
        );
      }
      workspace?.tensor.dispose();
      return dHidden as tf.Tensor2D | null;
    },
  });
}

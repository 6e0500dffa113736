import type * as tf from "@tensorflow/tfjs";
import { registerFusedHead } from "../../operations/cross-entropy-head.js";
import { NATIVE_BACKEND, nativeBackend } from "./native-backend.js";
import { nativeTensor, nativeView } from "./native-tensor.js";
import { productOptions } from "./product-options.js";

/** Registers the C++ kernels for the output head with its loss: a chunk's logits become its gradients in place. */
export function registerNativeFusedHead(): void {
  registerFusedHead(NATIVE_BACKEND, {
    losses(hidden, targets, weight, bias, losses, wantsGradient, chunkRows) {
      const { kernels } = nativeBackend();
      const [rows, width] = hidden.shape;
      const [vocabularySize] = weight.shape;
      const dHidden = wantsGradient ? nativeBackend().uninitialised([rows, width]) : null;
      const x = nativeView(hidden);
      const biasValues = bias && nativeView(bias);
      const most = Math.min(chunkRows, rows);
      const scratch = nativeTensor([most, vocabularySize], (values) => {
        for (let start = 0; start < rows; start += most) {
          const end = Math.min(start + most, rows);
          const logits = values.subarray(0, (end - start) * vocabularySize);
          kernels.linear(x.subarray(start * width, end * width), weight, biasValues, logits, productOptions);
          kernels.crossEntropyRows(
            logits,
            targets.subarray(start, end),
            losses.subarray(start, end),
            dHidden && logits,
            1,
          );
          if (!dHidden) continue;
          const gradients = nativeView(dHidden).subarray(start * width, end * width);
          kernels.linearInputGradient(logits, weight, gradients, productOptions);
        }
      });
      scratch.dispose();
      return dHidden as tf.Tensor2D | null;
    },
  });
}

import type * as tf from "@tensorflow/tfjs-core";
import { registerFusedLinears } from "../../operations/fused-linears.js";
import { keepInput, openActivation } from "./kept-activations.js";
import { NATIVE_BACKEND, nativeBackend } from "./native-backend.js";
import {
  addInputGradient,
  forwardTerms,
  innerGradient,
  innerProduct,
  updateGradients,
} from "./native-linear-terms.js";
import { nativeView } from "./native-tensor.js";
import { productOptions } from "./product-options.js";

/** Registers the C++ kernels for several linears of the same rows. */
export function registerNativeFusedLinears(): void {
  registerFusedLinears(NATIVE_BACKEND, {
    forward(x, terms, _needsX, needsUpdates) {
      const backend = nativeBackend();
      const rows = x.shape[0];
      const inner = terms.map((term) => innerProduct(x, rows, term));
      const outputs = terms.map(
        ({ weight }) => backend.uninitialised([rows, weight.shape[0]]) as tf.Tensor2D,
      );
      backend.kernels.linearMany(
        nativeView(x),
        terms.map((term, index) => ({ ...forwardTerms(term, inner[index]), y: nativeView(outputs[index]) })),
        productOptions,
      );
      const saved = needsUpdates ? [keepInput(x), ...inner.filter((product) => product !== null)] : [];
      return { outputs, saved };
    },

    pullback(gradients, [kept, ...inner], terms, needsX) {
      const rows = gradients.find((gradient) => gradient !== null)!.shape[0];
      const inFeatures = terms[0].weight.shape[1];
      const x = kept ? openActivation(kept, [rows, inFeatures]) : null;
      let dx: tf.Tensor | null = null;
      const ofUpdates: (tf.Tensor | null)[] = [];
      for (const [index, term] of terms.entries()) {
        const dy = gradients[index];
        const { update } = term;
        const product = update ? inner.shift() : null;
        const dInner = dy && update ? innerGradient(dy, rows, update) : null;
        if (update) {
          const parts =
            x && product && dy && dInner ? updateGradients(x, dy, product, dInner, term) : [null, null];
          ofUpdates.push(...parts);
        }
        if (!needsX || !dy) continue;
        const accumulate: boolean = dx !== null;
        dx ??= nativeBackend().uninitialised([rows, inFeatures]);
        addInputGradient(dy, dInner, term, dx, accumulate);
      }
      return [dx, ...ofUpdates];
    },
  });
}

import type * as tf from "@tensorflow/tfjs-core";
import type { FusedKernel } from "../../fused-kernels.js";
import type { NativeActivation } from "./kept-activations.js";
import type { NativeDevice } from "./native-device.js";
import {
  addInputGradient,
  forwardTerms,
  innerGradient,
  innerProduct,
  updateGradients,
} from "./native-linear-terms.js";

/** The C++ kernels for several linears of the same rows. */
export function nativeFusedLinears(device: NativeDevice): FusedKernel {
  const { kernels, view } = device;
  return {
    forward([x], terms, [, ...needsUpdates], together) {
      const rows = x.shape[0];
      const inner = terms.map((term) => innerProduct(device, view(x), rows, term));
      const outputs = terms.map(({ weight }) => device.uninitialised([rows, weight.shape[0]]));
      kernels.linearMany(
        view(x),
        terms.map((term, index) => ({
          y: view(outputs[index]),
          ...forwardTerms(device, term, inner[index]),
        })),
        device.products,
      );
      if (!needsUpdates.includes(true)) return { outputs, saved: [] };
      const products = inner.filter((product) => product !== null);
      return { outputs, saved: [device.activations(together).keepInput(x), ...products] };
    },

    pullback(gradients, [kept, ...products], terms, [needsX]) {
      const rows = gradients.find((gradient) => gradient !== null)!.shape[0];
      const inFeatures = terms[0].weight.shape[1];
      const x = kept ? (kept as NativeActivation).open([rows, inFeatures]) : null;
      const inner = products as tf.Tensor[];
      let dx: tf.Tensor | null = null;
      const ofUpdates: (tf.Tensor | null)[] = [];
      for (const [index, term] of terms.entries()) {
        const gradient = gradients[index];
        const dy = gradient && view(gradient);
        const { update } = term;
        const product = update ? inner.shift() : null;
        const dInner = dy && update ? innerGradient(device, dy, rows, update) : null;
        if (update) {
          const parts =
            x && product && dy && dInner
              ? updateGradients(device, x, dy, product, dInner, term)
              : [null, null];
          ofUpdates.push(...parts);
        }
        if (!needsX || !dy) continue;
        const accumulate: boolean = dx !== null;
        dx ??= device.uninitialised([rows, inFeatures]);
        addInputGradient(device, dy, dInner, term, dx, accumulate);
      }
      return [dx, ...ofUpdates];
    },
  };
}

import type { LowRankUpdate } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs";
import { type LowRankTerm, type MaskedTerms, registerFusedLinears } from "../../operations/fused-linears.js";
import { keepActivation, openActivation } from "./kept-activations.js";
import { NATIVE_BACKEND, nativeBackend } from "./native-backend.js";
import { nativeTensor, nativeView, nativeWeight } from "./native-tensor.js";
import { productOptions } from "./product-options.js";

/** x under the mask of a term; x itself where nothing is dropped. */
function masked(x: tf.Tensor, { mask, update }: MaskedTerms): tf.Tensor {
  if (!mask || !update) return x;
  return nativeTensor(x.shape, (out) => {
    nativeBackend().kernels.dropout(nativeView(x), out, mask[0], mask[1], update.dropout);
  });
}

/** left [N, r] and right as the last step of a product takes them. */
function lowRank(left: tf.Tensor, right: tf.Tensor, { a }: LowRankTerm, scale: number): LowRankUpdate {
  return { left: nativeView(left), right: nativeView(right), rank: a.shape[0], scale };
}

/** Registers the C++ kernels for several linears of the same rows. */
export function registerNativeFusedLinears(): void {
  registerFusedLinears(NATIVE_BACKEND, {
    forward(x, terms, _needsX, needsUpdates) {
      const { kernels } = nativeBackend();
      const rows = x.shape[0];
      /** dropout(x) Aᵀ [N, r] */
      const inner = terms.map((term) => {
        const { update } = term;
        if (!update) return null;
        const input = masked(x, term);
        const product = nativeTensor([rows, update.a.shape[0]], (y) => {
          kernels.linear(nativeView(input), nativeWeight(update.a), null, y);
        });
        if (input !== x) input.dispose();
        return product;
      });
      const outputs = terms.map(
        ({ weight }) => nativeBackend().uninitialised([rows, weight.shape[0]]) as tf.Tensor2D,
      );
      kernels.linearMany(
        nativeView(x),
        terms.map(({ weight, bias, update }, index) => ({
          weight,
          bias: bias && nativeView(bias),
          y: nativeView(outputs[index]),
          lowRank: update && lowRank(inner[index]!, update.b, update, update.scale),
        })),
        productOptions,
      );
      const saved = needsUpdates ? [keepActivation(x), ...inner.filter((product) => product !== null)] : [];
      return { outputs, saved };
    },

    pullback(gradients, [kept, ...inner], terms, needsX) {
      const { kernels } = nativeBackend();
      const rows = gradients.find((gradient) => gradient !== null)!.shape[0];
      const x = kept ? openActivation(kept, [rows, terms[0].weight.shape[1]]) : null;
      let dx: tf.Tensor | null = null;
      const ofUpdates: (tf.Tensor | null)[] = [];
      for (const [index, term] of terms.entries()) {
        const dy = gradients[index];
        const { weight, update } = term;
        const [outFeatures, inFeatures] = weight.shape;
        const product = update ? inner.shift() : null;
        /** scale · dy B [N, r], the gradient of the inner product */
        const dInner =
          dy && update
            ? nativeTensor([rows, update.a.shape[0]], (out) => {
                kernels.linearInputGradient(nativeView(dy), nativeWeight(update.b), out, {
                  alpha: update.scale,
                });
              })
            : null;
        if (update) {
          const rank = update.a.shape[0];
          const parts: (tf.Tensor | null)[] = [null, null];
          if (x && product && dy && dInner) {
            const input = masked(x, term);
            parts[0] = nativeTensor([rank, inFeatures], (out) => {
              const shape = { m: rank, n: inFeatures, k: rows, transposeA: true };
              kernels.gemm(nativeView(dInner), nativeView(input), out, shape);
            });
            if (input !== x) input.dispose();
            parts[1] = nativeTensor([outFeatures, rank], (out) => {
              const shape = { m: outFeatures, n: rank, k: rows, transposeA: true, alpha: update.scale };
              kernels.gemm(nativeView(dy), nativeView(product), out, shape);
            });
          }
          ofUpdates.push(...parts);
        }
        if (!needsX || !dy) continue;
        const accumulate: boolean = dx !== null;
        dx ??= nativeBackend().uninitialised([rows, inFeatures]);
        kernels.linearInputGradient(nativeView(dy), weight, nativeView(dx), {
          ...productOptions,
          accumulate,
          lowRank: update && dInner && !term.mask ? lowRank(dInner, update.a, update, 1) : null,
        });
        if (update && dInner && term.mask) {
          const beforeMask = nativeTensor([rows, inFeatures], (out) => {
            kernels.linearInputGradient(nativeView(dInner), nativeWeight(update.a), out);
          });
          const [key0, key1] = term.mask;
          kernels.dropout(nativeView(beforeMask), nativeView(dx), key0, key1, update.dropout, true);
          beforeMask.dispose();
        }
      }
      return [dx, ...ofUpdates];
    },
  });
}

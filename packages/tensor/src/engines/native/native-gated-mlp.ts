import { gatedBytes } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import { registerGatedMlp } from "../../operations/gated-mlp.js";
import { asHalves, halfTensor, halfView, keepInput, openActivation } from "./kept-activations.js";
import { NATIVE_BACKEND, nativeBackend } from "./native-backend.js";
import {
  addInputGradient,
  forwardTerms,
  innerGradient,
  innerProduct,
  lowRank,
  updateGradients,
} from "./native-linear-terms.js";
import { nativeView } from "./native-tensor.js";
import { productOptions } from "./product-options.js";

function bytesOf(kept: tf.Tensor, length: number): Uint8Array {
  const { buffer, byteOffset } = nativeView(kept);
  return new Uint8Array(buffer, byteOffset, length);
}

/** Registers the C++ kernels for a gated MLP, which keep gate and up in 8 bits. */
export function registerNativeGatedMlp(): void {
  registerGatedMlp(NATIVE_BACKEND, {
    // In float32 everything is kept as it is. A mask between the two products would have to be drawn inside of them.
    takes: ({ down }) => productOptions.precision !== "fp32" && !(down.update && down.update.dropout > 0),

    forward(x, terms, needsX, needsUpdates) {
      const backend = nativeBackend();
      const [gate, up, down] = terms;
      const rows = x.shape[0];
      const [f] = gate.weight.shape;
      const [ofGate, ofUp] = [gate, up].map((term) => innerProduct(x, rows, term));
      const keeps = needsX || needsUpdates;
      const bytes = gatedBytes(rows, f);
      const kept = keeps ? backend.uninitialised([Math.ceil(bytes / Float32Array.BYTES_PER_ELEMENT)]) : null;
      const hidden = halfTensor(rows * f);
      backend.kernels.gatedLinear(
        nativeView(x),
        forwardTerms(gate, ofGate),
        forwardTerms(up, ofUp),
        kept && bytesOf(kept, bytes),
        halfView(hidden),
        productOptions,
      );
      const ofDown = innerProduct(hidden, rows, down);
      const y = backend.uninitialised([rows, down.weight.shape[0]]) as tf.Tensor2D;
      const { weight, bias, lowRank: update } = forwardTerms(down, ofDown);
      backend.kernels.linear(halfView(hidden), weight, bias, nativeView(y), {
        ...productOptions,
        lowRank: update,
      });
      hidden.dispose();
      const inner = [ofGate, ofUp, ofDown].filter((product) => product !== null);
      const input = needsUpdates && (gate.update || up.update) ? [keepInput(x)] : [];
      return { outputs: [y], saved: kept ? [kept, ...inner, ...input] : [] };
    },

    pullback([gradient], saved, terms, needsX) {
      const backend = nativeBackend();
      const dy = gradient as tf.Tensor;
      const [gate, up, down] = terms;
      const [f, h] = gate.weight.shape;
      const [rows] = dy.shape as [number, number];
      const rest = [...saved];
      const keptTensor = rest.shift()!;
      const kept = bytesOf(keptTensor, gatedBytes(rows, f));
      const inner = terms.map(({ update }) => (update ? rest.shift()! : null));
      const x = rest.length > 0 ? openActivation(rest[0], [rows, h]) : null;

      const ofDown: (tf.Tensor | null)[] = [];
      const dInnerOfDown = down.update && innerGradient(dy, rows, down.update);
      if (dInnerOfDown) {
        const again = halfTensor(rows * f);
        backend.kernels.gatedHidden(kept, halfView(again), f);
        const hidden = openActivation(again, [rows, f]);
        ofDown.push(...updateGradients(hidden, dy, inner[2]!, dInnerOfDown, down));
        again.dispose();
        hidden.dispose();
      }
      // Nothing reads what was kept after this: the gradient of gate takes its place.
      const sides = [
        { term: gate, inner: inner[0], dy: asHalves(keptTensor, rows * f) },
        { term: up, inner: inner[1], dy: halfTensor(rows * f) },
      ];
      backend.kernels.gatedLinearBackward(
        nativeView(dy),
        down.weight,
        kept,
        halfView(sides[0].dy),
        halfView(sides[1].dy),
        {
          ...productOptions,
          lowRank: down.update && dInnerOfDown && lowRank(dInnerOfDown, down.update.a, down.update, 1),
        },
      );
      const dx = needsX ? backend.uninitialised([rows, h]) : null;
      const ofUpdates: (tf.Tensor | null)[] = [];
      for (const [side, { term, inner: product, dy: ofSide }] of sides.entries()) {
        const dInner = term.update && innerGradient(ofSide, rows, term.update);
        if (dInner)
          ofUpdates.push(...(x ? updateGradients(x, ofSide, product!, dInner, term) : [null, null]));
        if (dx) addInputGradient(ofSide, dInner, term, dx, side > 0);
      }
      sides[1].dy.dispose();
      return [dx, ...ofUpdates, ...ofDown];
    },
  });
}

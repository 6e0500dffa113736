import { gatedBytes } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import type { GatedMlpKernel } from "../../fused-kernels.js";
import { keeping } from "../../kept.js";
import type { NativeActivation } from "./kept-activations.js";
import type { NativeDevice } from "./native-device.js";
import {
  addInputGradient,
  forwardTerms,
  innerGradient,
  innerProduct,
  lowRank,
  updateGradients,
  widened,
} from "./native-linear-terms.js";
import { NativeRoom } from "./native-room.js";

/** The C++ kernels for a gated MLP, which keep gate and up in 8 bits. */
export function nativeGatedMlp(device: NativeDevice): GatedMlpKernel {
  const { backend, kernels, products, view } = device;
  /** Runs with room for `size` numbers in bfloat16. */
  const withHalves = <Result>(size: number, use: (halves: Uint16Array) => Result): Result => {
    const room = new NativeRoom(backend, size * Uint16Array.BYTES_PER_ELEMENT);
    try {
      return use(room.halves(size));
    } finally {
      room.dispose();
    }
  };

  return {
    // In float32 everything is kept as it is, so nothing would be gained; a mask between the two products would have to be
    // drawn inside of them.
    takes: ({ down }) => !device.isExact && !(down.update && down.update.dropout > 0),

    forward([x], terms, needed, together) {
      const [gate, up, down] = terms;
      const rows = x.shape[0];
      const [f] = gate.weight.shape;
      const [ofGate, ofUp] = [gate, up].map((term) => innerProduct(device, view(x), rows, term));
      const bytes = gatedBytes(rows, f);
      return keeping((keep) => {
        const kept = needed.includes(true) ? keep(new NativeRoom(backend, bytes)) : null;
        const { y, ofDown } = withHalves(rows * f, (hidden) => {
          kernels.gatedLinear(
            view(x),
            forwardTerms(device, gate, ofGate),
            forwardTerms(device, up, ofUp),
            kept && kept.bytes(bytes),
            hidden,
            products,
          );
          const ofDown = innerProduct(device, hidden, rows, down);
          const y = device.uninitialised([rows, down.weight.shape[0]]);
          const { weight, bias, lowRank } = forwardTerms(device, down, ofDown);
          kernels.linear(hidden, weight, bias, view(y), { lowRank, ...products });
          return { y, ofDown };
        });
        const inner = [ofGate, ofUp, ofDown].filter((product) => product !== null);
        const needsInput = needed.slice(1).includes(true) && (gate.update !== null || up.update !== null);
        const input = needsInput ? [device.activations(together).keepInput(x)] : [];
        return { outputs: [y], saved: kept ? [kept, ...inner, ...input] : [] };
      });
    },

    pullback([gradient], saved, terms, [needsX]) {
      const dy = gradient as tf.Tensor;
      const [gate, up, down] = terms;
      const [f, h] = gate.weight.shape;
      const [rows] = dy.shape as [number, number];
      const rest = [...saved];
      const room = rest.shift() as NativeRoom;
      const kept = room.bytes(gatedBytes(rows, f));
      const inner = terms.map(({ update }) => (update ? (rest.shift() as tf.Tensor) : null));
      const x = rest.length > 0 ? (rest[0] as NativeActivation).open([rows, h]) : null;

      const ofDown: (tf.Tensor | null)[] = [];
      const dInnerOfDown = down.update && innerGradient(device, view(dy), rows, down.update);
      if (dInnerOfDown) {
        withHalves(rows * f, (again) => {
          kernels.gatedHidden(kept, again, f);
          const hidden = widened(device, again);
          ofDown.push(...updateGradients(device, hidden, view(dy), inner[2]!, dInnerOfDown, down));
          hidden.dispose();
        });
      }
      return withHalves(rows * f, (dUp) => {
        // Nothing reads what was kept after this, so the gradient of gate takes its place.
        const sides = [
          { term: gate, inner: inner[0], dy: room.halves(rows * f) },
          { term: up, inner: inner[1], dy: dUp },
        ];
        kernels.gatedLinearBackward(view(dy), down.weight, kept, sides[0].dy, sides[1].dy, {
          lowRank:
            down.update && dInnerOfDown && lowRank(device, dInnerOfDown, down.update.a, down.update, 1),
          ...products,
        });
        const dx = needsX ? device.uninitialised([rows, h]) : null;
        const ofUpdates: (tf.Tensor | null)[] = [];
        for (const [side, { term, inner: product, dy: ofSide }] of sides.entries()) {
          const dInner = term.update && innerGradient(device, ofSide, rows, term.update);
          if (dInner) {
            ofUpdates.push(
              ...(x ? updateGradients(device, x, ofSide, product!, dInner, term) : [null, null]),
            );
          }
          if (dx) addInputGradient(device, ofSide, dInner, term, dx, side > 0);
        }
        return [dx, ...ofUpdates, ...ofDown];
      });
    },
  };
}

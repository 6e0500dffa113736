import type { LowRankUpdate } from "@lathe/kernels";
import type { StepContext } from "../../layer-step.js";
import type { LinearTerms } from "../../linear-terms.js";
import type { RotaryAngles } from "../../rotary-angles.js";
import type { NativeDevice } from "./native-device.js";
import type { StepRoom } from "./step-room.js";

/** Attention of one layer over what its cache holds; see {@link StepContext.attend}. The last argument receives it. */
export type AttendInto = (q: Float32Array, k: Float32Array, v: Float32Array, out: Float32Array) => void;

/**
 * The C++ kernels as a layer's step takes them.
 * @param residual [S, h]   @param attend gives [S, H, d] of queries [S, H, d]
 */
export function nativeStepContext(
  device: NativeDevice,
  room: StepRoom,
  residual: Float32Array,
  { cos, sin }: RotaryAngles,
  { rows, attend }: { readonly rows: number; readonly attend: AttendInto },
): StepContext {
  const { kernels, products, view } = device;
  /** The update of a linear for an input, its inner product computed. */
  const lowRank = (x: Float32Array, { update }: LinearTerms): LowRankUpdate | null => {
    if (!update) return null;
    const [rank] = update.a.shape;
    const left = new Float32Array(rows * rank);
    kernels.linear(x, device.weight(update.a), null, left);
    return { left, right: view(update.b), rank, scale: update.scale };
  };
  return {
    residual,
    rmsNorm(x, weight, epsilon) {
      const y = room.take(x.length);
      kernels.rmsNormForward(x, view(weight), y, epsilon);
      return y;
    },
    linears(x, terms) {
      const outputs = terms.map((one) => ({
        weight: one.weight,
        bias: one.bias && view(one.bias),
        y: room.take(rows * one.weight.shape[0]),
        lowRank: lowRank(x, one),
      }));
      kernels.linearMany(x, outputs, products);
      return outputs.map(({ y }) => y);
    },
    addLinear(x, terms) {
      kernels.linear(x, terms.weight, terms.bias && view(terms.bias), residual, {
        accumulate: true,
        lowRank: lowRank(x, terms),
        ...products,
      });
    },
    rotate(x, headCount, headSize) {
      kernels.rotate(x, x, cos, sin, headCount, headSize, 1);
    },
    attend(q, k, v) {
      const out = room.take(q.length);
      attend(q, k, v, out);
      return out;
    },
    swiglu(gate, up) {
      kernels.swigluForward(gate, up, gate);
      return gate;
    },
  };
}

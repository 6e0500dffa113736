import type { OnnxType } from "../onnx/onnx-type.js";
import type { GateBounds } from "./hold-to-reference.js";

/**
 * How far ONNX Runtime may be from the model by the type of the weights: in float32 it sums in another order; in float16 activations are
 * rounded too. What 4 bits leave of a small model's replies is no defect of the graph, so their greedy tokens are told and not held to a
 * share.
 */
export const onnxGateBounds: Readonly<Record<OnnxType, GateBounds>> = {
  fp32: { logits: 0.001, tie: 0.001, greedy: 1 },
  fp16: { logits: 0.05, tie: 0.05, greedy: 1 },
  q4: { logits: 3, tie: 0, greedy: 0 },
};

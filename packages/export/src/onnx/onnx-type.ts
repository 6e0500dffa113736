/** What the weights of an ONNX model are stored in, by the names that transformers.js has for them. */
export const onnxTypes = ["fp32", "fp16", "q4"] as const;

/** One of {@link onnxTypes}. */
export type OnnxType = (typeof onnxTypes)[number];

/** What a type means in a graph. */
export interface OnnxTypeTraits {
  /** Name of the graph's file, which transformers.js finds the type by. */
  readonly file: string;
  /** What activations, caches and all weights are that are not packed. */
  readonly float: "float32" | "float16";
  /** Whether matrices are packed in 4 bits. */
  readonly packs: boolean;
}

/** The traits of each type. */
export const onnxTypeTraits: Readonly<Record<OnnxType, OnnxTypeTraits>> = {
  fp32: { file: "model.onnx", float: "float32", packs: false },
  fp16: { file: "model_fp16.onnx", float: "float16", packs: false },
  q4: { file: "model_q4.onnx", float: "float32", packs: true },
};

import type { Precision } from "../engine.js";

/** How products with weights are computed, as the engine was started; one object, which kernels are given as it is. */
export const productOptions: { precision: Precision } = { precision: "fp32" };

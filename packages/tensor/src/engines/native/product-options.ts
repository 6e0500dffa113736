import type { ProductPrecision } from "@lathe/kernels";

/** How products with weights are computed, as the engine was started; one object, which kernels are given as it is. */
export const productOptions: { precision: ProductPrecision } = { precision: "fp32" };

import { loadNativeKernels, type NativeKernels, type ProductPrecision } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { type Engine, registerMemoryAccount } from "../engine.js";
import { NATIVE_BACKEND, nativeBackend, NativeBackend } from "./native-backend.js";
import { registerNativeFusedHead } from "./native-fused-head.js";
import { registerNativeFusedLinears } from "./native-fused-linears.js";
import { registerNativeGatedMlp } from "./native-gated-mlp.js";
import { registerNativeKeyValueCaches } from "./native-key-value-cache.js";
import { registerNativeOperations } from "./native-operations.js";
import { registerNativeRoutines } from "./native-routines.js";
import { registerNativeTfjsKernels } from "./native-tfjs-kernels.js";
import { productOptions } from "./product-options.js";

type Loaded = ReturnType<typeof loadNativeKernels>;
let loaded: Loaded | undefined;

const load = (): Loaded => (loaded ??= loadNativeKernels());

function kernelsOf(result: Loaded): NativeKernels | null {
  return "kernels" in result ? result.kernels : null;
}

/** The C++ kernels on all cores. */
export const nativeEngine: Engine = {
  name: NATIVE_BACKEND,
  get description() {
    const kernels = kernelsOf(load());
    return kernels ? `C++ kernels (${kernels.level}), ${kernels.threads()} threads` : "C++ kernels";
  },
  precisions: ["bf16", "fp32", "int8"],
  probe() {
    try {
      const result = load();
      return Promise.resolve("reason" in result ? result.reason : null);
    } catch (error) {
      // A setting that asks for a level of processor features that is not there.
      return Promise.resolve((error as Error).message);
    }
  },
  async start(precision) {
    const kernels = kernelsOf(load());
    if (!kernels) throw new Error("the native kernels are not there");
    if (!tf.findBackendFactory(NATIVE_BACKEND)) {
      registerNativeTfjsKernels();
      registerNativeOperations();
      registerNativeFusedHead();
      registerNativeFusedLinears();
      registerNativeGatedMlp();
      registerNativeRoutines();
      registerNativeKeyValueCaches();
      registerMemoryAccount(NATIVE_BACKEND, () => nativeBackend().account());
      tf.registerBackend(NATIVE_BACKEND, () => new NativeBackend(kernels));
    }
    productOptions.precision = precision as ProductPrecision;
    if (!(await tf.setBackend(NATIVE_BACKEND))) throw new Error("the native backend did not start");
    await tf.ready();
  },
};

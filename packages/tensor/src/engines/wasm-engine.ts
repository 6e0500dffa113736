import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "./engine.js";
import { registerWasmKernels } from "./wasm-kernels.js";

let registered = false;

/** WebAssembly with SIMD on one thread; needs nothing but Node. */
export const wasmEngine: Engine = {
  name: "wasm",
  description: "WebAssembly SIMD, one thread, float32",
  precisions: ["fp32"],
  async probe() {
    try {
      await import("@tensorflow/tfjs-backend-wasm");
      return null;
    } catch (error) {
      return `@tensorflow/tfjs-backend-wasm cannot be loaded: ${(error as Error).message}`;
    }
  },
  async start() {
    await import("@tensorflow/tfjs-backend-wasm");
    if (!registered) registerWasmKernels();
    registered = true;
    if (!(await tf.setBackend("wasm"))) throw new Error("the wasm backend of TensorFlow.js did not start");
    await tf.ready();
  },
};

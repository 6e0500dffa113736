import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "./engine.js";
import { loadWasmBackend } from "./load-wasm-backend.js";
import { registerWasmKernels } from "./wasm-kernels.js";

let registered = false;

/** WebAssembly with SIMD on one thread; needs nothing but Node. */
export const wasmEngine: Engine = {
  name: "wasm",
  description: "WebAssembly SIMD, one thread, float32",
  precisions: ["fp32"],
  async probe() {
    try {
      await loadWasmBackend();
      return null;
    } catch (error) {
      return `the wasm backend of TensorFlow.js cannot be loaded: ${(error as Error).message}`;
    }
  },
  async start() {
    await loadWasmBackend();
    if (!registered) registerWasmKernels();
    registered = true;
    if (!(await tf.setBackend("wasm"))) throw new Error("the wasm backend of TensorFlow.js did not start");
    await tf.ready();
  },
};

import { phrase } from "@lathe/files";
import * as tf from "@tensorflow/tfjs-core";
import type { EngineDefinition } from "../../engine.js";
import { EngineError } from "../../errors.js";
import { loadWasmBackend } from "./load-wasm-backend.js";
import { wasmKernels } from "./wasm-kernels.js";
import { withoutProcessListeners } from "./without-process-listeners.js";

/** WebAssembly with SIMD on one thread; needs nothing but Node. */
export const wasmEngine: EngineDefinition = {
  name: "wasm",
  description: "WebAssembly SIMD, one thread, float32",
  precisions: ["fp32"],
  async probe() {
    try {
      await loadWasmBackend();
      return null;
    } catch (error) {
      return phrase`the wasm backend of TensorFlow.js cannot be loaded: “${(error as Error).message}”`;
    }
  },
  async start() {
    await loadWasmBackend();
    const started = await withoutProcessListeners(() => tf.setBackend("wasm"));
    if (!started) throw new EngineError("wasm", "the wasm backend of TensorFlow.js did not start");
    await tf.ready();
    return { kernels: wasmKernels() };
  },
};

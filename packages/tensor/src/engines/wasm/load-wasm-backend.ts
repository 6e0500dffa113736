import { createRequire } from "node:module";

/** The copy that the published package carries; scripts/copy-wasm-backend.mjs makes it. */
const COPY = "../../../build/tfjs-backend-wasm";

/**
 * Registers the wasm backend with TensorFlow.js: that of `@tensorflow/tfjs-backend-wasm` where the package is installed, so
 * that a program which imports it has the same one, and the copy otherwise.
 *
 * @throws Error when neither can be loaded
 */
export async function loadWasmBackend(): Promise<void> {
  try {
    await import("@tensorflow/tfjs-backend-wasm");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    createRequire(import.meta.url)(COPY);
  }
}

import { loadNativeKernels, type NativeKernels } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";

/** Memory outside the JavaScript heap that weights lie in, freed at a word and not by garbage collection. */
export type WeightMemory = Pick<NativeKernels, "allocate" | "free" | "mapFile">;

let kernels: NativeKernels | null | undefined;

/** The native kernels where the engine in use is theirs, else null. */
export function kernelsInUse(): NativeKernels | null {
  if (tf.getBackend() !== "native") return null;
  if (kernels === undefined) {
    const loaded = loadNativeKernels();
    kernels = "kernels" in loaded ? loaded.kernels : null;
  }
  return kernels;
}

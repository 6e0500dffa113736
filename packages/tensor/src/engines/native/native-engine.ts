import { isInputError, phrase, phraseOfError } from "@lathe/files";
import {
  type LoadedNative,
  loadNativeKernels,
  type NativeKernels,
  type ProductPrecision,
} from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import type { EngineDefinition, EngineParts } from "../../engine.js";
import { EngineError } from "../../errors.js";
import { NativeDevice } from "./native-device.js";
import type { NativeBackend } from "./native-backend.js";
import { nativeFusedHead } from "./native-fused-head.js";
import { nativeFusedLinears } from "./native-fused-linears.js";
import { nativeGatedMlp } from "./native-gated-mlp.js";
import { nativeCaches } from "./native-key-value-cache.js";
import { nativeOperations } from "./native-operations.js";
import { nativeRoutines } from "./native-routines.js";
import { registerNativeTfjsKernels } from "./native-tfjs-kernels.js";

let loaded: LoadedNative | undefined;

/** The kernels, or why there are none; a setting that asks for what is not there is a reason, too. */
function load(): LoadedNative {
  if (loaded !== undefined) return loaded;
  try {
    loaded = loadNativeKernels();
  } catch (error) {
    if (!isInputError(error)) throw error;
    loaded = { reason: phraseOfError(error) };
  }
  return loaded;
}

function kernelsOf(result: LoadedNative): NativeKernels | null {
  return "kernels" in result ? result.kernels : null;
}

/** Name under which the backend is registered with TensorFlow.js. */
const BACKEND = "native";

/** The C++ kernels on all cores. */
export const nativeEngine: EngineDefinition = {
  name: "native",
  get description() {
    const kernels = kernelsOf(load());
    return kernels ? phrase`C++ kernels (${kernels.level}), ${kernels.threads()} threads` : "C++ kernels";
  },
  precisions: ["bf16", "fp32", "int8"],
  // What loading in 8 bits means elsewhere, too: products of bytes, with outliers in float32 (LLM.int8(), arXiv:2208.07339).
  precisionOver: { int8: "int8" },
  probe() {
    const result = load();
    return Promise.resolve("reason" in result ? result.reason : null);
  },
  async start(precision) {
    const kernels = kernelsOf(load());
    if (!kernels) throw new EngineError("native", "the native kernels are not there");
    if (!tf.findBackendFactory(BACKEND)) {
      // It is loaded here because the cpu backend that it stands on registers itself, which other engines have no use for.
      const { NativeBackend } = await import("./native-backend.js");
      registerNativeTfjsKernels(BACKEND);
      tf.registerBackend(BACKEND, () => new NativeBackend(kernels));
    }
    if (!(await tf.setBackend(BACKEND))) {
      throw new EngineError("native", phrase`the ${BACKEND} backend did not start`);
    }
    await tf.ready();
    return nativeParts(new NativeDevice(tf.backend() as NativeBackend, precision as ProductPrecision));
  },
};

/** What the engine does in its own way, on a device. */
export function nativeParts(device: NativeDevice): Partial<EngineParts> {
  const { backend } = device;
  const { allocate, free, mapFile, dropPages, fromFp8Blocks, toInt8Weights, gatherRows, sampleRows } =
    device.kernels;
  return {
    kernels: nativeOperations(device),
    fusedLinears: nativeFusedLinears(device),
    gatedMlp: nativeGatedMlp(device),
    crossEntropyHead: nativeFusedHead(device),
    routines: nativeRoutines(device),
    caches: nativeCaches(device),
    weightMemory: { allocate, free, mapFile, dropPages, fromFp8Blocks },
    packInt8: toInt8Weights,
    memory: () => backend.account(),
    // Codes of packed weights lie so too, and both directions of a product read them in place.
    weightLayout: "OI",
    valuesInPlace: device.view,
    weightMatrix: (tensor) => device.weight(tensor),
    gatherRows: (matrix, rows) =>
      device.tensor([rows.length, matrix.shape[1]], (values) => {
        gatherRows(matrix, rows, values);
      }) as tf.Tensor2D,
    sampleRows,
  };
}

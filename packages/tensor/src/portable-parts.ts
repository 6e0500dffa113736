import { sampleRows, widenWeights } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import type { EngineParts, MemoryAccount } from "./engine.js";
import { hostCaches } from "./host-key-value-cache.js";
import { portableRoutines } from "./portable-routines.js";

/** Everything an engine does, in plain TensorFlow.js and on the host. */
export function portableParts(): EngineParts {
  return {
    kernels: new Map(),
    fusedLinears: null,
    gatedMlp: null,
    crossEntropyHead: null,
    routines: portableRoutines,
    caches: hostCaches,
    weightMemory: null,
    packInt8: null,
    memory: countedByTfjs(),
    weightLayout: "IO",
    gradientHeadroom: 1,
    deviceBytes: null,
    handles: null,
    valuesInPlace: (tensor) => tensor.dataSync() as Float32Array,
    weightMatrix: null,
    gatherRows(matrix, rows) {
      const width = matrix.shape[1];
      const values = new Float32Array(rows.length * width);
      rows.forEach((row, n) => {
        values.set(widenWeights(matrix, row, row + 1), n * width);
      });
      return tf.tensor2d(values, [rows.length, width]);
    },
    sampleRows,
  };
}

/** The account of TensorFlow.js; the peak is the most that was seen when asked. */
function countedByTfjs(): MemoryAccount {
  let peakBytes = 0;
  return () => {
    const bytes = tf.memory().numBytes;
    peakBytes = Math.max(peakBytes, bytes);
    return { bytes, peakBytes, reservedBytes: null };
  };
}

import { cpuEngine } from "./engines/cpu-engine.js";
import { registerEngine } from "./engines/engine.js";
import { nativeEngine } from "./engines/native/native-engine.js";
import { cudaEngine, tensorFlowEngine } from "./engines/tensorflow/tensorflow-engine.js";
import { wasmEngine } from "./engines/wasm-engine.js";

registerEngine(cudaEngine);
registerEngine(nativeEngine);
registerEngine(wasmEngine);
registerEngine(cpuEngine);
registerEngine(tensorFlowEngine);

export { checkpoint } from "./checkpoint.js";
export {
  type Engine,
  enginePrecision,
  listEngines,
  type Precision,
  registerEngine,
  startEngine,
  type StartedEngine,
  type TensorMemory,
  tensorMemory,
} from "./engines/engine.js";
export { EngineError, ShapeError } from "./errors.js";
export type { DeviceFindings, InstalledBinding } from "./engines/tensorflow/installed-binding.js";
export { installedBinding } from "./engines/tensorflow/installed-binding.js";
export {
  ElementType,
  type OperationAttribute,
  type TensorFlowBinding,
  type TensorInfo,
} from "./engines/tensorflow/addon-types.js";
export type { HandleMemory } from "./engines/tensorflow/handle-memory.js";
export type { BackendEntries, BackendEntry, NodeBackend } from "./engines/tensorflow/load-binding.js";
export { DeviceError, type DeviceFault } from "./engines/tensorflow/device-error.js";
export {
  type Handle,
  type Operand,
  type ProductType,
  TensorFlowDevice,
  activeDevice,
} from "./engines/tensorflow/device.js";
export { matrixForward, matrixInputGradient, releaseMatrix } from "./engines/tensorflow/device-matrix.js";
export { registerTensorFlowKernel } from "./engines/tensorflow/tensorflow-operations.js";
export type { CudaDevice } from "./engines/tensorflow/diagnose-log.js";
export type { Environment } from "./engines/tensorflow/cache-folder.js";
export type { Findings } from "./engines/tensorflow/check-binding.js";
export { type MissingPart, TensorFlowSetupError } from "./engines/tensorflow/setup-error.js";
export { nvidiaCard, type NvidiaCard } from "./engines/tensorflow/nvidia-card.js";
export type { TensorFlowLibrary } from "./engines/tensorflow/find-library.js";
export {
  type SetupOptions,
  type SetupStep,
  setupTensorFlow,
  type TensorFlowSetup,
} from "./engines/tensorflow/setup-tensorflow.js";
export { registerNativeKernel } from "./engines/native/native-operations.js";
export { nativeTensor, nativeView, nativeWeight } from "./engines/native/native-tensor.js";
export { fromTfjs } from "./from-tfjs.js";
export {
  cacheFormat,
  type CacheFormat,
  type CacheShape,
  createKeyValueCache,
  type KeyValueCache,
  type KeyValueCaches,
  registerKeyValueCaches,
  type StepLayer,
} from "./key-value-cache.js";
export {
  apply,
  type Forward,
  fusedOperations,
  type Kernel,
  type Operation,
  registerKernel,
} from "./operation.js";
export { add, multiplyRows, reshape, scale } from "./operations/arithmetic.js";
export { attention } from "./operations/attention.js";
export { crossEntropy } from "./operations/cross-entropy.js";
export { crossEntropyHead, headBytes, headLosses, type OutputHead } from "./operations/cross-entropy-head.js";
export { dropout } from "./operations/dropout.js";
export { embedding } from "./operations/embedding.js";
export {
  fusedLinears,
  fusesLinears,
  type LinearTerms,
  type LowRankTerm,
} from "./operations/fused-linears.js";
export { fusesGatedMlp, gatedMlp, type GatedMlpTerms } from "./operations/gated-mlp.js";
export { linear, preferredWeightLayout, type WeightLayout } from "./operations/linear.js";
export { rmsNorm } from "./operations/rms-norm.js";
export { rope, rotaryAngles, type RotaryAngles } from "./operations/rope.js";
export { swiglu } from "./operations/swiglu.js";
export { product, transposed } from "./product.js";
export { type AdamWSettings, type AdamWUpdate, type Routines, routines } from "./routines.js";
export { activeDropoutKey, activeTape, type DropoutKey, withDropout, withTape } from "./scope.js";
export { type Accumulate, type Pullback, Tape } from "./tape.js";
export { registerValuesInPlace, valuesInPlace } from "./values-in-place.js";
export { valueAndGradients, type ValueAndGradients } from "./value-and-gradients.js";
export type { AttentionShape } from "@lathe/kernels";

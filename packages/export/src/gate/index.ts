export type { ArtefactRuntime } from "./artefact-runtime.js";
export {
  checkGateProgram,
  gateFolder,
  type GateProgramName,
  gateProgramNames,
  hasGateProgram,
  loadGateProgram,
} from "./gate-packages.js";
export { checkPythonPackages, gatePython, hasPythonPackages, type PythonPackages } from "./gate-python.js";
export { ggufGateBounds, mixtureGateBounds } from "./gguf-gate-bounds.js";
export {
  type GateBounds,
  type GateDifference,
  type GateReference,
  type GateReport,
  holdToReference,
} from "./hold-to-reference.js";
export { onnxGateBounds } from "./onnx-gate-bounds.js";
export { type LlamaCppOptions, openLlamaCpp } from "./open-llama-cpp.js";
export { openTransformers, type TransformersOptions } from "./open-transformers.js";
export { openTransformersJs, type TransformersJsOptions } from "./open-transformers-js.js";
export { type InstalledGate, setupGate, type SetupGateOptions } from "./setup-gate.js";

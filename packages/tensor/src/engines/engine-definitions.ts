import type { EngineDefinition } from "../engine.js";
import { cpuEngine } from "./cpu/cpu-engine.js";
import { nativeEngine } from "./native/native-engine.js";
import { cudaEngine, tensorFlowEngine } from "./tensorflow/tensorflow-engine.js";
import { wasmEngine } from "./wasm/wasm-engine.js";

/** The engines there are, in the order in which `auto` tries them. */
export const engineDefinitions: readonly EngineDefinition[] = [
  cudaEngine,
  nativeEngine,
  wasmEngine,
  cpuEngine,
  tensorFlowEngine,
];

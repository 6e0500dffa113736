import { asPhrase } from "@lathe/files";
import type { Engine } from "./engine.js";
import { portableParts } from "./portable-parts.js";

/** Plain TensorFlow.js on whatever backend it has: what computes before an engine is started. */
const withoutEngine: Engine = {
  ...portableParts(),
  name: "portable",
  description: "plain TensorFlow.js, no engine started",
  descriptionPhrase: asPhrase("plain TensorFlow.js, no engine started"),
  precision: "fp32",
  passedOver: [],
};

let inUse: Engine = withoutEngine;

/**
 * The engine that operations compute with: the one that was started last. TensorFlow.js has one backend in force at a time, so
 * there is one engine in use at a time.
 */
export function engineInUse(): Engine {
  return inUse;
}

/** Puts an engine in use whose backend is in force. */
export function useEngine(engine: Engine): void {
  inUse = engine;
}

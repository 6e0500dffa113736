import type { ModelConfig } from "../config/model-config.js";
import { architectureOf } from "./architecture-of.js";
import { expectedTensors } from "./expected-tensors.js";

/**
 * Name and shape of every tensor of {@link expectedTensors} that training may change: all but those that stay as they are, such as the
 * routers of a mixture of experts.
 */
export function trainableTensors(config: ModelConfig): Map<string, readonly number[]> {
  const architecture = architectureOf(config);
  const tensors = expectedTensors(config);
  for (let layer = 0; layer < config.layerCount; layer++) {
    for (const part of architecture.parts(config, layer)) {
      if (part.kind === "fixed") tensors.delete(architecture.layerPrefix(layer) + part.name);
    }
  }
  return tensors;
}

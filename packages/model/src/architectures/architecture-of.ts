import type { ModelConfig } from "../config/model-config.js";
import type { Architecture } from "./architecture.js";
import { architectures } from "./architectures.js";

/** The architecture of a `model_type`, or null. */
export function findArchitecture(name: string | null): Architecture | null {
  return architectures.find((architecture) => architecture.name === name) ?? null;
}

/** The architecture of a model. @throws RangeError for a config that names none of {@link architectures} */
export function architectureOf({ architecture: name }: Pick<ModelConfig, "architecture">): Architecture {
  const architecture = findArchitecture(name);
  if (architecture) return architecture;
  const known = architectures.map((one) => one.name).join(", ");
  throw new RangeError(`architecture: expected one of ${known}, got ${JSON.stringify(name)}`);
}

import type { ModelConfig } from "../config/model-config.js";
import type { Architecture } from "./architecture.js";
import { llama } from "./llama.js";
import { qwen2 } from "./qwen2.js";
import { qwen3 } from "./qwen3.js";

/** The architectures that Lathe runs. A further one is a module beside these and an entry here. */
export const architectures: readonly Architecture[] = [qwen2, llama, qwen3];

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

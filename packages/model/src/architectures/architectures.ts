import type { Architecture } from "./architecture.js";
import { llama } from "./llama.js";
import { qwen2 } from "./qwen2.js";
import { qwen3 } from "./qwen3.js";

/** The architectures that Lathe runs. A further one is a module beside these and an entry here. */
export const architectures: readonly Architecture[] = [qwen2, llama, qwen3];

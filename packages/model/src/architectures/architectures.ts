import type { Architecture } from "./architecture.js";
import { deepseekV3, kimiK2 } from "./deepseek-v3.js";
import { glm4MoeLite } from "./glm4-moe-lite.js";
import { llama } from "./llama.js";
import { qwen2 } from "./qwen2.js";
import { qwen3 } from "./qwen3.js";
import { qwen3Moe } from "./qwen3-moe.js";

/** The architectures that Lathe runs. A further one is a module beside these and an entry here. */
export const architectures: readonly Architecture[] = [
  qwen2,
  llama,
  qwen3,
  qwen3Moe,
  deepseekV3,
  kimiK2,
  glm4MoeLite,
];

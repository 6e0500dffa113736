// Runs turbo as `pnpm exec turbo …` would, on machines with and without pnpm: node scripts/turbo.mjs run build

import "./require-node.mjs";
import { exitCode, spawnPnpm } from "./pnpm.mjs";

process.exitCode = await exitCode(
  spawnPnpm(["exec", "turbo", ...process.argv.slice(2)], { stdio: "inherit" }),
);

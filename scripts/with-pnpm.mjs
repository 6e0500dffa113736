// Runs a tool of node_modules with the pinned pnpm on its path, which turbo and changesets call; a machine needs no pnpm
// of its own. Run: node scripts/with-pnpm.mjs turbo run build

import "./require-node.mjs";
import { exitCode, spawnPnpm } from "./pnpm.mjs";

process.exitCode = await exitCode(spawnPnpm(["exec", ...process.argv.slice(2)], { stdio: "inherit" }));

// Runs a tool of node_modules with pnpm on its path, which turbo and changesets call: the pnpm that runs this script, or
// else the pinned one, so that a machine needs none of its own. The packages are installed first where they are not, unless
// pnpm itself is asked for. Run: node scripts/with-pnpm.mjs turbo run build

import "./require-node.mjs";
import { spawn } from "node:child_process";
import { installPackages } from "./bootstrap.mjs";
import { exitCode, packageManagerEnvironment, root, spawnPnpm } from "./pnpm.mjs";

const args = process.argv.slice(2);
if (args[0] !== "pnpm") await installPackages();
const insidePnpm = process.env.npm_config_user_agent?.startsWith("pnpm/") ?? false;
const child = insidePnpm
  ? spawn("pnpm", ["exec", ...args], {
      cwd: root,
      env: packageManagerEnvironment(process.env),
      shell: process.platform === "win32",
      stdio: "inherit",
    })
  : spawnPnpm(["exec", ...args], { stdio: "inherit" });
process.exitCode = await exitCode(child);

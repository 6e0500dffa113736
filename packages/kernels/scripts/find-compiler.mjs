// The C++ compiler of this machine, for what builds the addon and for what must know whether it has to be built again.

import { spawnSync } from "node:child_process";

/** Commands that are tried in turn where CXX names none. */
export const compilerNames = ["c++", "g++", "clang++"];

/**
 * The first command that answers `--version`: that of `CXX`, else one of {@link compilerNames}.
 *
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {{ command: string[], version: string } | null}
 */
export function findCompiler(environment = process.env) {
  const named = environment.CXX?.trim();
  const candidates = named ? [named.split(/\s+/)] : compilerNames.map((name) => [name]);
  for (const command of candidates) {
    const { status, stdout } = spawnSync(command[0], [...command.slice(1), "--version"], {
      encoding: "utf8",
      env: environment,
    });
    if (status === 0) return { command, version: stdout };
  }
  return null;
}

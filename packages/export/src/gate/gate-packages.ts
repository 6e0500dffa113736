import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import { phrase } from "@lathe/files";
import { ExportError } from "../errors.js";

/** A program that artefacts are proven in, as npm has it. */
export interface GateProgram {
  /** What is loaded, below `node_modules`. */
  readonly entry: string;
  /** Packages to install, with their versions. */
  readonly packages: readonly string[];
  /** Whether what these packages name as optional is left out, such as libraries for cards. */
  readonly omitsOptional: boolean;
}

const LLAMA_VERSION = "3.22.1";

const platformName = (): string => {
  const system = { darwin: "mac", win32: "win" }[process.platform as string] ?? process.platform;
  const isApple = process.platform === "darwin" && process.arch === "arm64";
  return `${system}-${process.arch}${isApple ? "-metal" : ""}`;
};

/** Names of the programs. */
export const gateProgramNames = ["llama.cpp", "transformers.js"] as const;

/** One of {@link gateProgramNames}. */
export type GateProgramName = (typeof gateProgramNames)[number];

const programs: Readonly<Record<GateProgramName, GateProgram>> = {
  "llama.cpp": {
    entry: "node-llama-cpp/dist/index.js",
    packages: [`node-llama-cpp@${LLAMA_VERSION}`, `@node-llama-cpp/${platformName()}@${LLAMA_VERSION}`],
    omitsOptional: true,
  },
  "transformers.js": {
    entry: "@huggingface/transformers/dist/transformers.node.mjs",
    packages: ["@huggingface/transformers@4.3.2"],
    omitsOptional: false,
  },
};

/** What npm installs of a program. */
export const gateProgram = (program: GateProgramName): GateProgram => programs[program];

/**
 * Folder that the programs are installed in: `LATHE_GATE` where it is set, else one below the user's cache folder. It belongs to no
 * project, so that no install grows by it.
 */
export function gateFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const named = environment["LATHE_GATE"];
  if (named !== undefined && named !== "") return named;
  const cache = environment["XDG_CACHE_HOME"];
  if (cache !== undefined && isAbsolute(cache)) return join(cache, "lathe", "gate");
  const home = environment["HOME"] ?? homedir();
  return join(home, process.platform === "darwin" ? "Library/Caches" : ".cache", "lathe", "gate");
}

/** Folder of a program below that of all. */
export const programFolder = (program: GateProgramName, folder: string): string => join(folder, program);

const entryOf = (program: GateProgramName, folder: string): string =>
  join(programFolder(program, folder), "node_modules", programs[program].entry);

/** Whether a program is installed. */
export async function hasGateProgram(
  program: GateProgramName,
  folder: string = gateFolder(),
): Promise<boolean> {
  return (await stat(entryOf(program, folder)).catch(() => null))?.isFile() ?? false;
}

/** Refuses to go on without a program. @throws ExportError that says how to install it */
export async function checkGateProgram(
  program: GateProgramName,
  folder: string = gateFolder(),
): Promise<void> {
  if (await hasGateProgram(program, folder)) return;
  throw new ExportError({
    path: folder,
    expected: phrase`${program}, in which the export is proven`,
    actual: "none",
    remedy: "setupGate() installs it; without prompts to prove it on the export is written unproven",
  });
}

/** Loads a program. @throws ExportError that says how to install it */
export async function loadGateProgram<Loaded>(
  program: GateProgramName,
  folder: string = gateFolder(),
): Promise<Loaded> {
  await checkGateProgram(program, folder);
  return (await import(pathToFileURL(entryOf(program, folder)).href)) as Loaded;
}

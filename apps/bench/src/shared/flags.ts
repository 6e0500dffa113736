import { type Command, InvalidArgumentError, Option } from "commander";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { modelSizeNames, type ModelSize } from "./model-sizes.js";
import { findPython, type PeerPython } from "./python.js";

/** Reads a whole number from a bound on. */
export function whole(from: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < from) {
      throw new InvalidArgumentError(`expected a whole number from ${from}, got ${text}`);
    }
    return value;
  };
}

/** Reads a number from 0, below 1. */
export function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < 1)) {
    throw new InvalidArgumentError(`expected a number from 0, below 1, got ${text}`);
  }
  return value;
}

/** Reads names with commas between. */
export function list(text: string): string[] {
  return text.split(",").filter((name) => name !== "");
}

/** Which engine computes. */
export function engineFlag(): Option {
  return new Option("--engine <name>", "what computes").default("auto");
}

/** What products are computed in. */
export function precisionFlag(): Option {
  return new Option("--precision <name>", "of products: auto, or one that the engine offers").default("auto");
}

/** Dimensions of the model that is measured. */
export function sizeFlag(usual: ModelSize): Option {
  return new Option("--size <size>", "model dimensions").choices(modelSizeNames).default(usual);
}

/** Where the result is kept. */
export function saveFlag(): Option {
  return new Option("--save <folder>", "keep the result there, as JSON and as a page");
}

/** Where what a case writes once is kept: a folder of the system's temporary ones, by the last part of its name. */
export function cacheFlag(what = "model folders", name = "models"): Option {
  return new Option("--cache <folder>", `where ${what} are kept`).default(
    join(tmpdir(), `lathe-bench-${name}`),
  );
}

/** The absolute path of the folder of `cacheFlag`, made where it is not there. */
export async function cacheFolder({ cache }: { readonly cache: string }): Promise<string> {
  const folder = resolve(cache);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Flags of many cases. */
export interface CommonFlags {
  readonly engine: string;
  readonly python?: string;
  /** False for `--no-peer`. */
  readonly peer: boolean;
  readonly peerTimeout: number;
  readonly save?: string;
}

/** Adds the flags of many cases. */
export function addCommonFlags(command: Command): Command {
  return command
    .addOption(engineFlag())
    .option("--python <path>", "Python with PyTorch for the peer; else LATHE_PYTHON, else python3")
    .option("--no-peer", "measure Lathe alone")
    .addOption(
      new Option("--peer-timeout <seconds>", "time that each peer has").argParser(whole(1)).default(600),
    )
    .addOption(saveFlag());
}

/**
 * The Python for the peers; without one, one line says why.
 * @param modules that the peers need; those of PyTorch's unless given
 */
export async function peerPython(
  { peer, python }: Pick<CommonFlags, "peer" | "python">,
  modules?: readonly string[],
): Promise<PeerPython | null> {
  if (!peer) return null;
  const found = await findPython(python, modules);
  if ("python" in found) return found.python;
  console.error(found.reason);
  return null;
}

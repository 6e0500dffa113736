import { type Command, InvalidArgumentError, Option } from "commander";
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

/** Flags of every case. */
export interface CommonFlags {
  readonly engine: string;
  readonly python?: string;
  /** False for `--no-peer`. */
  readonly peer: boolean;
  readonly peerTimeout: number;
  readonly save?: string;
}

/** Adds the flags of every case. */
export function addCommonFlags(command: Command): Command {
  return command
    .option("--engine <name>", "what computes", "auto")
    .option("--python <path>", "Python with PyTorch for the peer; else LATHE_PYTHON, else python3")
    .option("--no-peer", "measure Lathe alone")
    .addOption(
      new Option("--peer-timeout <seconds>", "time that each peer has").argParser(whole(1)).default(600),
    )
    .option("--save <folder>", "keep the result there, as JSON and as a page");
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

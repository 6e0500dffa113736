import { createHash } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  asPhrase,
  filesBelow,
  hashFile,
  isRecord,
  type Phrase,
  phrase,
  phraseOfError,
  readJsonFile,
  SpokenError,
} from "@lathe/files";
import type { CheckpointFault } from "./checkpoint-fault.js";
import type { RunIdentity } from "./run-identity.js";
import type { TrainConfig } from "./train-config.js";

const STATE_FILE = "state.json";
const STATE_VERSION = 2;

/** Largest state of a checkpoint that is read, in bytes; it has a hash a file. */
const STATE_BYTES_LIMIT = 10_000_000;

/** What a run says of itself in a checkpoint. */
export interface CheckpointFacts {
  /** Optimiser steps done. */
  readonly step: number;
  /** Settings of the loop. */
  readonly config: TrainConfig;
  /** Where in the rows the run is: epochs done, and rows done of the one at hand. */
  readonly data: { readonly epoch: number; readonly rows: number };
  /** Orders of rows and dropout masks are drawn from seed and step by a counter-based generator (Threefry-2x32). */
  readonly random: { readonly seed: number; readonly step: number };
  /** Course of the learning rate: steps of the whole run, and the rate of the step that was last. */
  readonly schedule: { readonly totalSteps: number; readonly learningRate: number };
  /** What must be the same for a resumed run to give the same bits, e.g. seed, batch size, a hash of the rows. */
  readonly identity: RunIdentity;
}

/** What is in `state.json` of a checkpoint. */
export interface CheckpointState extends CheckpointFacts {
  readonly version: number;
  /** SHA-256 of every other file of the checkpoint, by path within it. */
  readonly files: Readonly<Record<string, string>>;
  /** SHA-256 of all the rest of this state, as JSON without spaces. */
  readonly sha256: string;
}

/** Writes the state of a checkpoint whose other files are all in its folder, with a hash of each. */
export async function sealCheckpoint(folder: string, facts: CheckpointFacts): Promise<void> {
  const files: Record<string, string> = {};
  for (const file of await filesBelow(folder)) files[file] = (await hashFile(join(folder, file))).sha256;
  const rest = { version: STATE_VERSION, ...facts, files };
  const state: CheckpointState = { ...rest, sha256: hashOf(rest) };
  await writeFile(join(folder, STATE_FILE), `${JSON.stringify(state, null, 2)}\n`);
}

/** Reads the state of the checkpoint of a step and holds all its files to it. */
export async function readCheckpoint(
  folder: string,
  step: number,
): Promise<{ readonly state: CheckpointState } | CheckpointFault> {
  let file = STATE_FILE;
  try {
    const found = await stat(join(folder, STATE_FILE)).catch(() => null);
    if (found === null) return { damage: "missing", file, detail: null };
    const state = stateOf(await readState(join(folder, STATE_FILE)), step);
    if ("fault" in state) return { damage: "unreadable", file, detail: state.fault };
    const { sha256, ...rest } = state;
    if (hashOf(rest) !== sha256) return { damage: "changed", file, detail: null };
    // Files that someone has put beside them do no harm.
    const present = await filesBelow(folder);
    for (const [name, expected] of Object.entries(state.files)) {
      file = name;
      if (!present.includes(name)) return { damage: "missing", file, detail: null };
      if ((await hashFile(join(folder, name))).sha256 !== expected) {
        return { damage: "changed", file, detail: null };
      }
    }
    return { state };
  } catch (error) {
    return { damage: "unreadable", file, detail: phraseOfError(error) };
  }
}

function hashOf(rest: object): string {
  return createHash("sha256").update(JSON.stringify(rest)).digest("hex");
}

async function readState(path: string): Promise<unknown> {
  return await readJsonFile(path, {
    limit: STATE_BYTES_LIMIT,
    makeFault: (expected, actual) =>
      new SpokenError(phrase`expected ${asPhrase(expected)}, got ${asPhrase(actual)}`),
  });
}

/** A state whose parts are of the right kind, or what was expected and what came. */
function stateOf(value: unknown, step: number): CheckpointState | { readonly fault: Phrase } {
  const fault = (expected: string | Phrase, actual: unknown): { readonly fault: Phrase } => {
    const came = actual === undefined ? asPhrase("nothing") : JSON.stringify(actual);
    return { fault: phrase`expected ${asPhrase(expected)}, got ${came}` };
  };
  if (!isRecord(value)) return fault("an object", value);
  if (value["version"] !== STATE_VERSION) return fault(phrase`version ${STATE_VERSION}`, value["version"]);
  if (value["step"] !== step) return fault(phrase`step ${step}, as its folder says`, value["step"]);
  for (const key of ["config", "data", "random", "schedule", "identity", "files"]) {
    if (!isRecord(value[key])) return fault(phrase`an object as ${key}`, value[key]);
  }
  return value as unknown as CheckpointState;
}

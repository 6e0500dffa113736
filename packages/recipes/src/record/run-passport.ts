import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import type { Engine } from "@lathe/tensor";
import type { RunSettings } from "../training/run-settings.js";
import type { FileHashes } from "./run-hashes.js";

const { version } = createRequire(import.meta.url)("../../package.json") as { readonly version: string };

/** What a run came from and where it was: enough to repeat it and to say whether the bits are the same. */
export interface RunPassport {
  /** Version of Lathe. */
  readonly lathe: string;
  readonly node: string;
  readonly machine: {
    readonly platform: string;
    readonly processor: string;
    readonly cores: number;
    readonly memoryBytes: number;
  };
  /** Of the engine, in a line. */
  readonly engineDescription: string;
  /** The run's `config.json`. */
  readonly settings: RunSettings;
  /** SHA-256 of the base model's files, of the files of rows (null for rows that came from memory) and of what was written. */
  readonly hashes: {
    readonly model: FileHashes;
    readonly data: string | null;
    readonly validation: string | null;
    /** By path within the run. */
    readonly result: FileHashes;
  };
  /** Of the tokenizer's file and of its chat template; null where there is none. */
  readonly tokenizer: { readonly sha256: string; readonly chatTemplateSha256: string | null } | null;
  /** First step whose smoothed validation loss is within 1 % of the run's best; null without an evaluation. */
  readonly convergenceStep: number | null;
  /** What the machine's processors took during the steps, other programs included; null where the machine does not tell. */
  readonly energyJoules: number | null;
}

/** The machine that this process runs on, as passports have it. */
export function thisMachine({
  description,
}: Engine): Pick<RunPassport, "lathe" | "node" | "machine" | "engineDescription"> {
  const processors = cpus();
  return {
    lathe: version,
    node: process.version,
    machine: {
      platform: `${process.platform}-${process.arch}`,
      processor: processors[0]?.model.trim() ?? "unknown",
      cores: processors.length,
      memoryBytes: totalmem(),
    },
    engineDescription: description,
  };
}

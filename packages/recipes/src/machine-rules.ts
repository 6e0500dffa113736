import { statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { parameterCount, trainingBytes } from "./memory/weight-bytes.js";
import { filesBytes } from "./memory/files-bytes.js";
import { estimateParameters } from "@lathe/peft";
import { readModelConfig } from "@lathe/model";
import { rowsBytes } from "./rows/rows-bytes.js";

/** What a rule is about. */
export type MachineRuleName = "graphics-memory" | "memory" | "disk";

/** A rule of thumb for a machine, held to this one; sizes are bytes. */
export interface MachineRule {
  readonly name: MachineRuleName;
  /** There has to be more than this. */
  readonly neededBytes: number;
  /** What there is; null where there is no card, or the system does not tell. */
  readonly presentBytes: number | null;
  /** Whether the rule holds; null where what there is is not known. */
  readonly holds: boolean | null;
}

/** What the rules are held for. */
export interface MachineRulesOptions {
  /** Model folder; a config alone will do. Asks for graphics memory and disk. */
  readonly model?: string | undefined;
  /** Rows: a file, a folder or a pattern. Asks for memory. */
  readonly data?: string | undefined;
  /** Memory of the graphics card, or null where there is none. */
  readonly cardBytes: number | null;
  /** Folder on the disk that runs are written to. @defaultValue the folder of work */
  readonly output?: string | undefined;
}

const HALF_BYTES = 2;

/** Graphics memory by the bytes of the parameters in half precision. */
const CARD_FACTOR = 2;

/** Memory by the bytes of the rows. */
const DATA_FACTOR = 3;

/** The newest three checkpoints, the best, and one on its way. */
const CHECKPOINTS = 5;

/** Limits of a control group beyond this are none. */
const NO_LIMIT = 2 ** 60;

/**
 * Holds the rules of thumb for fine-tuning to this machine: graphics memory of more than twice the parameters in half precision,
 * memory of more than three times the rows, and free disk for a merged model and the checkpoints of an adapter with the default
 * options. They are coarser than a plan, and ask for no settings.
 *
 * @throws ModelConfigError, FileError
 */
export async function machineRules(options: MachineRulesOptions): Promise<MachineRule[]> {
  const { model, data, cardBytes, output = "." } = options;
  const rules: MachineRule[] = [];
  if (model !== undefined) {
    const config = await readModelConfig(model);
    const parameters = parameterCount(config);
    rules.push(ruleOf("graphics-memory", CARD_FACTOR * HALF_BYTES * parameters, cardBytes));
    const weights = (await filesBytes(model)) || HALF_BYTES * parameters;
    const checkpoint = trainingBytes(estimateParameters(config).trainable);
    const { bavail, bsize } = await statfs(output);
    rules.push(ruleOf("disk", weights + CHECKPOINTS * checkpoint, bavail * bsize));
  }
  if (data !== undefined) {
    const size = await rowsBytes(data, "training");
    const limit = process.constrainedMemory();
    const isLimited = limit !== undefined && limit > 0 && limit < NO_LIMIT;
    rules.push(ruleOf("memory", DATA_FACTOR * size, isLimited ? Math.min(limit, totalmem()) : totalmem()));
  }
  return rules;
}

const ruleOf = (name: MachineRuleName, neededBytes: number, presentBytes: number | null): MachineRule => ({
  name,
  neededBytes,
  presentBytes,
  holds: presentBytes === null ? null : presentBytes > neededBytes,
});

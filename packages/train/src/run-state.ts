import { TrainConfigError } from "./errors.js";
import type { RunFolder } from "./run-folder.js";
import type { RunIdentity } from "./run-identity.js";
import type { StatePart } from "./state-part.js";

/** The state of a run, as named parts that its checkpoints hold together. */
export class RunState {
  readonly #run: RunFolder;
  readonly #identity: RunIdentity;
  readonly #parts = new Map<string, StatePart>();

  /** @param identity what a checkpoint must have been written with */
  constructor(run: RunFolder, identity: RunIdentity) {
    this.#run = run;
    this.#identity = identity;
  }

  /** Adds a part; nothing is added for undefined. @throws TrainConfigError if one of this name is there */
  add(name: string, part: StatePart | undefined): void {
    if (this.#parts.has(name)) throw new TrainConfigError("state", "names that differ", `${name} twice`);
    if (part) this.#parts.set(name, part);
  }

  /** Writes the checkpoint of a step. @returns its folder */
  async save(step: number): Promise<string> {
    return this.#run.writeCheckpoint(step, this.#identity, async (folder) => {
      for (const part of this.#parts.values()) await part.save(folder);
    });
  }

  /** Takes over the checkpoint of a step. @throws RunFolderError if it is damaged or of another run */
  async load(step: number): Promise<void> {
    const parts = [...this.#parts.values()];
    const required = parts.flatMap((part) => part.required ?? []);
    await this.#run.readCheckpoint(step, this.#identity, required);
    const folder = this.#run.checkpointPath(step);
    for (const part of parts) await part.load(folder);
  }
}

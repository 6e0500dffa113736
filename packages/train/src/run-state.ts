import { isInputError, type OnWarning, phrase, phraseOfError } from "@lathe/files";
import type { CheckpointFacts } from "./checkpoint.js";
import { RunFolderError, TrainConfigError } from "./errors.js";
import type { IntactCheckpoint, RunFolder } from "./run-folder.js";
import { identityFault } from "./run-identity.js";
import type { StatePart } from "./state-part.js";

/** What a {@link RunState} is made for. */
export interface RunStateOptions {
  readonly run: RunFolder;
  /** What a checkpoint after a step says of the run; its identity is what one must have that is taken up. */
  readonly factsAt: (step: number) => CheckpointFacts;
  /** Checkpoints to keep besides the best one; 0 for all. */
  readonly keep: number;
  /** An old checkpoint that the system does not let go. */
  readonly onWarning?: OnWarning | undefined;
}

/** The state of a run, as named parts that its checkpoints hold together. */
export class RunState {
  readonly #options: RunStateOptions;
  readonly #parts = new Map<string, StatePart>();
  /** Loss on the validation rows by step. */
  readonly #evaluations = new Map<number, number>();
  #damaged: ReadonlySet<number> = new Set();

  constructor(options: RunStateOptions) {
    this.#options = options;
  }

  /** Adds a part; nothing is added for undefined. @throws TrainConfigError if one of this name is there */
  add(name: string, part: StatePart | undefined): void {
    if (this.#parts.has(name)) throw new TrainConfigError("state", "names that differ", `${name} twice`);
    if (part) this.#parts.set(name, part);
  }

  /** Takes note of a loss on the validation rows. @returns whether it is the lowest so far */
  noteEvaluation(step: number, loss: number): boolean {
    const isBest = Number.isFinite(loss) && [...this.#evaluations.values()].every((before) => loss < before);
    this.#evaluations.set(step, loss);
    return isBest;
  }

  /** Writes the checkpoint of a step, and removes those that need not be kept. */
  async save(step: number): Promise<void> {
    const { run, factsAt } = this.#options;
    await run.writeCheckpoint(factsAt(step), async (folder) => {
      for (const part of this.#parts.values()) await part.save(folder);
    });
    this.#damaged = new Set([...this.#damaged].filter((damaged) => damaged !== step));
    await this.removeOld(step);
  }

  /** Whether parts of it lie on several processes, none of which can save it by itself. */
  get isShared(): boolean {
    return [...this.#parts.values()].some(({ follow }) => follow !== undefined);
  }

  /** What other processes do while one of them saves. */
  async follow(): Promise<void> {
    for (const part of this.#parts.values()) await part.follow?.();
  }

  /** Takes over a checkpoint. @throws RunFolderError if it is of another run or lacks what this one needs */
  async load({ path, state, passedOver }: IntactCheckpoint): Promise<void> {
    const { run, factsAt } = this.#options;
    const fault = identityFault(state.identity, factsAt(state.step).identity);
    if (fault !== null) throw new RunFolderError(path, fault);
    const parts = [...this.#parts.values()];
    const lacking = parts
      .flatMap((part) => part.required ?? [])
      .find((file) => !Object.hasOwn(state.files, file));
    if (lacking !== undefined) throw new RunFolderError(path, phrase`expected ${lacking} in it, got none`);
    for (const part of parts) await part.load(path);
    for (const line of await run.readMetrics(state.step)) {
      const { step, validationLoss } = line;
      if (typeof validationLoss === "number") this.noteEvaluation(step as number, validationLoss);
    }
    this.#damaged = new Set(passedOver.map(({ step }) => step));
  }

  /**
   * Removes the checkpoints up to a step that need not be kept. What comes after it was written by a part of the run that is
   * done again, and is left to be replaced.
   */
  async removeOld(step: number): Promise<void> {
    const { run, keep, onWarning } = this.#options;
    if (keep === 0) return;
    const earlier = (await run.checkpointSteps()).filter((each) => each <= step);
    const intact = earlier.filter((each) => !this.#damaged.has(each));
    const kept = new Set(intact.slice(-keep));
    const best = this.#bestOf(intact);
    if (best !== undefined) kept.add(best);
    for (const each of earlier.filter((one) => !kept.has(one))) {
      // A run of many hours does not end because something old stays.
      await run.removeCheckpoint(each).catch((error: unknown) => {
        if (!isInputError(error)) throw error;
        onWarning?.(phraseOfError(error));
      });
    }
  }

  #bestOf(steps: readonly number[]): number | undefined {
    const lossAt = (step: number): number => this.#evaluations.get(step) ?? Number.POSITIVE_INFINITY;
    const evaluated = steps.filter((step) => this.#evaluations.has(step));
    return evaluated.length === 0
      ? undefined
      : evaluated.reduce((best, step) => (lossAt(step) < lossAt(best) ? step : best));
  }
}

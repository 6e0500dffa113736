import { join } from "node:path";
import { isRecord, readJsonFile, replaceFile, phrase, asPhrase } from "@lathe/files";
import { RunFolderError } from "./errors.js";
import type { StatePart } from "./state-part.js";

const FILE = "loss-scale.json";

/** Largest file that is read, in bytes; it holds three numbers. */
const BYTES_LIMIT = 10_000;

/** Constants of {@link LossScale}. */
export interface LossScaleConfig {
  /** Factor on the loss of the first step. @defaultValue 65536 */
  readonly initial: number;
  /** Steps without an overflow after which the factor is doubled. @defaultValue 200 */
  readonly growthSteps: number;
  /** The factor never exceeds it: gradients are summed in float32. @defaultValue 2 ** 24 */
  readonly largest: number;
}

/** Defaults of {@link LossScaleConfig}. */
export const lossScaleDefaults: LossScaleConfig = { initial: 2 ** 16, growthSteps: 200, largest: 2 ** 24 };

/** What a checkpoint keeps of a {@link LossScale}. */
export interface LossScaleState {
  readonly scale: number;
  /** Steps since the last change. */
  readonly steadySteps: number;
  /** Steps of the run that were skipped. */
  readonly skippedSteps: number;
}

/**
 * The dynamic loss scale of mixed-precision training (Micikevicius et al., arXiv:1710.03740, §3.2).
 *
 * Gradients of activations are often smaller than the smallest number of half precision. The loss is multiplied by a power
 * of two before it is differentiated and gradients are divided by it afterwards, in float32, which changes no other bit.
 * When a gradient overflows, the step is skipped and the factor halved; after many steps without one it is doubled.
 */
export class LossScale implements StatePart {
  readonly required: readonly string[] = [FILE];
  readonly #config: LossScaleConfig;
  #scale: number;
  #steadySteps = 0;
  #skippedSteps = 0;

  constructor(config: Partial<LossScaleConfig> = {}) {
    this.#config = { ...lossScaleDefaults, ...config };
    this.#scale = this.#config.initial;
  }

  /** Factor on the loss of the coming step. */
  get scale(): number {
    return this.#scale;
  }

  /** Steps skipped so far. */
  get skippedSteps(): number {
    return this.#skippedSteps;
  }

  /** Takes note of a step whose gradients were finite. */
  succeeded(): void {
    this.#steadySteps++;
    if (this.#steadySteps < this.#config.growthSteps) return;
    this.#steadySteps = 0;
    this.#scale = Math.min(this.#scale * 2, this.#config.largest);
  }

  /** Takes note of a step that overflowed. @returns whether a smaller factor is left to try */
  overflowed(): boolean {
    this.#steadySteps = 0;
    this.#skippedSteps++;
    if (this.#scale <= 1) return false;
    this.#scale /= 2;
    return true;
  }

  /** What has to be kept for the next steps to be the same. */
  state(): LossScaleState {
    return { scale: this.#scale, steadySteps: this.#steadySteps, skippedSteps: this.#skippedSteps };
  }

  async save(folder: string): Promise<void> {
    await replaceFile(join(folder, FILE), `${JSON.stringify(this.state(), null, 2)}\n`);
  }

  /** Takes over the state in a checkpoint. @throws RunFolderError when it holds none */
  async load(folder: string): Promise<void> {
    const path = join(folder, FILE);
    const state = await readJsonFile(path, {
      limit: BYTES_LIMIT,
      makeFault: (expected, actual, cause) =>
        new RunFolderError(
          path,
          phrase`cannot be read: expected ${asPhrase(expected)}, got ${asPhrase(actual)}`,
          { cause },
        ),
    });
    const { scale, steadySteps, skippedSteps } = isRecord(state) ? state : {};
    const isCount = (value: unknown): value is number =>
      Number.isSafeInteger(value) && (value as number) >= 0;
    const isPower = typeof scale === "number" && scale >= 1 && Number.isInteger(Math.log2(scale));
    if (!isPower || !isCount(steadySteps) || !isCount(skippedSteps)) {
      throw new RunFolderError(
        path,
        phrase`expected a scale that is a power of two and two counts, got ${JSON.stringify(state)}`,
      );
    }
    [this.#scale, this.#steadySteps, this.#skippedSteps] = [scale, steadySteps, skippedSteps];
  }
}

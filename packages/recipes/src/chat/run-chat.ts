import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InputError, phrase, statIfThere } from "@lathe/files";
import { type ChatMessage, REASONING_POLICIES } from "@lathe/data";
import type { TextPiece } from "@lathe/model";
import { DEFAULT_ADAPTER, setActive } from "@lathe/peft";
import { isPackedFormatName, type WeightFormat } from "@lathe/quant";
import { type EngineOptions, type OpenedModel, openModel } from "../model/open-model.js";
import type { RecipeHooks } from "../recipe-event.js";
import { type Reply, type ReplyOptions, respond } from "../respond.js";
import { readSettings, type RunSettings } from "../training/run-settings.js";

/** Who answers: the model as it was before a run, or as the run has made it. */
export type ChatSide = "base" | "tuned";

/** Where a side's weights lie. */
interface SidePlace {
  readonly model: string;
  readonly adapter: string | null;
}

/** What a {@link RunChat} is opened with. */
export type RunChatOptions = Pick<EngineOptions, "engine" | "precision"> & Pick<RecipeHooks, "onEvent">;

/** What is to be answered. */
export interface SideRequest {
  readonly messages: readonly ChatMessage[];
  readonly generation?: ReplyOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

const STEP_FOLDER = /^step-(\d+)$/;

/**
 * Answers as the base model of a run and as what the run has made of it, one model in memory at a time: an adapter is put on and off the
 * base, and a model that was trained itself takes the base's place. To be asked one thing after the other.
 */
export class RunChat {
  #opened: { readonly place: string; readonly model: OpenedModel } | null = null;

  private constructor(
    private readonly places: Readonly<Record<ChatSide, SidePlace>>,
    private readonly settings: RunSettings,
    private readonly options: RunChatOptions,
  ) {}

  /**
   * Finds the two sides of a run; nothing is loaded yet.
   * @param run its folder; of one that has not ended, the adapter of the newest checkpoint answers
   * @throws InputError where the run has nothing to answer with yet, RunFolderError where its settings cannot be read
   */
  static async open(run: string, options: RunChatOptions = {}): Promise<RunChat> {
    const settings = await readSettings(run);
    const { model } = settings;
    if (typeof model !== "string") {
      throw new InputError(phrase`${run}: the run's settings name no model, so there is nothing to talk to`);
    }
    const base = { model: resolve(model), adapter: null };
    return new RunChat({ base, tuned: await tunedPlace(run, base.model) }, settings, options);
  }

  /**
   * Answers as one side, piece by piece.
   * @throws what opening a model and {@link respond} throw; the signal's reason when it aborts
   */
  async *reply(
    side: ChatSide,
    { messages, generation, signal }: SideRequest,
  ): AsyncGenerator<TextPiece, Reply, undefined> {
    const model = await this.#modelOf(side, signal);
    return yield* respond({
      model,
      messages,
      reasoning: REASONING_POLICIES.find((policy) => policy === this.settings["reasoning"]),
      generation,
      signal,
      onEvent: this.options.onEvent,
    });
  }

  /** Frees the model. The chat may be asked again, and then loads it anew. */
  dispose(): void {
    this.#opened?.model.dispose();
    this.#opened = null;
  }

  async #modelOf(side: ChatSide, signal: AbortSignal | undefined): Promise<OpenedModel> {
    const { model: place, adapter } = this.places[side];
    if (this.#opened?.place !== place) {
      this.dispose();
      // The adapter comes with its base, so that the other side need not load anything.
      const { tuned } = this.places;
      const model = await openModel(place, {
        ...this.options,
        signal,
        quantize: quantizeOf(this.settings),
        ...(tuned.model === place && tuned.adapter !== null ? { adapter: tuned.adapter } : {}),
      });
      this.#opened = { place, model };
    }
    const { model } = this.#opened;
    if (this.places.tuned.model === place && this.places.tuned.adapter !== null) {
      setActive(model.model, adapter === null ? [] : DEFAULT_ADAPTER);
    }
    return model;
  }
}

/** How the run packed its base weights. */
function quantizeOf({ quantize }: RunSettings): WeightFormat {
  return typeof quantize === "string" && isPackedFormatName(quantize) ? quantize : "none";
}

/** What a run has made: an adapter on the base or on a packed base of its own, a model, or the newest checkpoint's adapter. */
async function tunedPlace(run: string, base: string): Promise<SidePlace> {
  const isThere = async (...names: string[]): Promise<boolean> =>
    (await statIfThere(join(run, ...names))) !== null;
  const model = (await isThere("base", "config.json")) ? join(run, "base") : base;
  if (await isThere("adapter", "adapter_config.json")) return { model, adapter: join(run, "adapter") };
  if (await isThere("model", "config.json")) return { model: join(run, "model"), adapter: null };
  const names = await readdir(join(run, "checkpoints")).catch(() => []);
  const steps = names.flatMap((name) => STEP_FOLDER.exec(name)?.slice(1, 2).map(Number) ?? []);
  for (const step of steps.sort((one, other) => other - one)) {
    const names = ["checkpoints", `step-${step}`, "adapter"];
    if (await isThere(...names, "adapter_config.json")) return { model, adapter: join(run, ...names) };
  }
  throw new InputError(phrase`${run}: the run has no adapter or model yet, so there is nothing to talk to`);
}

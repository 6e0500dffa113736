import {
  type ArtefactRuntime,
  type GateBounds,
  type GateReference,
  type GateReport,
  holdToReference,
} from "@lathe/export/gate";
import { replaceFile } from "@lathe/files";
import { flatBatch, generate } from "@lathe/model";
import type { WeightFormat } from "@lathe/quant";
import { openModel, type OpenedModel } from "../model/open-model.js";
import { progressOf, type RecipeHooks } from "../recipe-event.js";
import { expectation, RecipeError } from "../recipe-error.js";
import { readLabelledRows } from "../rows/labelled-rows.js";
import type { RowsInput } from "../rows/rows-input.js";
import { gatePrompts } from "./gate-prompts.js";

/** Prompts that are replayed at most, and tokens of each reply. */
const PROMPTS = 64;
const REPLY_TOKENS = 48;

/** What opening an artefact needs to know of the model. */
export interface GatedModel {
  /** Tokens of a prompt and its reply at most. */
  readonly contextLength: number;
  readonly vocabularySize: number;
  readonly hasTokenizer: boolean;
}

/** An artefact and what it is held to. */
export interface GatedExport extends RecipeHooks {
  readonly model: string;
  readonly adapter?: string | undefined;
  readonly quantize?: WeightFormat | undefined;
  /** Held-out rows; what comes before the last reply of each is a prompt. @defaultValue a few prompts of Lathe's */
  readonly prompts?: RowsInput | undefined;
  readonly bounds: GateBounds;
  /** Whether the artefact is to cut texts as the model does. */
  readonly asksIds: boolean;
  /** File of the report. */
  readonly report: string;
  /** Opens the artefact in the program that will read it. */
  open(model: GatedModel): Promise<ArtefactRuntime>;
}

/**
 * Replays held-out prompts in the program that will read an artefact and in Lathe, and writes what that has shown.
 * @throws RecipeError when the rows have no prompts; ExportError when the program does not open the artefact
 */
export async function gateExport(options: GatedExport): Promise<GateReport> {
  const { model: path, adapter, quantize, bounds, report, onEvent, signal } = options;
  // Artefacts have the head as it is stored.
  const exact = { precision: "fp32", storedHead: true } as const;
  const opened = await openModel(path, { ...exact, adapter, quantize, onEvent, signal });
  try {
    const references = await referencesOf(opened, options);
    const runtime = await options.open({
      contextLength: Math.max(...references.map(({ ids }) => ids.length)) + REPLY_TOKENS + 8,
      vocabularySize: opened.config.vocabularySize,
      hasTokenizer: opened.tokenizer !== null,
    });
    try {
      const outcome = await holdToReference(runtime, references, {
        template: opened.tokenizer?.chatTemplate ?? null,
        ends: opened.config.endOfSequenceIds,
        bounds,
      });
      await replaceFile(report, `${JSON.stringify(outcome, null, 2)}\n`);
      return outcome;
    } finally {
      await runtime.close();
    }
  } finally {
    opened.dispose();
  }
}

/** Logits after the last token. [V] */
async function logitsAfter({ model }: OpenedModel, ids: readonly number[]): Promise<Float32Array> {
  const inputIds = Int32Array.from(ids);
  const hidden = model.hiddenStates(flatBatch([{ inputIds, labels: inputIds }]), {
    positions: Int32Array.of(ids.length - 1),
  });
  const projected = model.project(hidden);
  const logits = (await projected.data()) as Float32Array;
  hidden.dispose();
  projected.dispose();
  return logits;
}

/** By how much a token is preferred to another, in standard deviations. */
function preference(logits: Float32Array, chosen: number, other: number): number {
  const mean = logits.reduce((sum, value) => sum + value, 0) / logits.length;
  const squares = logits.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return (logits[chosen] - logits[other]) / Math.sqrt(squares / logits.length);
}

/** What the model itself says to the prompts. */
async function referencesOf(
  opened: OpenedModel,
  { prompts, asksIds, onEvent, signal }: GatedExport,
): Promise<GateReference[]> {
  const { model, tokenizer } = opened;
  const rows = await readLabelledRows(
    prompts ?? gatePrompts(opened),
    "gatePrompts",
    opened,
    undefined,
    PROMPTS,
  );
  const asked = rows
    .map(({ inputIds, labels }) => promptOf(inputIds, labels))
    .filter((ids) => ids.length > 0 && ids.length + REPLY_TOKENS <= model.config.maxPositions);
  if (asked.length === 0) {
    throw new RecipeError([
      expectation("gatePrompts", "rows with a prompt and a reply that fit into the model", "none"),
    ]);
  }
  const tellProgress = progressOf(onEvent, "verifying");
  const references: GateReference[] = [];
  for (const ids of asked) {
    signal?.throwIfAborted();
    const logits = await logitsAfter(opened, ids);
    const greedy: number[] = [];
    const generation = { temperature: 0, maxNewTokens: REPLY_TOKENS, cache: "fp32" as const };
    for await (const { id } of generate(model, [ids], generation)) greedy.push(id);
    const text = asksIds ? (tokenizer?.decode(ids, { skipSpecialTokens: false }) ?? null) : null;
    const isWhole =
      text !== null && tokenizer!.encode(text, { addSpecialTokens: false }).join() === ids.join();
    references.push({
      ids,
      text: isWhole ? text : null,
      logits,
      greedy,
      async margin(at, id) {
        const there = await logitsAfter(opened, [...ids, ...greedy.slice(0, at)]);
        return preference(there, greedy[at], id);
      },
    });
    tellProgress(references.length, asked.length);
  }
  return references;
}

/** What comes before the last reply; of running text its first half. */
function promptOf(inputIds: Int32Array, labels: Int32Array): number[] {
  let end = labels.length;
  while (end > 0 && labels[end - 1] < 0) end--;
  let start = end;
  while (start > 0 && labels[start - 1] >= 0) start--;
  return [...inputIds.subarray(0, start > 0 ? start : Math.ceil(inputIds.length / 2))];
}

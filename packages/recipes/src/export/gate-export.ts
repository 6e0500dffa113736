import {
  gateFolder,
  type GateBounds,
  type GateReference,
  type GateReport,
  holdToReference,
  openLlamaCpp,
  type TokenizerProof,
} from "@lathe/export";
import { replaceFile } from "@lathe/files";
import { flatBatch, generate } from "@lathe/model";
import type { WeightFormat } from "@lathe/quant";
import { openModel, type OpenedModel } from "../model/open-model.js";
import { progressOf, type RecipeHooks } from "../recipe-event.js";
import { expectation, RecipeError } from "../recipe-error.js";
import { readLabelledRows } from "../rows/labelled-rows.js";
import type { RowsInput } from "../rows/rows-input.js";

/** Prompts that are replayed at most, and tokens of each reply. */
const PROMPTS = 64;
const REPLY_TOKENS = 48;

/** An artefact and what it is held to. */
export interface GatedExport extends RecipeHooks {
  readonly model: string;
  readonly adapter?: string | undefined;
  readonly quantize?: WeightFormat | undefined;
  /** Held-out rows; what comes before the last reply of each is a prompt. */
  readonly prompts: RowsInput;
  /** GGUF file, and a LoRA to put on it. */
  readonly file: string;
  readonly lora?: string | undefined;
  readonly bounds: GateBounds;
  /** Asks the artefact for ids where its rule of cutting has been proven. */
  readonly tokenizer: TokenizerProof | null;
  /** File of the report. */
  readonly report: string;
}

/**
 * Replays held-out prompts in llama.cpp and in Lathe, and writes what that has shown.
 * @throws RecipeError when the rows have no prompts; ExportError when llama.cpp is not installed or does not open the file
 */
export async function gateExport(options: GatedExport): Promise<GateReport> {
  const {
    model: path,
    adapter,
    quantize,
    prompts,
    file,
    lora,
    bounds,
    tokenizer,
    report,
    onEvent,
    signal,
  } = options;
  const opened = await openModel(path, { adapter, quantize, precision: "fp32", onEvent, signal });
  try {
    const references = await referencesOf(
      opened,
      prompts,
      tokenizer?.differing === 0 && tokenizer.compared > 0,
      options,
    );
    const runtime = await openLlamaCpp(gateFolder(), file, {
      lora,
      contextLength: Math.max(...references.map(({ ids }) => ids.length)) + REPLY_TOKENS + 8,
      vocabularySize: opened.config.vocabularySize,
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

/** What the model itself says to the prompts. @param asksIds whether texts are compared too */
async function referencesOf(
  opened: OpenedModel,
  prompts: RowsInput,
  asksIds: boolean,
  { onEvent, signal }: RecipeHooks,
): Promise<GateReference[]> {
  const { model, tokenizer } = opened;
  const rows = await readLabelledRows(prompts, "gatePrompts", opened, undefined, PROMPTS);
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
    const inputIds = Int32Array.from(ids);
    const hidden = model.hiddenStates(flatBatch([{ inputIds, labels: inputIds }]), {
      positions: Int32Array.of(ids.length - 1),
    });
    const projected = model.project(hidden);
    const logits = (await projected.data()) as Float32Array;
    hidden.dispose();
    projected.dispose();
    const greedy: number[] = [];
    const generation = { temperature: 0, maxNewTokens: REPLY_TOKENS, cache: "fp32" as const };
    for await (const { id } of generate(model, [ids], generation)) greedy.push(id);
    const text = asksIds ? (tokenizer?.decode(ids, { skipSpecialTokens: false }) ?? null) : null;
    const isWhole =
      text !== null && tokenizer!.encode(text, { addSpecialTokens: false }).join() === ids.join();
    references.push({ ids, text: isWhole ? text : null, logits, greedy });
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

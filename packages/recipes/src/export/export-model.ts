import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OnWarning, phrase, removeFolder, replaceFile } from "@lathe/files";
import {
  checkLlamaCpp,
  type GateReport,
  ggufGateBounds,
  exportGguf,
  exportGgufLora,
  exportMlx,
  exportOllama,
  exportPeft,
  checkOutput,
  type GgufType,
  ggufTypes,
  type TokenizerProof,
} from "@lathe/export";
import { mergeIntoWeights } from "@lathe/peft";
import { widenedWeights } from "@lathe/quant";
import { DriftError } from "./drift-error.js";
import { exportCard } from "./export-card.js";
import {
  type ExportedModel,
  type ExportFormat,
  exportFormats,
  type ExportModelOptions,
} from "./export-model-options.js";
import { gateExport } from "./gate-export.js";
import { engineOf } from "../model/open-model.js";
import { expectation, field, RecipeError, sentenceOf } from "../recipe-error.js";
import { progressOf, warningOf } from "../recipe-event.js";

/** What a format needs and takes. */
interface FormatTraits {
  /** Held to the options before anything is written. */
  readonly needsAdapter: boolean;
  /** Whether the base's weights are in it. */
  readonly holdsModel: boolean;
  readonly hasTypes: boolean;
  /** The GGUF files in what was written, for llama.cpp to open; null where there are none. */
  gguf(options: ExportModelOptions, place: string): Promise<GgufPlace> | null;
  write(options: ExportModelOptions, hooks: WriteHooks): Promise<Written>;
}

/** A GGUF file, and a LoRA on it. */
interface GgufPlace {
  readonly file: string;
  readonly lora?: string;
  readonly type: GgufType;
  /** Frees what was made for the proof. */
  release?(): Promise<void>;
}

type Written = Pick<ExportedModel, "tensors" | "bytes" | "tokenizer">;

interface WriteHooks {
  readonly onWarning: OnWarning;
  readonly onProgress: (done: number, total: number) => void;
}

const formats: Readonly<Record<ExportFormat, FormatTraits>> = {
  peft: {
    needsAdapter: true,
    holdsModel: false,
    hasTypes: false,
    gguf: () => null,
    async write(options, { onWarning }) {
      const { model, output } = options;
      const { changed } = await exportPeft({ model, adapter: options.adapter!, output, onWarning });
      return { tensors: changed, bytes: null, tokenizer: null };
    },
  },
  merged: {
    needsAdapter: true,
    holdsModel: true,
    hasTypes: false,
    gguf: () => null,
    async write(options, hooks) {
      const { model, output, quantize } = options;
      await checkOutput(output);
      const { tensors, bytes } = await mergeIntoWeights({
        model,
        adapter: options.adapter!,
        output,
        open: (folder) => widenedWeights(folder, quantize, hooks.onWarning),
        ...hooks,
      });
      return { tensors, bytes, tokenizer: null };
    },
  },
  gguf: {
    needsAdapter: false,
    holdsModel: true,
    hasTypes: true,
    gguf: ({ type = "F16" }, file) => Promise.resolve({ file, type }),
    async write({ model, adapter, output, type, quantize }, hooks) {
      return await exportGguf({ model, adapter, output, type, quantize, ...hooks });
    },
  },
  "gguf-lora": {
    needsAdapter: true,
    holdsModel: false,
    hasTypes: false,
    async gguf({ model }, lora) {
      const folder = await mkdtemp(join(tmpdir(), "lathe-gate-"));
      const release = async (): Promise<void> => await removeFolder(folder);
      const file = join(folder, "base.gguf");
      await exportGguf({ model, output: file, type: "F16" });
      return { file, lora, type: "F16", release };
    },
    async write(options, hooks) {
      const { model, output } = options;
      const { tensors, bytes } = await exportGgufLora({ model, adapter: options.adapter!, output, ...hooks });
      return { tensors, bytes, tokenizer: null };
    },
  },
  mlx: {
    needsAdapter: true,
    holdsModel: false,
    hasTypes: false,
    gguf: () => null,
    async write(options, { onWarning }) {
      const { model, output } = options;
      const { tensors } = await exportMlx({ model, adapter: options.adapter!, output, onWarning });
      return { tensors, bytes: null, tokenizer: null };
    },
  },
  ollama: {
    needsAdapter: false,
    holdsModel: true,
    hasTypes: true,
    gguf: ({ type = "F16" }, folder) => Promise.resolve({ file: join(folder, "model.gguf"), type }),
    async write({ model, adapter, output, type, quantize }, hooks) {
      return await exportOllama({ model, adapter, output, type, quantize, ...hooks });
    },
  },
};

/** @throws RecipeError naming every field that the format does not go with */
function checkFormat(options: ExportModelOptions): FormatTraits {
  const { to, adapter, type, quantize = "none" } = options;
  if (!Object.hasOwn(formats, to)) {
    throw new RecipeError([expectation("to", phrase`one of ${exportFormats.join(", ")}`, to)]);
  }
  const traits = formats[to];
  const faults = [];
  if (traits.needsAdapter && adapter === undefined) {
    faults.push({
      field: "adapter",
      sentence: sentenceOf`${field("adapter")}: ${to} holds an adapter, and none is given`,
    });
  }
  if (type !== undefined && !traits.hasTypes) {
    faults.push({
      field: "type",
      sentence: sentenceOf`${field("type")} goes with gguf and ollama, not with ${to}`,
    });
  } else if (type !== undefined && !ggufTypes.includes(type)) {
    faults.push(expectation("type", phrase`one of ${ggufTypes.join(", ")}`, type));
  }
  if (quantize !== "none" && !traits.holdsModel) {
    const sentence = sentenceOf`${field("quantize")} goes with formats that hold the model, not with ${to}`;
    faults.push({ field: "quantize", sentence });
  }
  const isGguf = to === "gguf" || to === "gguf-lora" || to === "ollama";
  if (options.gatePrompts !== undefined && !isGguf) {
    const sentence = sentenceOf`${field("gatePrompts")} goes with GGUF, which is proven in llama.cpp, not with ${to}`;
    faults.push({ field: "gatePrompts", sentence });
  }
  if (faults.length > 0) throw new RecipeError(faults);
  return traits;
}

/**
 * Writes a model, an adapter, or both merged, in the files of another program. What is written appears whole or not at all, and
 * nothing is overwritten.
 *
 * An adapter is merged in double precision and rounded once, onto the weights that it was trained over: of a packed base, what its
 * codes stand for.
 *
 * With `gatePrompts`, GGUF is proven before it is put in its place: held-out prompts are replayed in llama.cpp and held to the model itself, and what that
 * has shown is written beside it (`.gate.json`). An artefact that differs is not kept. Beside the output lies a card (`.card.md`), which
 * says what was exported, of what, and how far it was proven.
 *
 * @throws RecipeError naming the field; ExportError when the model or adapter has no place in the format, or llama.cpp is not installed
 * @throws DriftError when the artefact answers otherwise than the model
 * @throws ModelConfigError, WeightsError, TokenizerError, AdapterFileError, FileError
 * @throws the signal's reason when it aborts; nothing is left then
 */
export async function exportModel(options: ExportModelOptions): Promise<ExportedModel> {
  const { output, to, type, quantize = "none", signal, onEvent } = options;
  signal?.throwIfAborted();
  const traits = checkFormat(options);
  await checkOutput(output);
  if (quantize !== "none") await engineOf({}, onEvent);
  const tellProgress = progressOf(onEvent, "exporting");
  const hooks: WriteHooks = {
    onWarning: warningOf(onEvent),
    onProgress(done, total) {
      signal?.throwIfAborted();
      tellProgress(done, total);
    },
  };
  const isGated = options.gatePrompts !== undefined;
  if (isGated) await checkLlamaCpp();
  const place = isGated ? `${output}.unproven` : output;
  const { tensors, bytes, tokenizer } = await traits.write({ ...options, output: place }, hooks);
  const gate = isGated ? await proven(options, traits, place, tokenizer) : null;
  const exported = {
    output,
    to,
    type: traits.hasTypes ? (type ?? "F16") : null,
    tensors,
    bytes,
    tokenizer,
    gate,
  };
  await replaceFile(`${output}.card.md`, exportCard(options, exported));
  return exported;
}

/** Replays the prompts, and puts what was written in its place or away. @throws DriftError */
async function proven(
  options: ExportModelOptions,
  traits: FormatTraits,
  place: string,
  tokenizer: TokenizerProof | null,
): Promise<GateReport> {
  const { model, adapter, quantize, output, gatePrompts, signal, onEvent } = options;
  const report = `${output}.gate.json`;
  try {
    const { file, lora, type, release } = (await traits.gguf(options, place))!;
    try {
      const outcome = await gateExport({
        model,
        adapter,
        quantize,
        prompts: gatePrompts!,
        file,
        lora,
        bounds: ggufGateBounds[type],
        tokenizer,
        report,
        signal,
        onEvent,
      });
      if (outcome.firstDifference) throw new DriftError(output, report, outcome.firstDifference);
      await checkOutput(output);
      await rename(place, output);
      return outcome;
    } finally {
      await release?.();
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

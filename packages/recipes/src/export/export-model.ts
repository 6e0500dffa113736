import { type OnWarning, phrase } from "@lathe/files";
import {
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
import { type WeightFormat, widenedWeights } from "@lathe/quant";
import { engineOf } from "../model/open-model.js";
import { expectation, field, RecipeError, sentenceOf } from "../recipe-error.js";
import { progressOf, type RecipeHooks, warningOf } from "../recipe-event.js";

/** Files of other programs that a model or an adapter is written in. */
export const exportFormats = ["peft", "merged", "gguf", "gguf-lora", "mlx", "ollama"] as const;

/** One of {@link exportFormats}. */
export type ExportFormat = (typeof exportFormats)[number];

/** What {@link exportModel} reads and writes. */
export interface ExportModelOptions extends RecipeHooks {
  /** Folder of the base model. */
  readonly model: string;
  /** Folder of the adapter; without one the model alone is exported, where the format holds models. */
  readonly adapter?: string | undefined;
  readonly to: ExportFormat;
  /** File or folder to make; must not exist. */
  readonly output: string;
  /** Type of the weights in GGUF. @defaultValue "F16" */
  readonly type?: GgufType | undefined;
  /**
   * What the base was packed in while the adapter was trained over it: it is merged onto what the packed weights stand for.
   * @defaultValue "none", onto the weights of the folder, of a packed folder what its codes stand for
   */
  readonly quantize?: WeightFormat | undefined;
}

/** What {@link exportModel} did. */
export interface ExportedModel {
  readonly output: string;
  readonly to: ExportFormat;
  /** Type of the weights, where the format has a choice. */
  readonly type: GgufType | null;
  /** Tensors written. */
  readonly tensors: number;
  /** Bytes of the weights. */
  readonly bytes: number | null;
  /** How far the other program cuts texts as the model's tokenizer does, where it does so by rules of its own. */
  readonly tokenizer: TokenizerProof | null;
}

/** What a format needs and takes. */
interface FormatTraits {
  /** Held to the options before anything is written. */
  readonly needsAdapter: boolean;
  /** Whether the base's weights are in it. */
  readonly holdsModel: boolean;
  readonly hasTypes: boolean;
  write(options: ExportModelOptions, hooks: WriteHooks): Promise<Written>;
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
    async write({ model, adapter, output, type, quantize }, hooks) {
      return await exportGguf({ model, adapter, output, type, quantize, ...hooks });
    },
  },
  "gguf-lora": {
    needsAdapter: true,
    holdsModel: false,
    hasTypes: false,
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
    async write({ model, adapter, output, type, quantize }, hooks) {
      return await exportOllama({ model, adapter, output, type, quantize, ...hooks });
    },
  },
};

/** @throws RecipeError naming every field that the format does not go with */
function checkFormat({ to, adapter, type, quantize = "none" }: ExportModelOptions): FormatTraits {
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
 * @throws RecipeError naming the field; ExportError when the model or adapter has no place in the format
 * @throws ModelConfigError, WeightsError, TokenizerError, AdapterFileError, FileError
 * @throws the signal's reason when it aborts; nothing is left then
 */
export async function exportModel(options: ExportModelOptions): Promise<ExportedModel> {
  const { output, to, type, quantize = "none", signal, onEvent } = options;
  signal?.throwIfAborted();
  const traits = checkFormat(options);
  if (quantize !== "none") await engineOf({}, onEvent);
  const tellProgress = progressOf(onEvent, "exporting");
  const written = await traits.write(options, {
    onWarning: warningOf(onEvent),
    onProgress(done, total) {
      signal?.throwIfAborted();
      tellProgress(done, total);
    },
  });
  const { tensors, bytes, tokenizer } = written;
  return { output, to, type: traits.hasTypes ? (type ?? "F16") : null, tensors, bytes, tokenizer };
}

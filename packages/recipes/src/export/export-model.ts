import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OnWarning, phrase, removeFolder, replaceFile } from "@lathe/files";
import {
  exportGguf,
  exportGgufLora,
  exportMlx,
  exportOnnx,
  exportOllama,
  exportPeft,
  exportWeb,
  checkOutput,
  type GgufType,
  ggufTypes,
  type OnnxType,
  onnxTypes,
  type TokenizerProof,
} from "@lathe/export";
import {
  type ArtefactRuntime,
  type GateBounds,
  type GateReport,
  ggufGateBounds,
  mixtureGateBounds,
  onnxGateBounds,
  openLlamaCpp,
  openTransformers,
  openTransformersJs,
} from "@lathe/export/gate";
import { readModelConfig } from "@lathe/model";
import { mergeIntoWeights } from "@lathe/peft";
import { isPackedFolder, widenedWeights } from "@lathe/quant";
import { parseBytes } from "@lathe/train";
import { DriftError } from "./drift-error.js";
import { exportCard } from "./export-card.js";
import {
  type ExportedModel,
  type ExportFormat,
  exportFormats,
  type ExportModelOptions,
} from "./export-model-options.js";
import { gateExport, type GatedModel } from "./gate-export.js";
import { narrowestFloat } from "./narrowest-float.js";
import { type ProvingProgram, provingPrograms } from "./proving-programs.js";
import { type LearntPolicy, policyFiles, policyOf, readPolicy } from "../model/learnt-policy.js";
import { engineOf } from "../model/open-model.js";
import { expectation, field, RecipeError } from "../recipe-error.js";
import { progressOf, warningOf } from "../recipe-event.js";

/** What a format needs and takes. */
interface FormatTraits {
  /** Held to the options before anything is written. */
  readonly needsAdapter: boolean;
  /** Whether the base's weights are in it. */
  readonly holdsModel: boolean;
  /** Types of the weights, the usual one first; none where there is no choice. */
  readonly types: readonly string[];
  /** The program that proves it; null where there is none. */
  readonly program: ProvingProgram | null;
  /** Whether the artefact has the model's own tokenizer, which that program is to follow. */
  readonly keepsTokenizer?: boolean;
  /** Bounds of the proof of what was written of a model at a place. */
  bounds(type: string | null, model: string, place: string): GateBounds | Promise<GateBounds>;
  /** Opens what was written at a place in the program. */
  open(options: ExportModelOptions, place: string, model: GatedModel): Promise<ArtefactRuntime>;
  write(options: ExportModelOptions, hooks: WriteHooks): Promise<Written>;
}

interface Written extends Pick<ExportedModel, "tensors" | "bytes" | "tokenizer"> {
  /** Type of the weights, where writing has chosen it. */
  readonly type?: GgufType | OnnxType;
}

interface WriteHooks {
  /** What prompts are to end as. */
  readonly reasoning: string | undefined;
  /** What lies beside the weights and goes with them. */
  readonly files: ReadonlyMap<string, string>;
  readonly onWarning: OnWarning;
  readonly onProgress: (done: number, total: number) => void;
}

const usualGguf: GgufType = "F16";
const ggufChoice = [usualGguf, ...ggufTypes.filter((type) => type !== usualGguf)];

/** Of formats that no program proves. */
const unproven = {
  program: null,
  bounds(): never {
    throw new RangeError("exportModel: a format without a proof has no bounds");
  },
  open(): never {
    throw new RangeError("exportModel: a format without a proof is not opened");
  },
};

/** Bounds by the type of the weights, of a mixture of experts its own. */
async function boundsOf(type: GgufType, model: string): Promise<GateBounds> {
  return "mixture" in (await readModelConfig(model)) ? mixtureGateBounds(type) : ggufGateBounds[type];
}

const inLlamaCpp = {
  program: provingPrograms["llama.cpp"],
  bounds: (type: string | null, model: string) => boundsOf((type ?? usualGguf) as GgufType, model),
} as const;

const inTransformersJs = {
  needsAdapter: false,
  holdsModel: true,
  types: onnxTypes,
  program: provingPrograms["transformers.js"],
  keepsTokenizer: true,
  bounds: (type: string | null) => onnxGateBounds[type as OnnxType],
} as const;

const formats: Readonly<Record<ExportFormat, FormatTraits>> = {
  peft: {
    needsAdapter: true,
    holdsModel: false,
    types: [],
    program: provingPrograms.peft,
    bounds: () => ggufGateBounds.F32,
    open: ({ model }, folder, { hasTokenizer }) => openTransformers(model, { adapter: folder, hasTokenizer }),
    async write(options, { files, onWarning }) {
      const { model, output } = options;
      const { changed } = await exportPeft({ model, adapter: options.adapter!, output, files, onWarning });
      return { tensors: changed, bytes: null, tokenizer: null };
    },
  },
  merged: {
    needsAdapter: true,
    holdsModel: true,
    types: [],
    program: provingPrograms.transformers,
    keepsTokenizer: true,
    bounds: async (_type, model, folder) => await boundsOf(await narrowestFloat(folder), model),
    open: (_options, folder, { hasTokenizer }) => openTransformers(folder, { hasTokenizer }),
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
    types: ggufChoice,
    ...inLlamaCpp,
    open: (_options, file, model) => openLlamaCpp(file, model),
    async write({ model, adapter, output, type, quantize }, hooks) {
      return await exportGguf({ model, adapter, output, type: type as GgufType, quantize, ...hooks });
    },
  },
  "gguf-lora": {
    needsAdapter: true,
    holdsModel: false,
    types: [],
    ...inLlamaCpp,
    async open({ model }, lora, facts) {
      const folder = await mkdtemp(join(tmpdir(), "lathe-gate-"));
      try {
        const file = join(folder, "base.gguf");
        await exportGguf({ model, output: file, type: usualGguf });
        const runtime = await openLlamaCpp(file, { ...facts, lora });
        const close = async (): Promise<void> => {
          await runtime.close();
          await removeFolder(folder);
        };
        return { ...runtime, close };
      } catch (error) {
        await removeFolder(folder);
        throw error;
      }
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
    types: [],
    ...unproven,
    async write(options, { onWarning }) {
      const { model, output } = options;
      const { tensors } = await exportMlx({ model, adapter: options.adapter!, output, onWarning });
      return { tensors, bytes: null, tokenizer: null };
    },
  },
  ollama: {
    needsAdapter: false,
    holdsModel: true,
    types: ggufChoice,
    ...inLlamaCpp,
    open: (_options, folder, model) => openLlamaCpp(join(folder, "model.gguf"), model),
    async write({ model, adapter, output, type, quantize }, hooks) {
      return await exportOllama({ model, adapter, output, type: type as GgufType, quantize, ...hooks });
    },
  },
  onnx: {
    ...inTransformersJs,
    open: ({ type = "fp32" }, folder, { hasTokenizer }) =>
      openTransformersJs(folder, { type: type as OnnxType, hasTokenizer }),
    async write({ model, adapter, output, type, quantize }, hooks) {
      const { tensors, bytes } = await exportOnnx({
        model,
        adapter,
        output,
        type: type as OnnxType,
        quantize,
        ...hooks,
      });
      return { tensors, bytes, tokenizer: null };
    },
  },
  web: {
    ...inTransformersJs,
    open: ({ type }, folder, { hasTokenizer }) =>
      openTransformersJs(join(folder, "model"), { type: type as OnnxType, hasTokenizer }),
    async write({ model, adapter, output, type, quantize, maxSize }, hooks) {
      const maxBytes = maxSize === undefined ? undefined : parseBytes(maxSize)!;
      const merged = { model, adapter, output, type: type as OnnxType | undefined, quantize };
      const { tensors, bytes, type: chosen } = await exportWeb({ ...merged, maxBytes, ...hooks });
      return { tensors, bytes, tokenizer: null, type: chosen };
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
      sentence: phrase`${field("adapter")}: ${to} holds an adapter, and none is given`,
    });
  }
  if (type !== undefined && traits.types.length === 0) {
    faults.push({
      field: "type",
      sentence: phrase`${field("type")} goes with gguf, ollama, onnx and web, not with ${to}`,
    });
  } else if (type !== undefined && !traits.types.includes(type)) {
    faults.push(expectation("type", phrase`one of ${traits.types.join(", ")} for ${to}`, type));
  }
  if (quantize !== "none" && !traits.holdsModel) {
    const sentence = phrase`${field("quantize")} goes with formats that hold the model, not with ${to}`;
    faults.push({ field: "quantize", sentence });
  }
  if (options.maxSize !== undefined && to !== "web") {
    const sentence = phrase`${field("maxSize")} goes with web, not with ${to}`;
    faults.push({ field: "maxSize", sentence });
  } else if (options.maxSize !== undefined && parseBytes(options.maxSize) === null) {
    faults.push(expectation("maxSize", "a size such as 300MB", options.maxSize));
  }
  if (options.gatePrompts !== undefined && traits.program === null) {
    const sentence = phrase`${field("gatePrompts")} goes with formats that a program proves, not with ${to}`;
    faults.push({ field: "gatePrompts", sentence });
  } else if (options.gatePrompts !== undefined && options.gate === false) {
    const sentence = phrase`${field("gatePrompts")} goes with a proof, which ${field("gate")} rules out`;
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
 * What llama.cpp, transformers.js, PEFT or Transformers reads is proven in that program before it is put in its place: prompts are replayed there and held
 * to the model itself, and what that has shown is written beside it (`.gate.json`). An artefact that differs is not kept. Without
 * `gatePrompts` a few prompts of Lathe's serve, and a program that is not installed leaves the export unproven, with a warning. Beside
 * the output lies a card (`.card.md`), which says what was exported, of what, and how far it was proven.
 *
 * @throws RecipeError naming the field; ExportError when the model or adapter has no place in the format, or the program for `gatePrompts` is not installed
 * @throws DriftError when the artefact answers otherwise than the model
 * @throws ModelConfigError, WeightsError, TokenizerError, AdapterFileError, FileError
 * @throws the signal's reason when it aborts; nothing is left then
 */
export async function exportModel(options: ExportModelOptions): Promise<ExportedModel> {
  const { output, to, type, quantize = "none", signal, onEvent } = options;
  signal?.throwIfAborted();
  const traits = checkFormat(options);
  await checkOutput(output);
  // What codes stand for is computed.
  if (quantize !== "none" || (await isPackedFolder(options.model))) await engineOf({}, onEvent);
  const tellProgress = progressOf(onEvent, "exporting");
  const policy = await exportedPolicy(options);
  const hooks: WriteHooks = {
    files: policyFiles(policy),
    reasoning: policy?.reasoning,
    onWarning: warningOf(onEvent),
    onProgress(done, total) {
      signal?.throwIfAborted();
      tellProgress(done, total);
    },
  };
  const isGated = await willProve(options, traits, hooks.onWarning);
  const place = isGated ? `${output}.unproven` : output;
  const written = await traits.write({ ...options, output: place }, hooks);
  const { tensors, bytes, tokenizer } = written;
  const chosen = written.type ?? type;
  const gate = isGated ? await proven({ ...options, type: chosen }, traits, place, tokenizer) : null;
  const exported = {
    output,
    to,
    type: traits.types.length > 0 ? (chosen ?? (traits.types[0] as GgufType | OnnxType)) : null,
    tensors,
    bytes,
    tokenizer,
    gate,
  };
  try {
    await replaceFile(`${output}.card.md`, exportCard(options, exported, policy));
  } catch (error) {
    // Both or neither: whoever asks again finds a free place.
    for (const made of [output, reportOf(output)]) await rm(made, { recursive: true, force: true });
    throw error;
  }
  return exported;
}

/** Where it lies how an export was proven. */
const reportOf = (output: string): string => `${output}.gate.json`;

/** The policy that what is exported was trained under. */
async function exportedPolicy({ model, adapter }: ExportModelOptions): Promise<LearntPolicy | null> {
  return await policyOf({ policy: await readPolicy(model) }, adapter);
}

/** Whether the export is to be proven. @throws ExportError when prompts are given and the program is not installed */
async function willProve(
  { model, gate = true, gatePrompts }: ExportModelOptions,
  { program }: FormatTraits,
  onWarning: OnWarning,
): Promise<boolean> {
  if (!gate || program === null) return false;
  if (gatePrompts !== undefined) {
    await program.check(model);
    return true;
  }
  const lack = await program.lack(model);
  if (lack !== null) onWarning(lack);
  return lack === null;
}

/** Replays the prompts, and puts what was written in its place or away. @throws DriftError */
async function proven(
  options: ExportModelOptions,
  traits: FormatTraits,
  place: string,
  tokenizer: TokenizerProof | null,
): Promise<GateReport> {
  const { model, adapter, quantize, output, type = traits.types[0] ?? null, signal, onEvent } = options;
  const report = reportOf(output);
  try {
    const outcome = await gateExport({
      model,
      adapter,
      quantize,
      prompts: options.gatePrompts,
      bounds: await traits.bounds(type, model, place),
      // A folder with the model's own tokenizer cuts texts as it does; a rule of llama.cpp's has to be proven first.
      asksIds:
        tokenizer === null
          ? traits.keepsTokenizer === true
          : tokenizer.differing === 0 && tokenizer.compared > 0,
      report,
      signal,
      onEvent,
      open: (facts) => traits.open(options, place, facts),
    });
    if (outcome.firstDifference) {
      throw new DriftError({ output, report, runtime: outcome.runtime, difference: outcome.firstDifference });
    }
    await checkOutput(output);
    await rename(place, output);
    return outcome;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

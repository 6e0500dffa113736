import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { phrase, readSmallFile, removeJsonKey, replaceFile, replaceFolder, setJsonKey } from "@lathe/files";
import {
  companionFiles,
  configsWithEndTokens,
  type DecoderConfig,
  type ModelConfig,
  readGenerationDefaults,
} from "@lathe/model";
import { ExportError } from "../errors.js";
import { checkOutput, type ExportSource, type OpenedSource, openSource } from "../source/open-source.js";
import { decoderGraph } from "./decoder-graph.js";
import { genaiConfig } from "./genai-config.js";
import { type OnnxType, onnxTypes, onnxTypeTraits } from "./onnx-type.js";
import { tensorLength, writeOnnx, type WrittenOnnx } from "./write-onnx.js";

/** What {@link exportOnnx} reads and writes. */
export interface ExportOnnxOptions extends ExportSource {
  /** Folder to make; must not exist. */
  readonly output: string;
  /** What weights are stored in. @defaultValue "fp32" */
  readonly type?: OnnxType | undefined;
  /** Texts of further files of the folder by name, in place of the model's own. @defaultValue none */
  readonly files?: ReadonlyMap<string, string> | undefined;
  /** Bytes of weights in one file at most; see `writeOnnx`. @defaultValue just below 2 GiB */
  readonly largestFile?: number | undefined;
}

/** What {@link exportOnnx} did. */
export interface ExportedOnnx {
  readonly output: string;
  readonly type: OnnxType;
  /** Tensors written. */
  readonly tensors: number;
  /** Bytes of the graph and its weights. */
  readonly bytes: number;
}

/** Folder of the graphs, where transformers.js looks. */
const GRAPHS = "onnx";

const TOKENIZER_CONFIG = "tokenizer_config.json";
const TOKENIZER_CONFIG_LIMIT = 20_000_000;

const architectures = ["llama", "qwen2", "qwen3"];

/**
 * Writes a model, with an adapter merged into it where one is named, as a folder that transformers.js and onnxruntime-genai open: a
 * decoder with a cache in `onnx/`, configs and tokenizer files, and a `genai_config.json`. Rows are read, merged and written a few at a
 * time; weights of 2 GiB and more lie in files beside the graph.
 *
 * @throws ExportError when the architecture or the size of its heads has no graph here, a number no place in float16, or something is at the output;
 * WeightsError, ModelConfigError, TokenizerError, AdapterFileError, FileError. No folder is left then
 */
export async function exportOnnx(options: ExportOnnxOptions): Promise<ExportedOnnx> {
  const { model, output, type = "fp32", files = new Map(), onProgress, largestFile } = options;
  await checkOutput(output);
  const source = await openSource(options);
  try {
    const config = decoderOf(source.config, model);
    const traits = onnxTypeTraits[type];
    const graph = decoderGraph(config, traits, source);
    const file = `${GRAPHS}/${traits.file}`;
    const { sampling } = await readGenerationDefaults(model);
    const written = await replaceFolder(
      output,
      async (folder) => {
        const outcome = await writeOnnx(join(folder, GRAPHS, traits.file), graph, {
          largestFile,
          onProgress,
        });
        await writeCompanions(model, folder, source, { [traits.file]: outcome }, files);
        const genai = genaiConfig(config, { file, sampling });
        await replaceFile(join(folder, "genai_config.json"), `${JSON.stringify(genai, null, 2)}\n`);
        return outcome;
      },
      { check: () => checkOutput(output) },
    );
    return { output, type, tensors: graph.tensors.length, bytes: written.bytes };
  } finally {
    await source.close();
  }
}

/**
 * Bytes that the weights of a model take as ONNX in each type, which is what its files take but for a few kilobytes.
 * @throws what {@link exportOnnx} throws of the model and the adapter
 */
export async function onnxWeightBytes(source: ExportSource): Promise<Readonly<Record<OnnxType, number>>> {
  const opened = await openSource(source);
  try {
    const config = decoderOf(opened.config, source.model);
    const bytes = onnxTypes.map((type) => {
      const { tensors } = decoderGraph(config, onnxTypeTraits[type], opened);
      return [type, tensors.reduce((sum, tensor) => sum + tensorLength(tensor), 0)] as const;
    });
    return Object.fromEntries(bytes) as Record<OnnxType, number>;
  } finally {
    await opened.close();
  }
}

/** What `GroupQueryAttention` wants the size of a head to be a multiple of. */
const HEAD_STEP = 16;

/** @throws ExportError for a model that no graph is made of */
function decoderOf(config: ModelConfig, path: string): DecoderConfig {
  const remedy = "export it as merged safetensors";
  if (!architectures.includes(config.architecture)) {
    const expected = phrase`one of ${architectures.join(", ")} for ONNX`;
    throw new ExportError({ path, part: "model_type", expected, actual: config.architecture, remedy });
  }
  const decoder = config as DecoderConfig;
  if (decoder.headSize % HEAD_STEP !== 0) {
    const expected = phrase`heads of a multiple of ${HEAD_STEP} numbers, as ONNX Runtime's attention takes them`;
    throw new ExportError({ path, part: "head_dim", expected, actual: String(decoder.headSize), remedy });
  }
  return decoder;
}

/** Configs and files of the tokenizer, changed where readers would not find what they look for. */
async function writeCompanions(
  model: string,
  folder: string,
  source: OpenedSource,
  written: Readonly<Record<string, WrittenOnnx>>,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const texts = new Map([...(await configsWithEndTokens(model)), ...files]);
  texts.set("config.json", changedConfig(texts.get("config.json")!, source, written));
  if (!texts.has("generation_config.json"))
    texts.set("generation_config.json", generationConfig(source.config));
  const withTemplate = await tokenizerConfig(model, source.tokenizer?.chatTemplate ?? null);
  if (withTemplate !== null) texts.set(TOKENIZER_CONFIG, withTemplate);
  for (const [name, text] of texts) await replaceFile(join(folder, name), text);
  for (const name of await companionFiles(model)) {
    if (!texts.has(name)) await copyFile(join(model, name), join(folder, name));
  }
}

/** @param text a JSON object: the model's config has been read */
function changedConfig(
  text: string,
  { isTied, config }: OpenedSource,
  written: Readonly<Record<string, WrittenOnnx>>,
): string {
  // The weights in the graph are no longer packed as the folder's are.
  let changed = removeJsonKey(text, "quantization_config");
  if (config.tieWordEmbeddings && !isTied) changed = setJsonKey(changed, "tie_word_embeddings", false);
  const split = Object.entries(written).filter(([, { dataFiles }]) => dataFiles.length > 0);
  if (split.length === 0) return changed;
  const counts = Object.fromEntries(split.map(([name, { dataFiles }]) => [name, dataFiles.length]));
  return setJsonKey(changed, "transformers.js_config", { use_external_data_format: counts });
}

function generationConfig({ beginOfSequenceIds, endOfSequenceIds, padId }: ModelConfig): string {
  const one = (ids: readonly number[]): number | readonly number[] => (ids.length === 1 ? ids[0] : ids);
  const keys = {
    ...(beginOfSequenceIds.length > 0 ? { bos_token_id: one(beginOfSequenceIds) } : {}),
    ...(endOfSequenceIds.length > 0 ? { eos_token_id: one(endOfSequenceIds) } : {}),
    ...(padId === null ? {} : { pad_token_id: padId }),
  };
  return `${JSON.stringify(keys, null, 2)}\n`;
}

/** transformers.js finds the chat template in the config of the tokenizer alone. @returns null where that stays as it is */
async function tokenizerConfig(model: string, template: string | null): Promise<string | null> {
  if (template === null) return null;
  const bytes = await readSmallFile(join(model, TOKENIZER_CONFIG), TOKENIZER_CONFIG_LIMIT);
  return setJsonKey(bytes?.toString("utf8") ?? "{}", "chat_template", template);
}

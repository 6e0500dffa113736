import { basename, resolve } from "node:path";
import { asPhrase, type OnWarning, phrase } from "@lathe/files";
import { type RowRange, readModelConfig } from "@lathe/model";
import { readAdapter, type StoredAdapter } from "@lathe/peft";
import { ExportError } from "../errors.js";
import { checkOutput } from "../source/open-source.js";
import { ggufArchitecture } from "./gguf-architecture.js";
import { ggufNames } from "./gguf-names.js";
import type { GgufValue } from "./gguf-value.js";
import { halvesToPairs } from "./turn-pairs.js";
import { type GgufTensorToWrite, writeGguf } from "./write-gguf.js";

/** What {@link exportGgufLora} reads and writes. */
export interface ExportGgufLoraOptions {
  /** Folder of the base model; its config says what the adapter is for. */
  readonly model: string;
  /** Folder of the adapter, as PEFT writes it. */
  readonly adapter: string;
  /** File to write; must not exist. */
  readonly output: string;
  readonly onWarning?: OnWarning | undefined;
  /** Matrices written so far, of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What {@link exportGgufLora} did. */
export interface ExportedGgufLora {
  readonly output: string;
  /** Tensors written, two a linear. */
  readonly tensors: number;
  /** Bytes of the file. */
  readonly bytes: number;
}

/**
 * Refuses an adapter that does more than add a product of two matrices: other programs would pass it over and answer differently.
 * @param place of the format, for messages, e.g. "a GGUF adapter"
 * @throws ExportError
 */
export function checkPlainLora(
  { config, whole }: StoredAdapter,
  path: string,
  place: string,
  takesDora: boolean,
): void {
  const refuse = (part: string, actual: string): ExportError =>
    new ExportError({
      path,
      part,
      expected: phrase`only what ${asPhrase(place)} can hold`,
      actual,
      remedy: "export the merged model, which holds everything",
    });
  if (config.useDora && !takesDora) throw refuse("use_dora", "DoRA");
  if (config.keepSparsity) throw refuse("keep_sparsity", "an update that leaves zeros alone");
  if (whole.size > 0) throw refuse("modules_to_save", "tensors that are trained as a whole");
}

/**
 * Writes an adapter as a GGUF LoRA, to be put on the base's GGUF. There the scale is alpha over each matrix's own rank: what rsLoRA,
 * or an alpha of its own, makes of it is folded into B.
 *
 * @throws ExportError when the adapter does more than that, or something is at the output; AdapterFileError, ModelConfigError
 */
export async function exportGgufLora(options: ExportGgufLoraOptions): Promise<ExportedGgufLora> {
  const { model, adapter, output, onWarning, onProgress } = options;
  await checkOutput(output);
  const config = await readModelConfig(model);
  const { traits, decoder } = ggufArchitecture(config, model);
  const stored = await readAdapter(adapter, config, onWarning);
  checkPlainLora(stored, adapter, "a GGUF adapter", false);
  const names = ggufNames(config);
  const { alpha } = stored.config;
  const tensors = stored.targets.flatMap((target): GgufTensorToWrite[] => {
    const { path, rank, scale, shape, block } = target;
    if (block === "head" && config.tieWordEmbeddings) {
      throw new ExportError({
        path: adapter,
        part: path,
        expected: "no adapter on a head that is the embedding, which llama.cpp would change with it",
        actual: "one",
        remedy: "export the merged model",
      });
    }
    const { name, word } = names.get(`${path}.weight`)!;
    const { a, b } = stored.matrices.get(path)!;
    const folded = b.map((value) => value * ((scale * rank) / alpha));
    const turns = traits.turnsPairs && (word === "attn_q" || word === "attn_k");
    const outputs = turns ? halvesToPairs(folded, decoder.headSize, rank) : folded;
    const rows = (values: Float32Array, columns: number) => {
      return ({ start, end }: RowRange): Promise<Float32Array> =>
        Promise.resolve(values.subarray(start * columns, end * columns));
    };
    return [
      { name: `${name}.lora_a`, shape: [rank, shape[1]], format: "F32", read: rows(a, shape[1]) },
      { name: `${name}.lora_b`, shape: [shape[0], rank], format: "F32", read: rows(outputs, rank) },
    ];
  });
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: config.architecture }],
    ["general.type", { type: "string", value: "adapter" }],
    ["general.name", { type: "string", value: basename(resolve(adapter)) }],
    ["adapter.type", { type: "string", value: "lora" }],
    ["adapter.lora.alpha", { type: "f32", value: alpha }],
  ]);
  const bytes = await writeGguf(output, metadata, tensors, onProgress);
  return { output, tensors: tensors.length, bytes };
}

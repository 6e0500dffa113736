import { join } from "node:path";
import { type OnWarning, phrase, replaceFile, replaceFolder } from "@lathe/files";
import {
  type DecoderConfig,
  elementCount,
  expectedTensors,
  float32ToBfloat16,
  float32ToFloat16,
  parseModelConfig,
  type RewrittenDtype,
  type TensorToWrite,
  writeSafetensors,
} from "@lathe/model";
import { ExportError } from "../errors.js";
import { checkOutput } from "../source/open-source.js";
import { ggufArchitecture } from "./gguf-architecture.js";
import { ggufNames } from "./gguf-names.js";
import { importedConfig } from "./import-config.js";
import { importedTokenizer } from "./import-tokenizer.js";
import { type GgufFile, openGguf } from "./open-gguf.js";
import { pairsToHalves } from "./turn-pairs.js";

/** Bytes of a shard of the new folder, near which it ends. */
const SHARD_BYTES = 4_000_000_000;

/** What {@link importGguf} reads and writes. */
export interface ImportGgufOptions {
  /** The GGUF file. */
  readonly file: string;
  /** Model folder to make. */
  readonly output: string;
  /** Type of all weights. @defaultValue that of float tensors in the file, F16 for quantised ones */
  readonly dtype?: RewrittenDtype | undefined;
  /** Tensors written so far, of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly onWarning?: OnWarning | undefined;
}

/** What {@link importGguf} did. */
export interface ImportedGguf {
  readonly output: string;
  readonly architecture: string;
  readonly tensors: number;
  /** Bytes of their data. */
  readonly bytes: number;
  /** Whether the folder has a tokenizer. */
  readonly hasTokenizer: boolean;
}

/**
 * Reads a GGUF file as a model folder, such as a base for training: config.json, tokenizer and template, and weights as safetensors.
 * Quantised weights become the numbers that they stand for. The folder appears whole or not at all.
 *
 * @throws ExportError when the file is malformed or of a kind that is not read, or something is at the output
 */
export async function importGguf(options: ImportGgufOptions): Promise<ImportedGguf> {
  const { output, onWarning } = options;
  await checkOutput(output);
  const file = await openGguf(options.file);
  try {
    const json = await importedConfig(file);
    const config = parseModelConfig(json, options.file);
    const { traits, decoder } = ggufArchitecture(config, options.file);
    const tokenizer = importedTokenizer(file);
    if (tokenizer.size === 0)
      onWarning?.(phrase`${options.file}: the file has no tokenizer; the model works on token ids`);
    const tensors = plannedTensors(file, decoder, traits.turnsPairs, options.dtype);
    const shards = intoShards(tensors);
    let [done, bytes] = [0, 0];
    const counted = (tensor: PlannedTensor): TensorToWrite => ({
      ...tensor,
      data: async () => {
        const data = await tensor.data();
        bytes += data.byteLength;
        options.onProgress?.(++done, tensors.length);
        return data;
      },
    });
    await replaceFolder(
      output,
      async (folder) => {
        await replaceFile(join(folder, "config.json"), `${JSON.stringify(json, null, 2)}\n`);
        for (const [name, text] of tokenizer) await replaceFile(join(folder, name), text);
        for (const { name, tensors: ofShard } of shards) {
          await writeSafetensors(join(folder, name), ofShard.map(counted), { format: "pt" });
        }
        if (shards.length > 1) {
          const map = shards.flatMap((shard) =>
            shard.tensors.map((tensor) => [tensor.name, shard.name] as const),
          );
          const index = { metadata: { total_size: bytes }, weight_map: Object.fromEntries(map) };
          await replaceFile(
            join(folder, "model.safetensors.index.json"),
            `${JSON.stringify(index, null, 2)}\n`,
          );
        }
      },
      { check: () => checkOutput(output) },
    );
    const hasTokenizer = tokenizer.size > 0;
    return { output, architecture: config.architecture, tensors: tensors.length, bytes, hasTokenizer };
  } finally {
    await file.close();
  }
}

interface PlannedTensor extends TensorToWrite {
  readonly data: () => Promise<ArrayBufferView>;
  readonly bytes: number;
}

/** The tensors of the model, each held to the config. @throws ExportError when one is missing or of another shape */
function plannedTensors(
  file: GgufFile,
  config: DecoderConfig,
  turnsPairs: boolean,
  dtype: RewrittenDtype | undefined,
): PlannedTensor[] {
  const names = ggufNames(config);
  return [...expectedTensors(config)].map(([name, shape]): PlannedTensor => {
    const { name: stored, word } = names.get(name)!;
    const found = file.tensors.get(stored);
    const wanted = `[${shape.join(", ")}]`;
    if (!found || found.shape.join() !== shape.join()) {
      throw new ExportError({
        path: file.path,
        part: stored,
        expected: phrase`a tensor of shape ${wanted}, as the metadata imply`,
        actual: found ? `[${found.shape.join(", ")}]` : "no such tensor",
        remedy: "the file is incomplete, or of a variant that is not read",
      });
    }
    const isFloat = found.format === "F32" || found.format === "F16" || found.format === "BF16";
    const written = dtype ?? (isFloat ? found.format : "F16");
    const turns = turnsPairs && (word === "attn_q" || word === "attn_k");
    const columns = elementCount(shape.slice(1));
    return {
      name,
      dtype: written,
      shape,
      bytes: (written === "F32" ? 4 : 2) * elementCount(shape),
      async data() {
        const read = await file.readFloat32(stored);
        const values = turns ? pairsToHalves(read, config.headSize, columns) : read;
        return narrowed(values, written, file.path, stored);
      },
    };
  });
}

function narrowed(values: Float32Array, dtype: RewrittenDtype, path: string, part: string): ArrayBufferView {
  const narrow = {
    F32: () => values,
    F16: () => float32ToFloat16(values),
    BF16: () => float32ToBfloat16(values),
  };
  const result = narrow[dtype]();
  const tooLarge = values.findIndex(
    (value, i) =>
      !Number.isFinite(value) ||
      (dtype === "F16" && ((result as Uint16Array)[i] & 0x7fff) === 0x7c00) ||
      (dtype === "BF16" && ((result as Uint16Array)[i] & 0x7fff) === 0x7f80),
  );
  if (tooLarge < 0) return result;
  throw new ExportError({
    path,
    part,
    expected: phrase`weights within the range of ${dtype}`,
    actual: phrase`${values[tooLarge]} as element ${tooLarge}`,
    remedy: "the file is damaged, or write another dtype",
  });
}

function intoShards(
  tensors: readonly PlannedTensor[],
): { readonly name: string; readonly tensors: readonly PlannedTensor[] }[] {
  const groups: PlannedTensor[][] = [[]];
  let size = 0;
  for (const tensor of tensors) {
    if (size > 0 && size + tensor.bytes > SHARD_BYTES) {
      groups.push([]);
      size = 0;
    }
    groups[groups.length - 1].push(tensor);
    size += tensor.bytes;
  }
  if (groups.length === 1) return [{ name: "model.safetensors", tensors }];
  const digits = (value: number): string => String(value).padStart(5, "0");
  return groups.map((group, i) => ({
    name: `model-${digits(i + 1)}-of-${digits(groups.length)}.safetensors`,
    tensors: group,
  }));
}

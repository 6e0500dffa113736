import { basename, resolve } from "node:path";
import { type OnWarning, phrase } from "@lathe/files";
import { checkOutput, type ExportSource, openSource } from "../source/open-source.js";
import { fileTypes, formatOf, type GgufType } from "./gguf-type.js";
import type { GgufValue } from "./gguf-value.js";
import { layOutModel } from "./lay-out-model.js";
import { ggufTokenizer, type TokenizerProof } from "./tokenizer/gguf-tokenizer.js";
import { type GgufTensorToWrite, writeGguf } from "./write-gguf.js";

/** What {@link exportGguf} reads and writes. */
export interface ExportGgufOptions extends ExportSource {
  /** File to write; must not exist. */
  readonly output: string;
  /** What weights are stored in; vectors stay float32. @defaultValue "F16" */
  readonly type?: GgufType | undefined;
}

/** What {@link exportGguf} did. */
export interface ExportedGguf {
  readonly output: string;
  readonly type: GgufType;
  /** Tensors written. */
  readonly tensors: number;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly tokenizer: TokenizerProof;
}

/**
 * Writes a model, with an adapter merged into it where one is named, as one GGUF file with its tokenizer, special tokens and chat
 * template. Rows are read, merged, packed and written a few at a time.
 *
 * @throws ExportError when the model has no place in GGUF, or something is at the output; WeightsError, ModelConfigError,
 * TokenizerError, AdapterFileError, FileError. No file is left then
 */
export async function exportGguf(options: ExportGgufOptions): Promise<ExportedGguf> {
  const { model, output, type = "F16", onProgress, onWarning } = options;
  await checkOutput(output);
  const source = await openSource(options);
  try {
    const layout = layOutModel(source, model, onWarning);
    const { metadata: ofTokenizer, proof } = await ggufTokenizer(model, source.tokenizer, source.config);
    warnOf(proof, onWarning);
    const metadata = new Map<string, GgufValue>([
      ["general.architecture", { type: "string", value: layout.architecture }],
      ["general.type", { type: "string", value: "model" }],
      ["general.name", { type: "string", value: basename(resolve(model)) }],
      ...layout.shape,
      ["general.file_type", { type: "u32", value: fileTypes[type] }],
      ["general.quantization_version", { type: "u32", value: 2 }],
      ...ofTokenizer,
    ]);
    const choice = { isTied: source.isTied, layers: source.config.layerCount };
    const written = layout.tensors.map((tensor): GgufTensorToWrite => ({
      ...tensor,
      format: formatOf(type, tensor, tensor.shape, choice),
    }));
    const bytes = await writeGguf(output, metadata, written, onProgress);
    return { output, type, tensors: written.length, bytes, tokenizer: proof };
  } finally {
    await source.close();
  }
}

function warnOf(proof: TokenizerProof, onWarning: OnWarning | undefined): void {
  if (proof.name === "none") {
    onWarning?.("the model has no tokenizer: the file takes and gives token ids; its texts mean nothing");
  }
  if (proof.differing === 0) return;
  const sentence = phrase`no name of llama.cpp cuts texts as this tokenizer does: under ${proof.name}, the closest, ${proof.differing} of ${proof.compared} texts become other ids, such as ${JSON.stringify(proof.example)}; give the file token ids, or export ONNX, which keeps the tokenizer`;
  onWarning?.(sentence);
}

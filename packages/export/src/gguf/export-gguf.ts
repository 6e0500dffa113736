import { basename, resolve } from "node:path";
import { type OnWarning, phrase } from "@lathe/files";
import type { DecoderConfig } from "@lathe/model";
import type { MergedTensor } from "@lathe/peft";
import { checkOutput, type ExportSource, openSource } from "../source/open-source.js";
import { ggufArchitecture, ROPE_FACTORS, ropeFactors, shapeMetadata } from "./gguf-architecture.js";
import { ggufNames, type NamedPlace } from "./gguf-names.js";
import { fileTypes, formatOf, type GgufType } from "./gguf-type.js";
import type { GgufValue } from "./gguf-value.js";
import { ggufTokenizer, type TokenizerProof } from "./tokenizer/gguf-tokenizer.js";
import { halvesToPairs } from "./turn-pairs.js";
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
    const { traits, decoder } = ggufArchitecture(source.config, model);
    const { metadata: ofTokenizer, proof } = await ggufTokenizer(model, source.tokenizer, source.config);
    warnOf(proof, onWarning);
    const metadata = new Map<string, GgufValue>([
      ["general.architecture", { type: "string", value: source.config.architecture }],
      ["general.type", { type: "string", value: "model" }],
      ["general.name", { type: "string", value: basename(resolve(model)) }],
      ...shapeMetadata(decoder, traits),
      ["general.file_type", { type: "u32", value: fileTypes[type] }],
      ["general.quantization_version", { type: "u32", value: 2 }],
      ...ofTokenizer,
    ]);
    const names = ggufNames(source.config);
    const headSize = traits.turnsPairs ? decoder.headSize : null;
    const tensors = [...names]
      .filter(([, { word }]) => word !== "output" || !source.isTied)
      .map(([name, place]): GgufTensorToWrite => {
        const tensor = source.tensors.get(name)!;
        const choice = { isTied: source.isTied, layers: decoder.layerCount };
        const format = formatOf(type, place, tensor.shape, choice);
        return { name: place.name, shape: tensor.shape, format, ...reading(tensor, place, headSize) };
      });
    const written = [...tensors, ...rotaryFactors(decoder)];
    const bytes = await writeGguf(output, metadata, written, onProgress);
    return { output, type, tensors: written.length, bytes, tokenizer: proof };
  } finally {
    await source.close();
  }
}

/** How a tensor's rows are read. @param headSize rows of a head that are turned; null where none are */
function reading(
  tensor: MergedTensor,
  { word }: NamedPlace,
  headSize: number | null,
): Pick<GgufTensorToWrite, "read" | "rowsTogether"> {
  if (headSize === null || (word !== "attn_q" && word !== "attn_k")) {
    return { read: (rows) => tensor.read(rows) };
  }
  const columns = tensor.shape.slice(1).reduce((product, size) => product * size, 1);
  return {
    rowsTogether: headSize,
    read: async (rows) => halvesToPairs(await tensor.read(rows), headSize, columns),
  };
}

function rotaryFactors(decoder: DecoderConfig): GgufTensorToWrite[] {
  const factors = ropeFactors(decoder);
  if (factors === null) return [];
  const read = ({ start, end }: { readonly start: number; readonly end: number }): Promise<Float32Array> =>
    Promise.resolve(factors.slice(start, end));
  return [{ name: ROPE_FACTORS, shape: [factors.length], format: "F32", read }];
}

function warnOf(proof: TokenizerProof, onWarning: OnWarning | undefined): void {
  if (proof.name === "none") {
    onWarning?.("the model has no tokenizer: the file takes and gives token ids; its texts mean nothing");
  }
  if (proof.differing === 0) return;
  const sentence = phrase`no name of llama.cpp cuts texts as this tokenizer does: under ${proof.name}, the closest, ${proof.differing} of ${proof.compared} texts become other ids, such as ${JSON.stringify(proof.example)}; give the file token ids, or export ONNX, which keeps the tokenizer`;
  onWarning?.(sentence);
}

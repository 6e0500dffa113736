import { phrase, type Phrase } from "@lathe/files";
import { ropeInverseFrequencies } from "@lathe/model";
import { ExportError, quote } from "../errors.js";
import { ggufArchitectureNames, ROPE_FACTORS } from "./gguf-architecture.js";
import type { GgufFile } from "./open-gguf.js";

/** The classes that config.json names, by architecture. */
const classNames: Readonly<Record<string, string>> = {
  llama: "LlamaForCausalLM",
  qwen2: "Qwen2ForCausalLM",
  qwen3: "Qwen3ForCausalLM",
};

/** Reads typed values of a file's metadata and says which key is at fault. */
export class MetadataReader {
  constructor(readonly file: GgufFile) {}

  /** @param part key or tensor at fault */
  fault(part: string, expected: string | Phrase, actual: string | Phrase): ExportError {
    return new ExportError({
      path: this.file.path,
      part,
      expected,
      actual,
      remedy: "the file is of a kind that is not read, or damaged",
    });
  }

  /** A number that is there, or what stands for it. */
  number(key: string, otherwise?: number): number {
    const value = this.file.metadata.get(key)?.value ?? otherwise;
    if (typeof value !== "number" || !Number.isFinite(value))
      throw this.fault(key, "a number", quote(value ?? null));
    return value;
  }

  text(key: string): string | null {
    const value = this.file.metadata.get(key)?.value ?? null;
    if (value !== null && typeof value !== "string") throw this.fault(key, "a text", quote(value));
    return value;
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.file.metadata.get(key)?.value ?? otherwise;
    if (typeof value !== "boolean") throw this.fault(key, "true or false", quote(value));
    return value;
  }

  /** A list of texts; null where there is none. */
  texts(key: string): readonly string[] | null {
    return this.#list(key, "string") as readonly string[] | null;
  }

  /** A list of numbers; null where there is none. */
  numbers(key: string): readonly number[] | null {
    return this.#list(key, "number") as readonly number[] | null;
  }

  #list(key: string, type: "string" | "number"): readonly unknown[] | null {
    const value = this.file.metadata.get(key)?.value;
    if (value === undefined) return null;
    const list: unknown = value;
    if (!Array.isArray(list) || !list.every((element) => typeof element === type)) {
      throw this.fault(key, type === "string" ? "a list of texts" : "a list of numbers", "another value");
    }
    return list as readonly unknown[];
  }
}

/**
 * The config.json that a GGUF file describes.
 * @throws ExportError when the architecture is not known, or a key is missing or impossible
 */
export async function importedConfig(file: GgufFile): Promise<Readonly<Record<string, unknown>>> {
  const read = new MetadataReader(file);
  const architecture = read.text("general.architecture");
  if (architecture === null || !ggufArchitectureNames.includes(architecture)) {
    const expected = phrase`one of ${ggufArchitectureNames.join(", ")}`;
    throw read.fault("general.architecture", expected, quote(architecture));
  }
  const size = (key: string, otherwise?: number): number => read.number(`${architecture}.${key}`, otherwise);
  const heads = size("attention.head_count");
  const hiddenSize = size("embedding_length");
  const embedding = file.tensors.get("token_embd.weight");
  if (embedding === undefined) throw read.fault("token_embd.weight", "the tensor", "no such tensor");
  const headSize = size("attention.key_length", size("rope.dimension_count", hiddenSize / heads));
  const isBiased = file.tensors.has("blk.0.attn_q.bias");
  const theta = size("rope.freq_base", 10_000);
  const [begin, end, turnEnd, pad] = ["bos", "eos", "eot", "padding"].map((word) => {
    const key = `tokenizer.ggml.${word}_token_id`;
    return file.metadata.has(key) ? read.number(key) : null;
  });
  return {
    architectures: [classNames[architecture]],
    model_type: architecture,
    hidden_act: "silu",
    vocab_size: embedding.shape[0],
    hidden_size: hiddenSize,
    intermediate_size: size("feed_forward_length"),
    num_hidden_layers: size("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: size("attention.head_count_kv", heads),
    head_dim: headSize,
    max_position_embeddings: size("context_length"),
    rms_norm_eps: decimal(size("attention.layer_norm_rms_epsilon")),
    rope_theta: theta,
    rope_scaling: await importedScaling(file, read, architecture, { headSize, theta }),
    tie_word_embeddings: !file.tensors.has("output.weight"),
    ...(architecture === "qwen2" ? {} : { attention_bias: isBiased }),
    bos_token_id: begin,
    eos_token_id: turnEnd === null || turnEnd === end ? end : [end, turnEnd],
    pad_token_id: pad,
  };
}

/** The shortest decimal that is the same float32. */
const decimal = (value: number): number => Number(value.toPrecision(7));

async function importedScaling(
  file: GgufFile,
  read: MetadataReader,
  architecture: string,
  { headSize, theta }: { readonly headSize: number; readonly theta: number },
): Promise<Readonly<Record<string, unknown>> | null> {
  if (file.tensors.has(ROPE_FACTORS)) {
    const factors = await file.readFloat32(ROPE_FACTORS);
    const found = llama3Scaling(factors, headSize, theta);
    if (found === null) throw read.fault(ROPE_FACTORS, "the factors of llama3's scaling", "others");
    return found;
  }
  const type = read.text(`${architecture}.rope.scaling.type`) ?? "none";
  if (type === "none") return null;
  if (type !== "linear" && type !== "yarn") {
    throw read.fault(`${architecture}.rope.scaling.type`, "none, linear or yarn", quote(type));
  }
  const factor = read.number(`${architecture}.rope.scaling.factor`);
  if (type === "linear") return { rope_type: type, factor };
  const original = read.number(`${architecture}.rope.scaling.original_context_length`);
  return { rope_type: type, factor, original_max_position_embeddings: original };
}

/** Lengths of pre-training that are tried: that of Llama 3 first, as several may give the same factors. */
const pretrainedLengths = [8192, ...Array.from({ length: 15 }, (_, i) => 64 * 2 ** i)];

/** The parameters of llama3's scaling that give these factors: files hold the factors alone. */
function llama3Scaling(
  factors: Float32Array,
  headSize: number,
  theta: number,
): Readonly<Record<string, unknown>> | null {
  const factor = decimal(factors.reduce((most, value) => Math.max(most, value), 0));
  const [lowFrequencyFactor, highFrequencyFactor] = [1, 4];
  const plain = ropeInverseFrequencies({ headSize, rope: { theta, scaling: null } }).inverseFrequencies;
  for (const originalMaxPositions of pretrainedLengths) {
    const scaling = {
      type: "llama3",
      factor,
      lowFrequencyFactor,
      highFrequencyFactor,
      originalMaxPositions,
    } as const;
    const { inverseFrequencies } = ropeInverseFrequencies({ headSize, rope: { theta, scaling } });
    const fits = inverseFrequencies.every(
      (frequency, i) => Math.abs(plain[i] / frequency - factors[i]) <= 1e-4 * factors[i],
    );
    if (!fits || inverseFrequencies.length !== factors.length) continue;
    return {
      rope_type: "llama3",
      factor,
      low_freq_factor: lowFrequencyFactor,
      high_freq_factor: highFrequencyFactor,
      original_max_position_embeddings: originalMaxPositions,
    };
  }
  return null;
}

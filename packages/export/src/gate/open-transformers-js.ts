import { basename, dirname, join, resolve } from "node:path";
import { messageOf, phrase } from "@lathe/files";
import { ExportError } from "../errors.js";
import type { OnnxType } from "../onnx/onnx-type.js";
import type { ArtefactRuntime } from "./artefact-runtime.js";
import { gateFolder, loadGateProgram } from "./gate-packages.js";

/** What is used of transformers.js, which is installed where the gate is. */
interface TransformersModule {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  readonly Tensor: new (type: string, data: BigInt64Array, dims: readonly number[]) => object;
  readonly AutoModelForCausalLM: {
    from_pretrained(name: string, options: object): Promise<CausalModel>;
  };
  readonly AutoTokenizer: { from_pretrained(name: string): Promise<LoadedTokenizer> };
}

interface ResultTensor {
  readonly data: ArrayLike<number | bigint>;
  readonly dims: readonly number[];
  to(type: string): ResultTensor;
}

interface CausalModel {
  (inputs: object): Promise<{ readonly logits: ResultTensor }>;
  generate(options: object): Promise<ResultTensor>;
  dispose(): Promise<unknown>;
}

interface LoadedTokenizer {
  readonly chat_template?: string | null;
  encode(text: string, options: object): readonly number[];
}

/** How an ONNX folder is opened in transformers.js. */
export interface TransformersJsOptions {
  readonly type: OnnxType;
  /** Whether the folder has a tokenizer. */
  readonly hasTokenizer: boolean;
}

/**
 * Opens an ONNX folder in transformers.js, which computes in ONNX Runtime, on one thread of the processor.
 * @param gate folder that transformers.js is installed in
 * @throws ExportError when it is not, or does not open the folder
 */
export async function openTransformersJs(
  folder: string,
  { type, hasTokenizer }: TransformersJsOptions,
  gate: string = gateFolder(),
): Promise<ArtefactRuntime> {
  const { env, Tensor, AutoModelForCausalLM, AutoTokenizer } = await loadGateProgram<TransformersModule>(
    "transformers.js",
    gate,
  );
  const path = resolve(folder);
  env.allowRemoteModels = false;
  env.localModelPath = dirname(path);
  const name = basename(path);
  try {
    const tokenizer = hasTokenizer ? await AutoTokenizer.from_pretrained(name) : null;
    const model = await AutoModelForCausalLM.from_pretrained(name, {
      dtype: type,
      device: "cpu",
      session_options: { intraOpNumThreads: 1, interOpNumThreads: 1 },
    });
    const inputsOf = (ids: readonly number[]): object => ({
      input_ids: new Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]),
      attention_mask: new Tensor("int64", new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
    });
    /** Logits after every token. [N, V] */
    const allLogits = async (ids: readonly number[]): Promise<Float32Array> => {
      const { logits } = await model(inputsOf(ids));
      return Float32Array.from(logits.to("float32").data as ArrayLike<number>);
    };
    return {
      name: "transformers.js (onnxruntime-node)",
      template: tokenizer?.chat_template ?? null,
      tokenize: (text) => tokenizer?.encode(text, { add_special_tokens: false }) ?? [],
      async logits(ids) {
        const all = await allLogits(ids);
        return all.slice(all.length - all.length / ids.length);
      },
      async greedy(ids, count, ends) {
        if (count === 0) return [];
        const whole = await model.generate({
          ...inputsOf(ids),
          max_new_tokens: count,
          do_sample: false,
          repetition_penalty: 1,
          eos_token_id: ends,
        });
        return Array.from(whole.data, Number).slice(ids.length);
      },
      async likeliest(ids, start) {
        const all = await allLogits(ids);
        const size = all.length / ids.length;
        return ids.slice(start).map((_, i) => {
          const row = all.subarray((start + i) * size, (start + i + 1) * size);
          return row.reduce((best, value, id) => (value > row[best] ? id : best), 0);
        });
      },
      async close() {
        await model.dispose();
      },
    };
  } catch (cause) {
    throw new ExportError({
      path: join(folder),
      expected: "a folder that transformers.js opens",
      actual: phrase`its complaint “${messageOf(cause)}”`,
      cause,
    });
  }
}

import { messageOf, phrase } from "@lathe/files";
import { ExportError } from "../errors.js";
import type { ArtefactRuntime } from "./artefact-runtime.js";
import { gateFolder, loadGateProgram } from "./gate-packages.js";

/** What is used of node-llama-cpp, which is installed where the gate is. */
interface LlamaModule {
  getLlama(options: object): Promise<LlamaLibrary>;
  readonly LlamaLogLevel: { readonly error: string };
}

interface LlamaLibrary {
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
  dispose(): Promise<void>;
}

interface LlamaModel {
  readonly fileInfo: { readonly metadata: { readonly tokenizer?: { readonly chat_template?: string } } };
  tokenize(text: string, specialTokens: boolean): readonly number[];
  createContext(options: object): Promise<{ getSequence(): LlamaSequence }>;
  dispose(): Promise<void>;
}

interface NextToken {
  readonly next: { readonly token?: number; readonly logits?: ReadonlyMap<number, number> };
}

interface LlamaSequence {
  clearHistory(): Promise<void>;
  evaluate(ids: readonly number[], options: object): AsyncIterable<number>;
  controlledEvaluate(input: readonly unknown[]): Promise<readonly (NextToken | undefined)[]>;
}

/** How a GGUF file is opened in llama.cpp. */
export interface LlamaCppOptions {
  /** A GGUF LoRA to put on it. */
  readonly lora?: string | undefined;
  /** Tokens of a prompt and its reply at most. */
  readonly contextLength: number;
  readonly vocabularySize: number;
}

/**
 * Opens a GGUF file in llama.cpp, on one thread of the processor. Keys and values are kept in float32, and attention is
 * computed without the fused kernel that sums in float16: what is proven is the file, not what those make of it.
 * @param gate folder that node-llama-cpp is installed in
 * @throws ExportError when it is not, or llama.cpp does not open the file
 */
export async function openLlamaCpp(
  file: string,
  { lora, contextLength, vocabularySize }: LlamaCppOptions,
  gate: string = gateFolder(),
): Promise<ArtefactRuntime> {
  const { getLlama, LlamaLogLevel } = await loadGateProgram<LlamaModule>("llama.cpp", gate);
  try {
    const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
    const model = await llama.loadModel({ modelPath: file });
    const adapters = lora === undefined ? {} : { lora: { adapters: [{ filePath: lora, scale: 1 }] } };
    const context = await model.createContext({
      contextSize: contextLength,
      sequences: 1,
      threads: 1,
      experimentalKvCacheKeyType: "F32",
      experimentalKvCacheValueType: "F32",
      flashAttention: false,
      ...adapters,
    });
    const sequence = context.getSequence();
    return {
      name: "llama.cpp (node-llama-cpp)",
      template: model.fileInfo.metadata.tokenizer?.chat_template ?? null,
      tokenize: (text) => model.tokenize(text, true),
      async logits(ids) {
        await sequence.clearHistory();
        const last = [ids[ids.length - 1], { generateNext: { logits: true } }];
        const outcome = await sequence.controlledEvaluate([...ids.slice(0, -1), last]);
        const found = outcome[ids.length - 1]?.next.logits ?? new Map<number, number>();
        return Float32Array.from({ length: vocabularySize }, (_, id) => found.get(id) ?? NaN);
      },
      async greedy(ids, count, ends) {
        await sequence.clearHistory();
        const reply: number[] = [];
        if (count === 0) return reply;
        for await (const id of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
          reply.push(id);
          if (reply.length >= count || ends.includes(id)) break;
        }
        return reply;
      },
      async likeliest(ids, start) {
        await sequence.clearHistory();
        const asked = { generateNext: { token: true, options: { temperature: 0 } } };
        const outcome = await sequence.controlledEvaluate([
          ...ids.slice(0, start),
          ...ids.slice(start).map((id) => [id, asked]),
        ]);
        return ids.slice(start).map((_, i) => outcome[start + i]?.next.token ?? -1);
      },
      async close() {
        await model.dispose();
        await llama.dispose();
      },
    };
  } catch (cause) {
    throw new ExportError({
      path: file,
      expected: "a file that llama.cpp opens",
      actual: phrase`its complaint “${messageOf(cause)}”`,
      cause,
    });
  }
}

import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf, phrase } from "@lathe/files";
import { ExportError } from "../errors.js";
import type { ArtefactRuntime } from "./artefact-runtime.js";

/** The npm packages of the runtime and their version. */
export const gatePackages: readonly string[] = [
  "node-llama-cpp@3.22.1",
  `@node-llama-cpp/${{ darwin: "mac", win32: "win" }[process.platform as string] ?? process.platform}-${process.arch}${process.platform === "darwin" && process.arch === "arm64" ? "-metal" : ""}@3.22.1`,
];

/**
 * Folder that the runtimes are installed in: `LATHE_GATE` where it is set, else one below the user's cache folder. It belongs to no
 * project, so that no install grows by it.
 */
export function gateFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const named = environment["LATHE_GATE"];
  if (named !== undefined && named !== "") return named;
  const cache = environment["XDG_CACHE_HOME"];
  if (cache !== undefined && isAbsolute(cache)) return join(cache, "lathe", "gate");
  const home = environment["HOME"] ?? homedir();
  return join(home, process.platform === "darwin" ? "Library/Caches" : ".cache", "lathe", "gate");
}

const entryOf = (folder: string): string =>
  join(folder, "node_modules", "node-llama-cpp", "dist", "index.js");

/** Refuses to go on without the runtime of GGUF files. @throws ExportError that says how to install it */
export async function checkLlamaCpp(folder: string = gateFolder()): Promise<void> {
  if ((await stat(entryOf(folder)).catch(() => null))?.isFile()) return;
  throw new ExportError({
    path: folder,
    expected: "node-llama-cpp, in which GGUF is proven",
    actual: "none",
    remedy: phrase`install it with npm install --prefix ${folder} ${gatePackages.join(" ")}, or export without prompts, unproven`,
  });
}

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
  readonly next: { readonly logits?: ReadonlyMap<number, number> };
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
 * Opens a GGUF file in llama.cpp, on one thread of the processor.
 * @param folder that node-llama-cpp is installed in
 * @throws ExportError when it is not, or llama.cpp does not open the file
 */
export async function openLlamaCpp(
  folder: string,
  file: string,
  { lora, contextLength, vocabularySize }: LlamaCppOptions,
): Promise<ArtefactRuntime> {
  await checkLlamaCpp(folder);
  try {
    const { getLlama, LlamaLogLevel } = (await import(pathToFileURL(entryOf(folder)).href)) as LlamaModule;
    const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
    const model = await llama.loadModel({ modelPath: file });
    const adapters = lora === undefined ? {} : { lora: { adapters: [{ filePath: lora, scale: 1 }] } };
    const context = await model.createContext({
      contextSize: contextLength,
      sequences: 1,
      threads: 1,
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
      async close() {
        await model.dispose();
        await llama.dispose();
      },
    };
  } catch (cause) {
    throw new ExportError({
      path: file,
      expected: "a file that llama.cpp opens",
      actual: phrase`its complaint ${messageOf(cause)}`,
      cause,
    });
  }
}

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { messageOf, phrase } from "@lathe/files";
import { ExportError } from "../errors.js";
import type { ArtefactRuntime } from "./artefact-runtime.js";
import { gatePython } from "./gate-python.js";

/** How a model folder is opened in Transformers. */
export interface TransformersOptions {
  /** An adapter to put on it in PEFT. */
  readonly adapter?: string | undefined;
  /** Whether the folder has a tokenizer. */
  readonly hasTokenizer: boolean;
}

const SCRIPT = fileURLToPath(new URL("../../python/run_model.py", import.meta.url));

/** What the script answers. */
interface Answer {
  readonly error?: string;
  readonly value?: unknown;
}

interface Opened extends Answer {
  readonly name: string;
  readonly template: string | null;
  readonly unused: readonly string[];
}

/** Asks a process line by line; each question has one answer. */
function converse(
  python: string,
  options: object,
): { ask(question: object | null): Promise<Answer>; close(): Promise<void> } {
  const child = spawn(python, [SCRIPT, JSON.stringify(options)], { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-2000)));
  const ended = new Promise<Error>((settle) => {
    child.on("error", settle);
    child.on("close", (code) =>
      settle(new Error(complaints.trim().split("\n").at(-1) || `exit code ${code}`)),
    );
  });
  // A process that is gone is told of by its end.
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question) {
      if (question !== null) child.stdin.write(`${JSON.stringify(question)}\n`);
      const line = await lines.next();
      if (line.done === true) throw await ended;
      return JSON.parse(line.value) as Answer;
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

/**
 * Opens a model folder in Transformers, in float32 on one thread, with an adapter in PEFT where one is named.
 * @throws ExportError when Python does not open it, or PEFT has no place for a tensor of the adapter
 */
export async function openTransformers(
  folder: string,
  { adapter, hasTokenizer }: TransformersOptions,
  python: string = gatePython(),
): Promise<ArtefactRuntime> {
  const fault = (complaint: string, cause?: unknown): ExportError =>
    new ExportError({
      path: adapter ?? folder,
      expected: adapter === undefined ? "a folder that Transformers opens" : "an adapter that PEFT opens",
      actual: phrase`its complaint “${complaint}”`,
      cause,
    });
  const { ask, close } = converse(python, {
    model: folder,
    adapter: adapter ?? null,
    tokenizer: hasTokenizer,
  });
  const valueOf = async (question: object): Promise<unknown> => {
    const { value, error } = await ask(question);
    if (error !== undefined) throw fault(error);
    return value;
  };
  let opened: Opened;
  try {
    opened = (await ask(null)) as Opened;
  } catch (cause) {
    throw fault(messageOf(cause), cause);
  }
  if (opened.error !== undefined) {
    await close();
    throw fault(opened.error);
  }
  if (opened.unused.length > 0) {
    await close();
    throw new ExportError({
      path: adapter ?? folder,
      expected: "an adapter of which PEFT uses every tensor",
      actual: phrase`${opened.unused.length} that it leaves, such as ${opened.unused[0]}`,
    });
  }
  return {
    name: opened.name,
    template: opened.template,
    tokenize: async (text) => (await valueOf({ ask: "tokenize", text })) as number[],
    async logits(ids) {
      const bytes = Buffer.from((await valueOf({ ask: "logits", ids })) as string, "base64");
      return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
    },
    async greedy(ids, count, ends) {
      return (await valueOf({ ask: "greedy", ids, count, ends })) as number[];
    },
    async likeliest(ids, start) {
      return (await valueOf({ ask: "likeliest", ids, start })) as number[];
    },
    close,
  };
}

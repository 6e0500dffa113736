import { phrase, SpokenError } from "@lathe/files";
import { Worker } from "node:worker_threads";
import type { Row } from "../rows/row.js";
import type { RowTokens } from "./row-tokens.js";
import type { TokenizeOptions } from "./tokenize-row.js";

/** Where a thread gets a tokenizer of its own. */
export interface TokenizerSource {
  /** Address of a module, such as what `import.meta.resolve` gives. */
  readonly module: string;
  /** Name of a function of the module, which returns or resolves to a `RowTokenizer`. */
  readonly load: string;
  /** What the function is called with. */
  readonly argument: string;
}

/** What a thread is started with. */
export interface TokenThreadData {
  readonly source: TokenizerSource;
  readonly options: TokenizeOptions;
}

/** What a thread says. */
export type TokenThreadMessage =
  | { readonly type: "ready" }
  | { readonly type: "made"; readonly made: readonly RowTokens[] }
  | { readonly type: "failed"; readonly error: unknown };

/** Batches that a thread has: the one at hand, and the next one so that it need not wait. */
const BATCHES_A_THREAD = 2;

/** Limits of a thread that tokenises. What loading a tokenizer leaves behind is collected early within these: of 150,000 tokens it takes half the memory. */
export const TOKEN_THREAD_LIMITS = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 512 } as const;

const program = new URL("./token-thread-program.js", import.meta.url);

/** Threads that tokenise rows, each with a tokenizer of its own. Nothing of them is left once `close` has resolved. */
export class TokenThreads {
  readonly #threads: readonly TokenThread[];

  constructor(count: number, data: TokenThreadData) {
    this.#threads = Array.from({ length: count }, () => new TokenThread(data));
  }

  /** Whether a thread has its tokenizer and would begin with a batch soon. A thread that has failed says so by its next batch. */
  get hasRoom(): boolean {
    return this.#threads.some(({ batches }) => batches < BATCHES_A_THREAD);
  }

  /** Tokenises rows on the thread that has least to do. @throws what is no fault of a row, and why a thread has ended */
  async tokenize(rows: readonly Row[]): Promise<readonly RowTokens[]> {
    const idlest = this.#threads.reduce((best, thread) => (thread.batches < best.batches ? thread : best));
    return await idlest.tokenize(rows);
  }

  /** Ends the threads, whatever they are at. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

interface Waiting {
  readonly resolve: (made: readonly RowTokens[]) => void;
  readonly reject: (error: unknown) => void;
}

class TokenThread {
  readonly #worker: Worker;
  /** In the order of their batches, in which the thread answers. */
  readonly #waiting: Waiting[] = [];
  #isReady = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(data: TokenThreadData) {
    this.#worker = new Worker(program, {
      workerData: data,
      execArgv: [],
      resourceLimits: TOKEN_THREAD_LIMITS,
    });
    this.#worker.on("message", (message: TokenThreadMessage) => {
      if (message.type === "ready") this.#isReady = true;
      else if (message.type === "made") this.#waiting.shift()?.resolve(message.made);
      else this.#fail(message.error);
    });
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", (code) =>
      this.#fail(new SpokenError(phrase`a thread that tokenises ended by itself (exit code ${code})`)),
    );
  }

  /** Batches it has; none where it has failed, so that the next one is told of it, and more than any where it is not ready. */
  get batches(): number {
    if (this.#failure !== null) return 0;
    return this.#isReady ? this.#waiting.length : Number.POSITIVE_INFINITY;
  }

  async tokenize(rows: readonly Row[]): Promise<readonly RowTokens[]> {
    if (this.#failure !== null) throw this.#failure.error;
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(rows);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure.error);
  }
}

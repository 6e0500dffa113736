import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Row } from "../rows/row.js";
import { type RowTokens, rowTokens } from "../tokenize/row-tokens.js";
import type { RowTokenizer } from "../tokenize/row-tokenizer.js";
import { TokenThreads } from "../tokenize/token-threads.js";
import type { TokenizeOptions } from "../tokenize/tokenize-row.js";
import type { ResolvedPrepareOptions } from "./prepare-options.js";

/** Bytes of input from which a second tokenizer is worth its start. */
const LEAST_BYTES = 8 * 2 ** 20;
/** Reading and cleaning rows, which one thread does, feeds no more of them. */
const MOST_THREADS = 2;

/** Tokenises rows, on threads of its own while these have room and on this one else; where is no matter to the tokens. */
export class RowEncoder {
  readonly #options: TokenizeOptions;
  readonly #threads: TokenThreads | null;

  /** @param inputBytes of all inputs; few of them are tokenised on this thread alone */
  constructor(
    readonly tokenizer: RowTokenizer,
    options: ResolvedPrepareOptions,
    inputBytes: number,
  ) {
    const { overlong, lossOn, reasoning, maxTokens, tokenizerSource: source } = options;
    this.#options = { overlong, lossOn, reasoning, ...(maxTokens === null ? {} : { maxTokens }) };
    const count =
      source === null
        ? 0
        : (options.tokenizerThreads ??
          (inputBytes < LEAST_BYTES ? 0 : Math.min(MOST_THREADS, availableParallelism() - 1)));
    this.#threads =
      source === null || count === 0 ? null : new TokenThreads(count, { source, options: this.#options });
  }

  /** Whether rows are worth gathering, and are plain data that another thread can be handed. */
  get hasThreads(): boolean {
    return this.#threads !== null;
  }

  /** The tokens of rows, in their order. @returns a promise that may be left alone until it is wanted */
  async encode(rows: readonly Row[]): Promise<() => Promise<readonly RowTokens[]>> {
    if (this.#threads === null) return this.#here(rows);
    await nextTurn(); // what threads have sent is heard between two turns only
    if (!this.#threads.hasRoom) return this.#here(rows);
    const made = this.#threads.tokenize(rows);
    made.catch(() => undefined); // is told to who asks for the tokens
    return () => made;
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await this.#threads?.close();
  }

  #here(rows: readonly Row[]): () => Promise<readonly RowTokens[]> {
    const made = rows.map((row) => rowTokens(row, this.tokenizer, this.#options));
    return () => Promise.resolve(made);
  }
}

import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Row } from "../rows/row.js";
import { type RowTokens, rowTokens } from "../tokenize/row-tokens.js";
import type { RowTokenizer } from "../tokenize/row-tokenizer.js";
import { type TokenizerSource, TokenThreads } from "../tokenize/token-threads.js";
import type { TokenizeOptions } from "../tokenize/tokenize-row.js";
import type { ResolvedPrepareOptions } from "./prepare-options.js";

/** Bytes of input that are tokenised on this thread alone: for so few a second tokenizer is not worth its start. */
const BYTES_BEFORE_THREADS = 4 * 2 ** 20;
/** Reading and cleaning rows, which one thread does, feeds no more of them. */
const MOST_THREADS = 2;

/** Tokenises rows, on threads of its own while these have room and on this one else; where is no matter to the tokens. */
export class RowEncoder {
  readonly #options: TokenizeOptions;
  readonly #source: TokenizerSource | null;
  readonly #count: number;
  readonly #bytesBefore: number;
  #threads: TokenThreads | null = null;

  /** @param bytesRead bytes of the inputs that have been read by now */
  constructor(
    readonly tokenizer: RowTokenizer,
    options: ResolvedPrepareOptions,
    readonly bytesRead: () => number,
  ) {
    const { overlong, lossOn, reasoning, maxTokens, tokenizerSource, tokenizerThreads: count } = options;
    this.#options = { overlong, lossOn, reasoning, ...(maxTokens === null ? {} : { maxTokens }) };
    this.#source = tokenizerSource;
    this.#count = count ?? Math.min(MOST_THREADS, availableParallelism() - 1);
    this.#bytesBefore = count === null ? BYTES_BEFORE_THREADS : 0;
  }

  /** Whether rows are worth gathering. */
  get hasThreads(): boolean {
    return this.#threads !== null;
  }

  /**
   * Has rows tokenised.
   * @param here whether it must be on this thread, as of rows that are too large for the memory of another
   * @returns what waits for the tokens, in the order of the rows; it may be left alone until they are wanted
   */
  async encode(rows: readonly Row[], here: boolean): Promise<() => Promise<readonly RowTokens[]>> {
    if (this.#threads === null && this.#source !== null && this.#count > 0) {
      if (this.bytesRead() >= this.#bytesBefore)
        this.#threads = new TokenThreads(this.#count, { source: this.#source, options: this.#options });
    }
    if (this.#threads === null || here) return this.#here(rows);
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

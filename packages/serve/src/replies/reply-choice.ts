import { createStopCutter, type StopCutter, type StreamDecoder, type Tokenizer } from "@lathe/model";
import type { ReplyPart, ReplyReader } from "../reading/reply-reader.js";
import type { ChosenLogprob, TokenChooser } from "./token-chooser.js";

/** How the ids of a reply become its parts. */
export interface ReplyChoiceOptions {
  readonly tokenizer: Pick<Tokenizer, "streamDecoder">;
  readonly stop: readonly string[];
  readonly stopIds: ReadonlySet<number>;
  /** Control tokens that mark parts of a reply, which a tokenizer leaves out of texts. */
  readonly marks: ReadonlyMap<number, string>;
  readonly chooser: TokenChooser;
  readonly reader: ReplyReader;
}

/** What a token adds to a reply. */
export interface ReplyPiece {
  readonly parts: readonly ReplyPart[];
  /** Null for tokens that end a reply, and where none is asked for. */
  readonly logprob: ChosenLogprob | null;
}

/** One reply as it comes. */
export class ReplyChoice {
  readonly #options: ReplyChoiceOptions;
  readonly #decoder: StreamDecoder;
  readonly #cutter: StopCutter;
  /** Tokens so far, the one that ended it included. */
  tokens = 0;

  constructor(options: ReplyChoiceOptions) {
    this.#options = options;
    this.#decoder = options.tokenizer.streamDecoder();
    this.#cutter = createStopCutter(options.stop);
  }

  /** Takes a token. @returns what it adds, and whether the reply ends with it */
  push(id: number): ReplyPiece & { readonly isEnded: boolean } {
    const { stopIds, marks, chooser, reader } = this.#options;
    this.tokens++;
    const { logprob, isComplete } = chooser.push(id);
    if (stopIds.has(id)) return { parts: [], logprob: null, isEnded: true };
    const mark = marks.get(id);
    const text = mark === undefined ? this.#decoder.push(id) : this.#decoder.end() + mark;
    const parts = reader.push(this.#cutter.push(text));
    return { parts, logprob, isEnded: this.#cutter.stopped || isComplete };
  }

  /** What was held back, when no more comes. */
  end(): ReplyPart[] {
    const { reader } = this.#options;
    const rest = this.#cutter.stopped ? "" : this.#cutter.push(this.#decoder.end()) + this.#cutter.end();
    return [...reader.push(rest), ...reader.end()];
  }
}

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
  /** Text that is the model's by force: read before its own, and once this is whole; null for none. */
  readonly around: { readonly opening: string; readonly ending: string } | null;
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
  /** What the opening came to, to be given out with the first token. */
  #begun: readonly ReplyPart[];
  /** Tokens so far, the one that ended it included. */
  tokens = 0;

  constructor(options: ReplyChoiceOptions) {
    this.#options = options;
    this.#decoder = options.tokenizer.streamDecoder();
    this.#cutter = createStopCutter(options.stop);
    this.#begun = options.around ? options.reader.push(options.around.opening) : [];
  }

  /** Takes a token. @returns what it adds, and whether the reply ends with it */
  push(id: number): ReplyPiece & { readonly isEnded: boolean } {
    const { stopIds, marks, chooser, reader, around } = this.#options;
    this.tokens++;
    const { logprob, isComplete } = chooser.push(id);
    if (stopIds.has(id)) return { parts: [], logprob: null, isEnded: true };
    const mark = marks.get(id);
    const text = mark === undefined ? this.#decoder.push(id) : this.#decoder.end() + mark;
    const parts = [...this.#begun, ...reader.push(this.#cutter.push(text))];
    this.#begun = [];
    // A decoder and the stop texts may hold back what is certain now.
    if (isComplete && around && !this.#cutter.stopped) {
      const rest = this.#cutter.push(this.#decoder.end()) + this.#cutter.end();
      parts.push(...reader.push(rest + around.ending));
    }
    return { parts, logprob, isEnded: this.#cutter.stopped || isComplete };
  }

  /** What was held back, when no more comes. */
  end(): ReplyPart[] {
    const { reader } = this.#options;
    const rest = this.#cutter.stopped ? "" : this.#cutter.push(this.#decoder.end()) + this.#cutter.end();
    return [...reader.push(rest), ...reader.end()];
  }
}

import { MarkFinder } from "./mark-finder.js";
import type { ToolCall, ToolFormat } from "./tool-format.js";

/** What becomes of what a model thinks before it answers: a field of its own, a part of the text as it stands, or nothing. */
export const reasoningRules = ["apart", "keep", "strip"] as const;
/** One of {@link reasoningRules}. */
export type ReasoningRule = (typeof reasoningRules)[number];

/** The marks around what a model thinks, as DeepSeek-R1 and Qwen3 write them. */
export const reasoningMarks = { open: "<think>", close: "</think>" } as const;

/** A part of a reply. */
export type ReplyPart =
  | { readonly kind: "content"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "tool-call"; readonly call: ToolCall };

/** How a reply is to be read. */
export interface ReplyReaderOptions {
  readonly reasoning: ReasoningRule;
  /** Whether the prompt has opened the reasoning already. */
  readonly isReasoning: boolean;
  /** How calls of tools are written; null where none are looked for. */
  readonly tools: ToolFormat | null;
}

/** Reads the text of a reply as it comes: what was thought, what is said, which tools are called. */
export class ReplyReader {
  readonly #options: ReplyReaderOptions;
  /** While the reply may yet begin with reasoning: the blanks and signs so far. */
  #beginning: string | null;
  #thought: MarkFinder | null;
  readonly #calls: MarkFinder | null;
  #callText = "";
  #hasContent = false;

  constructor(options: ReplyReaderOptions) {
    this.#options = options;
    const isSplit = options.reasoning !== "keep";
    this.#thought = isSplit && options.isReasoning ? new MarkFinder(reasoningMarks.close) : null;
    this.#beginning = isSplit && !options.isReasoning ? "" : null;
    this.#calls = options.tools && new MarkFinder(options.tools.opening);
  }

  /** Takes the next piece of text. */
  push(piece: string): ReplyPart[] {
    if (this.#beginning !== null) {
      const text = this.#beginning + piece;
      const start = text.trimStart();
      const { open, close } = reasoningMarks;
      if (start.length < open.length && open.startsWith(start)) {
        this.#beginning = text;
        return [];
      }
      this.#beginning = null;
      if (!start.startsWith(open)) return this.#content(text);
      this.#thought = new MarkFinder(close);
      return this.push(start.slice(open.length));
    }
    if (!this.#thought) return this.#content(piece);
    const { before, after } = this.#thought.push(piece);
    const parts = this.#reasoning(before);
    if (!this.#thought.isFound) return parts;
    this.#thought = null;
    return [...parts, ...this.#content(after)];
  }

  /** What was held back, when no more comes. */
  end(): ReplyPart[] {
    const parts: ReplyPart[] = [];
    if (this.#beginning !== null) {
      parts.push(...this.#content(this.#beginning));
      this.#beginning = null;
    }
    if (this.#thought) parts.push(...this.#reasoning(this.#thought.end()));
    const { tools } = this.#options;
    if (!this.#calls || !tools) return parts;
    if (!this.#calls.isFound) return [...parts, ...this.#said(this.#calls.end())];
    const text = tools.opening + this.#callText;
    const calls = tools.read(text);
    // What does not read as calls is what was said.
    return calls === null
      ? [...parts, ...this.#said(text)]
      : [...parts, ...calls.map((call): ReplyPart => ({ kind: "tool-call", call }))];
  }

  #reasoning(text: string): ReplyPart[] {
    return text === "" || this.#options.reasoning === "strip" ? [] : [{ kind: "reasoning", text }];
  }

  #content(text: string): ReplyPart[] {
    if (!this.#calls) return this.#said(text);
    const { before, after } = this.#calls.push(text);
    this.#callText += after;
    return this.#said(before);
  }

  #said(text: string): ReplyPart[] {
    const isSplit = this.#options.reasoning !== "keep";
    // The blank lines between what was thought and what is said are of neither.
    const said = isSplit && !this.#hasContent ? text.replace(/^[\r\n]+/, "") : text;
    if (said === "") return [];
    this.#hasContent = true;
    return [{ kind: "content", text: said }];
  }
}

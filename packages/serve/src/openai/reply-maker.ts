import { randomInt } from "node:crypto";
import {
  encodeConversation,
  encodeTextPrompt,
  type ChatMessage as DataMessage,
  type Tools,
} from "@lathe/data";
import { isInputError, isRecord, messageOf, parseJson } from "@lathe/files";
import { type GenerationDefaults, samplingDefaults, type SamplingOptions } from "@lathe/model";
import { ByteAutomaton } from "../constrained/byte-automaton.js";
import { TokenConstraint } from "../constrained/constraint.js";
import { jsonObjectGrammar, schemaGrammar } from "../constrained/schema-grammar.js";
import { SchemaError } from "../constrained/schema-error.js";
import { TokenTrie } from "../constrained/token-trie.js";
import type { ForcedCall } from "../reading/forced-call.js";
import { reasoningMarks, ReplyReader, type ReasoningRule } from "../reading/reply-reader.js";
import { type ToolSupport, toolSupport } from "../reading/tool-support.js";
import { ReplyChoice, type ReplyChoiceOptions } from "../replies/reply-choice.js";
import type { ChoiceRequest } from "../replies/reply-events.js";
import type { ModelLease, ServedModels } from "../replies/served-models.js";
import { type TokenChoices, TokenChooser } from "../replies/token-chooser.js";
import { invalidRequest } from "./api-error.js";
import type { ChatRequest } from "./chat-request.js";
import type { CompletionRequest } from "./completion-request.js";
import type { CommonRequest } from "./request-fields.js";

/** Seeds that are drawn where a request names none. */
const SEEDS = 2 ** 32;
/** Schemas whose grammars are kept. */
const KEPT_GRAMMARS = 32;

/** What a reply may come to where a request does not say. */
export interface ReplyLimits {
  /** New tokens of a reply whose request does not say. */
  readonly maxNewTokens: number;
  /** Replies to one request at most. */
  readonly maxChoices: number;
  /** Tokens of a prompt and its reply together at most. */
  readonly contextTokens: number;
}

/** Makes what is computed of what is asked. */
export class ReplyMaker {
  readonly #models: ServedModels;
  readonly #defaults: GenerationDefaults["sampling"];
  readonly #reasoning: ReasoningRule;
  readonly #limits: ReplyLimits;
  readonly #stopIds: ReadonlySet<number>;
  readonly #tools: ToolSupport;
  /** Control tokens whose texts mark parts of a reply. */
  readonly #marks = new Map<number, string>();
  readonly #reasoningEnd: number | null;
  #trie: TokenTrie | null = null;
  readonly #constraints = new Map<string, TokenConstraint>();

  constructor(
    models: ServedModels,
    options: ReplyLimits & {
      readonly defaults: GenerationDefaults["sampling"];
      readonly reasoning: ReasoningRule;
    },
  ) {
    this.#models = models;
    this.#defaults = options.defaults;
    this.#reasoning = options.reasoning;
    this.#limits = options;
    const { tokenizer, opened } = models;
    this.#stopIds = new Set(opened.model.config.endOfSequenceIds);
    this.#tools = toolSupport(tokenizer);
    const idOf = (mark: string): number | null => {
      const ids = tokenizer.encode(mark, { addSpecialTokens: false });
      return ids.length === 1 ? ids[0] : null;
    };
    for (const mark of Object.values(reasoningMarks)) {
      const id = idOf(mark);
      if (id !== null && tokenizer.decode([id]) === "") this.#marks.set(id, mark);
    }
    this.#reasoningEnd = idOf(reasoningMarks.close);
  }

  /** The replies to a dialogue. @throws ApiError naming the field */
  chat(
    request: ChatRequest,
    { group, reasoning }: Pick<ModelLease, "group" | "reasoning">,
  ): { readonly prompt: readonly number[]; readonly choices: ChoiceRequest[] } {
    const { tokenizer } = this.#models;
    const tools = request.tool_choice === "none" ? [] : (request.tools ?? []);
    if (tools.length > 0 && !this.#tools.showsTools) {
      throw invalidRequest(
        "tools",
        "The chat template of this model does not show tools to it; leave them out.",
      );
    }
    const forced = this.#forcedCall(request, tools);
    const messages = request.messages.map((message, index) => this.#message(message, index));
    let prompt: readonly number[];
    try {
      const conversation = tools.length === 0 ? { messages } : { messages, tools: tools as Tools };
      prompt = encodeConversation(conversation, tokenizer, { addGenerationPrompt: true, reasoning }).inputIds;
    } catch (error) {
      if (!isInputError(error)) throw error;
      throw invalidRequest(
        "messages",
        `The model's chat template does not take these messages: ${error.message}`,
      );
    }
    const maxTokens = request.max_completion_tokens ?? request.max_tokens ?? null;
    // A template may open what the model is to think.
    const ending = tokenizer.decode(prompt.slice(-8), { skipSpecialTokens: false }).trimEnd();
    const isReasoning = ending.endsWith(reasoningMarks.open);
    // Who has to call a tool does not think first.
    const opening = forced && (isReasoning ? `${reasoningMarks.close}\n\n` : "") + forced.opening;
    if (opening !== null) prompt = [...prompt, ...tokenizer.encode(opening, { addSpecialTokens: false })];
    const { response_format: format } = request;
    const constraint = forced
      ? this.#constraint(forced.schema, "tools")
      : !format || format.type === "text"
        ? null
        : format.type === "json_object"
          ? this.#constraint(null, "response_format")
          : this.#constraint(format.json_schema.schema, "response_format.json_schema.schema");
    if (request.top_logprobs != null && request.logprobs !== true) {
      throw invalidRequest("top_logprobs", "top_logprobs goes with logprobs: true.");
    }
    const reader = {
      reasoning: this.#reasoning,
      isReasoning,
      tools: tools.length > 0 ? this.#tools.format : null,
    };
    const choices = this.#choices(request, { field: "messages", prompt, group, maxTokens }, () => ({
      reader: new ReplyReader(reader),
      marks: this.#marks,
      topLogprobs: request.logprobs === true ? (request.top_logprobs ?? 0) : null,
      constraint,
      constrainedAfter: isReasoning && !forced ? this.#reasoningEnd : null,
      around: forced && opening !== null ? { opening, ending: forced.ending } : null,
    }));
    return { prompt, choices };
  }

  /** The call that `tool_choice` asks for; null where the model may say what it likes. @throws ApiError naming the field */
  #forcedCall(
    { tool_choice: choice }: ChatRequest,
    tools: NonNullable<ChatRequest["tools"]>,
  ): ForcedCall | null {
    if (choice == null || choice === "auto" || choice === "none") return null;
    const described = tools.map(({ function: tool }) => tool);
    const allowed =
      choice === "required" ? described : described.filter(({ name }) => name === choice.function.name);
    if (allowed.length === 0) {
      throw invalidRequest(
        "tool_choice",
        choice === "required"
          ? "tool_choice asks for a call, and there are no tools."
          : `tool_choice names ${JSON.stringify(choice.function.name.slice(0, 100))}, which is none of the tools.`,
      );
    }
    if (!this.#tools.format) {
      throw invalidRequest(
        "tool_choice",
        "How this model writes calls is not known, so none can be asked for; leave tool_choice out.",
      );
    }
    const forced = this.#tools.format.force(allowed);
    if (forced) return forced;
    throw invalidRequest(
      "tool_choice",
      "This model writes calls in a form in which one tool can be asked for and not any of several; name one.",
    );
  }

  /** The continuations of texts, those of the first prompt first. @throws ApiError naming the field */
  completions(
    request: CompletionRequest,
    group: string | null,
  ): { readonly prompts: readonly (readonly number[])[]; readonly choices: ChoiceRequest[] } {
    const { tokenizer, opened } = this.#models;
    const { vocabularySize } = opened.model.config;
    const prompts = request.prompt.map((prompt) => {
      if (typeof prompt === "string") return encodeTextPrompt(prompt, tokenizer);
      const odd = prompt.find((id) => id >= vocabularySize);
      if (odd !== undefined)
        throw invalidRequest("prompt", `Expected token ids below ${vocabularySize}, got ${odd}.`);
      return prompt;
    });
    const choices = prompts.flatMap((prompt) =>
      this.#choices(
        request,
        { field: "prompt", prompt, group, maxTokens: request.max_tokens ?? null },
        () => ({
          reader: new ReplyReader({ reasoning: "keep", isReasoning: false, tools: null }),
          marks: new Map(),
          topLogprobs: request.logprobs ?? null,
          constraint: null,
          constrainedAfter: null,
          around: null,
        }),
      ),
    );
    if (choices.length > this.#limits.maxChoices) {
      throw invalidRequest(
        "prompt",
        `Expected at most ${this.#limits.maxChoices} replies in all, got ${choices.length}.`,
      );
    }
    return { prompts, choices };
  }

  /** A turn as chat templates read it. */
  #message(message: ChatRequest["messages"][number], index: number): DataMessage {
    const { role } = message;
    const content = message.content ?? null;
    if (role !== "assistant") {
      const [control] = this.#models.tokenizer.specialTokensIn(content ?? "");
      if (control !== undefined) {
        throw invalidRequest(
          `messages[${index}].content`,
          `The text holds ${control}, which is a control token of this model and would end the turn; write it otherwise.`,
        );
      }
    }
    switch (message.role) {
      case "developer":
        return { role: "system", content };
      case "tool":
        return { role: "tool", content, tool_call_id: message.tool_call_id };
      case "assistant": {
        const { reasoning_content: reasoning, tool_calls: calls } = message;
        return {
          role: "assistant",
          content: content ?? (calls ? this.#tools.noContent : ""),
          ...(reasoning == null ? {} : { reasoning_content: reasoning }),
          ...(calls == null
            ? {}
            : {
                tool_calls: calls.map((call, place) => ({
                  ...call,
                  function: {
                    ...call.function,
                    arguments: this.#arguments(call.function.arguments, index, place),
                  },
                })),
              }),
        };
      }
      default:
        return { role: message.role, content };
    }
  }

  #arguments(text: string, index: number, place: number): unknown {
    if (!this.#tools.takesObjects) return text;
    let value: unknown;
    try {
      value = parseJson(text);
    } catch (error) {
      value = messageOf(error);
    }
    if (isRecord(value)) return value;
    throw invalidRequest(
      `messages[${index}].tool_calls[${place}].function.arguments`,
      "Expected the JSON text of an object.",
    );
  }

  /** @param schema null for any object   @param param the field that asks for it */
  #constraint(schema: Readonly<Record<string, unknown>> | null, param: string): TokenConstraint {
    const { tokenizer } = this.#models;
    const name = schema === null ? "" : JSON.stringify(schema);
    const known = this.#constraints.get(name);
    if (known) return known;
    this.#trie ??= new TokenTrie(tokenizer);
    if (!this.#trie.spellsAscii) {
      throw invalidRequest(
        param,
        `The vocabulary of this model cannot spell every JSON text, which ${param} asks for.`,
      );
    }
    let automaton: ByteAutomaton;
    try {
      automaton = new ByteAutomaton(schema === null ? jsonObjectGrammar() : schemaGrammar(schema));
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      throw invalidRequest(param, `${error.message}.`);
    }
    if (automaton.start.isFinal) throw invalidRequest(param, "The schema takes no value at all.");
    const [oldest] = this.#constraints.keys();
    if (this.#constraints.size >= KEPT_GRAMMARS) this.#constraints.delete(oldest);
    const constraint = new TokenConstraint(automaton, this.#trie);
    this.#constraints.set(name, constraint);
    return constraint;
  }

  #choices(
    request: CommonRequest,
    asked: {
      readonly field: string;
      readonly prompt: readonly number[];
      readonly group: string | null;
      readonly maxTokens: number | null;
    },
    ofEach: () => {
      readonly reader: ReplyReader;
      readonly marks: ReadonlyMap<number, string>;
      readonly topLogprobs: number | null;
      readonly constraint: TokenConstraint | null;
      readonly constrainedAfter: number | null;
      readonly around: ReplyChoiceOptions["around"];
    },
  ): ChoiceRequest[] {
    const { tokenizer } = this.#models;
    const { maxNewTokens, maxChoices, contextTokens } = this.#limits;
    const { prompt, group, field, maxTokens } = asked;
    const count = request.n ?? 1;
    if (count > maxChoices) throw invalidRequest("n", `Expected at most ${maxChoices}, got ${count}.`);
    if (prompt.length === 0) throw invalidRequest(field, "The text has no tokens.");
    if (prompt.length >= contextTokens) {
      throw invalidRequest(
        field,
        `The prompt has ${prompt.length} tokens; with its reply it may have ${contextTokens}.`,
        "context_length_exceeded",
      );
    }
    const bias = new Map(Object.entries(request.logit_bias ?? {}).map(([id, added]) => [Number(id), added]));
    const stop = typeof request.stop === "string" ? [request.stop] : (request.stop ?? []);
    const sampling = this.#sampling(request);
    return Array.from({ length: count }, (_, stream) => {
      const { reader, marks, around, constraint, ...choices } = ofEach();
      const chooser = new TokenChooser(
        {
          frequencyPenalty: request.frequency_penalty ?? 0,
          presencePenalty: request.presence_penalty ?? 0,
          bias,
          constraint: constraint?.begin() ?? null,
          ...choices,
        } satisfies TokenChoices,
        this.#stopIds,
        (id) => tokenizer.tokenBytes(id),
      );
      return {
        task: {
          prompt,
          group,
          sampling,
          stream,
          maxNewTokens: Math.min(maxTokens ?? maxNewTokens, contextTokens - prompt.length),
          stopIds: this.#stopIds,
          onLogits: chooser.onLogits,
        },
        choice: new ReplyChoice({ tokenizer, stop, stopIds: this.#stopIds, marks, chooser, reader, around }),
      };
    });
  }

  #sampling(request: CommonRequest): SamplingOptions {
    const { seed } = request;
    const defaults = { ...samplingDefaults, ...this.#defaults };
    return {
      temperature: request.temperature ?? defaults.temperature,
      topP: request.top_p ?? defaults.topP,
      topK: request.top_k ?? defaults.topK,
      repetitionPenalty: request.repetition_penalty ?? defaults.repetitionPenalty,
      // Negative ones count down from the largest.
      seed: seed == null ? randomInt(SEEDS) : seed < 0 ? Number.MAX_SAFE_INTEGER + 1 + seed : seed,
    };
  }
}

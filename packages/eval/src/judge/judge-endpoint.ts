import { setTimeout as sleep } from "node:timers/promises";
import { isRecord, JsonError, parseJson, type Phrase, phrase } from "@lathe/files";
import { MetricOptionError } from "../errors.js";
import { JudgeError } from "./judge-error.js";

/** A message of a chat. */
export interface JudgeMessage {
  readonly role: "system" | "user";
  readonly content: string;
}

/** Where a judge answers. */
export interface JudgeEndpointOptions {
  /** Address of an interface as OpenAI's: what comes before `/chat/completions`. */
  readonly url: string;
  /** Name of the model there. */
  readonly model: string;
  /** Goes along as a bearer token, to this address alone. @defaultValue none */
  readonly apiKey?: string | undefined;
  /** Tokens of an answer at most. @defaultValue 1024 */
  readonly maxTokens?: number | undefined;
  /** Seconds until an answer that has not come is asked for again. @defaultValue 120 */
  readonly timeoutSeconds?: number | undefined;
  /** Waits so many milliseconds; tests do not. */
  readonly wait?: ((milliseconds: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

/** What a judge answered. */
export interface JudgeReply {
  /** Empty where it said nothing. */
  readonly text: string;
  /** Tokens that were read and written, as the endpoint counts them; 0 where it does not. */
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Tries before an endpoint is given up. */
const ATTEMPTS = 6;
const FIRST_WAIT_MS = 500;
/** Longest time that an endpoint may ask to wait for. */
const LONGEST_WAIT_MS = 300_000;
/** Longest answer that is read. */
const BYTES_LIMIT = 8 * 1024 * 1024;

const isTemporary = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500;

/** A try that failed and may be made again. */
interface Failure {
  readonly reason: Phrase;
  readonly status: number | null;
  /** How long the endpoint asks to wait; null where it does not say. */
  readonly afterMs: number | null;
}

/** Asks a model behind an interface as OpenAI's, again where that may help. */
export class JudgeEndpoint {
  /** The address that is asked. */
  readonly address: string;
  readonly model: string;
  readonly #apiKey: string | undefined;
  /** Tokens of an answer at most. */
  readonly maxTokens: number;
  readonly #timeoutMs: number;
  readonly #wait: NonNullable<JudgeEndpointOptions["wait"]>;
  /** Until when nothing is asked, as the endpoint wished, in milliseconds. */
  #pausedUntil = 0;
  #retries = 0;

  /** @throws MetricOptionError for an address that is none, or that carries a key */
  constructor({ url, model, apiKey, maxTokens = 1024, timeoutSeconds = 120, wait }: JudgeEndpointOptions) {
    this.address = addressOf(url);
    this.model = model;
    this.#apiKey = apiKey === "" ? undefined : apiKey;
    this.maxTokens = maxTokens;
    this.#timeoutMs = timeoutSeconds * 1000;
    this.#wait = wait ?? (async (milliseconds, signal) => sleep(milliseconds, undefined, { signal }));
  }

  /** Tries that failed and were made again. */
  get retries(): number {
    return this.#retries;
  }

  /**
   * @throws JudgeError where the endpoint refuses, or does not answer however often it is asked
   * @throws the signal's reason when it aborts
   */
  async ask(messages: readonly JudgeMessage[], signal?: AbortSignal): Promise<JudgeReply> {
    for (let attempt = 1; ; attempt++) {
      const pause = this.#pausedUntil - Date.now();
      if (pause > 0) await this.#wait(pause, signal);
      signal?.throwIfAborted();
      const answer = await this.#try(messages, signal);
      if (!("reason" in answer)) return answer;
      const { reason, status, afterMs } = answer;
      if (attempt >= ATTEMPTS) {
        throw new JudgeError(
          phrase`the judge at ${this.address}: ${reason}; ${ATTEMPTS} tries got no answer: try again later, what was answered is kept`,
          status,
        );
      }
      this.#retries++;
      if (afterMs === null) await this.#wait(FIRST_WAIT_MS * 2 ** (attempt - 1), signal);
      else {
        // Where an endpoint says when to come back, that holds of all that is asked.
        const until = Date.now() + Math.min(LONGEST_WAIT_MS, afterMs);
        this.#pausedUntil = Math.max(this.#pausedUntil, until);
      }
    }
  }

  async #try(messages: readonly JudgeMessage[], signal?: AbortSignal): Promise<JudgeReply | Failure> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    const failed = (reason: Phrase, status: number | null, afterMs: number | null = null): Failure => ({
      reason,
      status,
      afterMs,
    });
    let response: Response;
    let body: string | null;
    try {
      response = await fetch(this.address, {
        method: "POST",
        // A key goes to the address that was named, whatever it redirects to.
        redirect: "manual",
        headers: {
          "content-type": "application/json",
          ...(this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` }),
        },
        body: JSON.stringify({
          model: this.model,
          messages,
          temperature: 0,
          max_tokens: this.maxTokens,
        }),
        signal: either,
      });
      body = await textOf(response);
    } catch (cause) {
      signal?.throwIfAborted();
      if (timeout.aborted) return failed(phrase`no answer within ${this.#timeoutMs / 1000} s`, null);
      return failed(phrase`not reached (${codeOf(cause)})`, null);
    }
    const { status, headers } = response;
    if (isTemporary(status)) {
      return failed(phrase`answered ${status}`, status, retryAfterMs(headers.get("retry-after"), Date.now()));
    }
    if (status !== 200) {
      throw new JudgeError(
        phrase`the judge at ${this.address}: answered ${status}: ${this.#said(body)}`,
        status,
      );
    }
    const reply = body === null ? null : replyOf(body);
    return reply ?? failed(phrase`answered with something that is no chat completion`, status);
  }

  /** The beginning of what an endpoint said, without the key, which some repeat. */
  #said(body: string | null): string {
    const text = (body ?? "").replaceAll(/\s+/g, " ").trim();
    const clean = this.#apiKey === undefined ? text : text.replaceAll(this.#apiKey, "…");
    return clean.slice(0, 300);
  }
}

/** @throws MetricOptionError */
function addressOf(url: string): string {
  const expected = phrase`an address such as http://127.0.0.1:8080/v1, without a key in it`;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isUsable =
    parsed !== null &&
    ["http:", "https:"].includes(parsed.protocol) &&
    parsed.username === "" &&
    parsed.password === "" &&
    parsed.search === "";
  // What was given may hold a key: it is not repeated.
  if (!isUsable) throw new MetricOptionError("judge.url", expected, parsed?.origin ?? "no address");
  const path = parsed.pathname.replace(/\/+$/, "");
  return `${parsed.origin}${path}${path.endsWith("/chat/completions") ? "" : "/chat/completions"}`;
}

/** The text of an answer; null where it is longer than any completion. */
async function textOf(response: Response): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > BYTES_LIMIT) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** What a chat completion says; null where it is none. */
function replyOf(body: string): JudgeReply | null {
  let value: unknown;
  try {
    value = parseJson(body);
  } catch (error) {
    if (error instanceof JsonError) return null;
    throw error;
  }
  const choices = isRecord(value) ? value["choices"] : null;
  const choice: unknown = Array.isArray(choices) ? choices[0] : null;
  const message = isRecord(choice) ? choice["message"] : null;
  if (!isRecord(value) || !isRecord(message)) return null;
  const { content } = message as { readonly content?: unknown };
  const usage = isRecord(value["usage"]) ? value["usage"] : {};
  const count = (key: string): number => {
    const number = usage[key];
    return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : 0;
  };
  return {
    text: typeof content === "string" ? content : "",
    promptTokens: count("prompt_tokens"),
    completionTokens: count("completion_tokens"),
  };
}

/** Milliseconds that a `Retry-After` asks for, in seconds or as a date; null where it does not say. */
function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}(\.\d{1,3})?$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** The code of a network error, else its message; the request, which holds the key, is in neither. */
function codeOf(error: unknown): string {
  const { cause, message } = error as {
    readonly cause?: { readonly code?: unknown };
    readonly message?: unknown;
  };
  const code = cause?.code;
  return typeof code === "string" ? code : typeof message === "string" ? message : "unknown";
}

import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { phrase } from "@lathe/files";
import type * as Undici from "undici";
import { HubError } from "../hub-error.js";
import type { ProxySettings } from "../settings/hub-settings.js";
import { RetryableError, retryAfter } from "./retryable.js";

/** Waits; tests do not. */
export type Wait = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** An answer whose body is still to be read. */
export interface HubAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Undici.Dispatcher.ResponseData["body"];
}

/** How requests are made. */
export interface HubHttpOptions {
  readonly proxies: ProxySettings;
  /** Origin that the token is for: no other gets it, whatever redirects say. */
  readonly origin: string;
  readonly token: string | null;
  readonly wait?: Wait | undefined;
  /** Milliseconds without a byte either way after which a connection is given up. @defaultValue a minute */
  readonly silenceMs?: number | undefined;
}

/** What is asked. */
export interface HubRequest {
  readonly method?: "GET" | "HEAD" | "PUT" | undefined;
  /** What is put. */
  readonly body?: Uint8Array | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Gives the headers that say who asks, for every address on the way: a redirect leads to another one. */
  readonly sign?: SignRequest | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Headers that say who asks an address for something; none for an address that is not to know. */
export type SignRequest = (url: URL, method: string) => Promise<Readonly<Record<string, string>>>;

const REDIRECTS = 6;
const CONNECT_MS = 20_000;
const SILENCE_MS = 60_000;

/** Tries before an address that does not answer is given up. */
const ATTEMPTS = 5;

const FIRST_WAIT_MS = 500;

/** Longest time that a hub may ask to wait for. */
const LONGEST_WAIT_MS = 300_000;

/** Largest listing that is read, in bytes. */
const TEXT_LIMIT = 64_000_000;

const isRetryable = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** Asks a hub, through proxies where they are set. Follows redirects itself, so that a token goes to its own origin alone. */
export class HubHttp {
  readonly #settings: Undici.EnvHttpProxyAgent.Options;
  #agent: Undici.EnvHttpProxyAgent | null = null;
  readonly #origin: string;
  readonly #token: string | null;
  readonly #wait: Wait;

  constructor({ proxies, origin, token, wait, silenceMs = SILENCE_MS }: HubHttpOptions) {
    this.#settings = {
      // What is not set is not taken from the environment of the process either.
      httpProxy: proxies.http ?? "",
      httpsProxy: proxies.https ?? "",
      noProxy: proxies.none ?? "",
      connect: { timeout: CONNECT_MS },
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    };
    this.#origin = new URL(origin).origin;
    this.#token = token;
    this.#wait = wait ?? (async (milliseconds, signal) => sleep(milliseconds, undefined, { signal }));
  }

  /**
   * What makes connections. It is not loaded before something is asked: with it comes a parser in WebAssembly, whose memory is ten gigabytes
   * of addresses, which a process whose addresses are limited does not have.
   */
  async #connections(): Promise<{
    readonly undici: typeof Undici;
    readonly agent: Undici.EnvHttpProxyAgent;
  }> {
    const undici = await import("undici");
    this.#agent ??= new undici.EnvHttpProxyAgent(this.#settings);
    return { undici, agent: this.#agent };
  }

  /** Whether a token goes along. */
  get hasToken(): boolean {
    return this.#token !== null;
  }

  /**
   * One try. The caller reads the body or drops it.
   * @throws RetryableError where trying again may help   @throws HubError where a redirect leads nowhere
   */
  async open(
    address: string,
    { method = "GET", body, headers = {}, sign, signal }: HubRequest = {},
  ): Promise<HubAnswer> {
    const { undici, agent } = await this.#connections();
    let url = new URL(address);
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      const authorization: Record<string, string> =
        this.#token !== null && url.origin === this.#origin ? { authorization: `Bearer ${this.#token}` } : {};
      const signed = await sign?.(url, method);
      const answer = await undici
        .request(url, {
          method,
          body: body === undefined ? null : Readable.from(piecesOf(body)),
          headers: {
            "user-agent": "lathe",
            "accept-encoding": "identity",
            ...(body === undefined ? {} : { "content-length": String(body.length) }),
            ...headers,
            ...authorization,
            ...signed,
          },
          dispatcher: agent,
          signal: signal ?? null,
        })
        .catch((cause: unknown) => {
          signal?.throwIfAborted();
          throw new RetryableError(phrase`${url.host} was not reached: ${faultOf(cause)}`, null, { cause });
        });
      const shown = Object.fromEntries(
        Object.entries(answer.headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value[0] : value,
        ]),
      );
      const { location } = shown;
      if (answer.statusCode >= 300 && answer.statusCode < 400 && location !== undefined) {
        await answer.body.dump();
        url = nextUrl(location, url);
        continue;
      }
      if (isRetryable(answer.statusCode)) {
        await answer.body.dump();
        const after = retryAfter(shown["retry-after"], Date.now());
        throw new RetryableError(phrase`${url.host} answered ${answer.statusCode}`, after);
      }
      return { status: answer.statusCode, headers: shown, body: answer.body };
    }
    throw new HubError("network", phrase`${new URL(address).host} redirects without an end`);
  }

  /**
   * Does work that may fail for a moment, until it is done or has failed so often in a row without getting on.
   * @param progressed how far the work is: what got further may fail again
   * @throws HubError when it does not get on
   */
  async persist<Result>(
    work: () => Promise<Result>,
    signal?: AbortSignal,
    progressed: () => number = () => 0,
  ): Promise<Result> {
    let far = progressed();
    for (let attempt = 1; ; attempt++) {
      try {
        signal?.throwIfAborted();
        return await work();
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        if (progressed() > far) attempt = 1;
        far = progressed();
        if (attempt >= ATTEMPTS) {
          throw new HubError("network", phrase`${error.reason}; ${ATTEMPTS} tries got no further`, {
            cause: error,
          });
        }
        const usual = FIRST_WAIT_MS * 2 ** (attempt - 1);
        await this.#wait(Math.min(LONGEST_WAIT_MS, error.afterMs ?? usual), signal);
      }
    }
  }

  /**
   * As the platform's `fetch`, for a library that makes its own requests: through the proxies, and again where a moment later may
   * help. What is sent has to be a text or a `Blob`, which can be sent twice. The token is the library's to add.
   * @throws HubError when it does not get on
   */
  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const signal = init?.signal ?? undefined;
    const url = new URL(input instanceof Request ? input.url : input);
    const { undici, agent } = await this.#connections();
    return await this.persist(async () => {
      // Its types are those of another version than the platform's.
      const answer: unknown = await undici
        .fetch(url, { ...(init as Parameters<typeof undici.fetch>[1]), dispatcher: agent })
        .catch((cause: unknown) => {
          signal?.throwIfAborted();
          const reason = (cause as Error).cause ?? cause;
          throw new RetryableError(phrase`${url.host} was not reached: ${faultOf(reason)}`, null, { cause });
        });
      const response = answer as Response;
      if (!isRetryable(response.status)) return response;
      await response.body?.cancel();
      const after = retryAfter(response.headers.get("retry-after") ?? undefined, Date.now());
      throw new RetryableError(phrase`${url.host} answered ${response.status}`, after);
    }, signal);
  };

  /** The text of an answer of bounded size. */
  async text(answer: HubAnswer): Promise<string> {
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const part of answer.body as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > TEXT_LIMIT)
          throw new HubError("damaged", phrase`the hub's answer is larger than ${TEXT_LIMIT} bytes`);
        parts.push(part);
      }
    } catch (cause) {
      if (cause instanceof HubError) throw cause;
      throw new RetryableError(phrase`the hub's answer was cut: ${faultOf(cause)}`, null, { cause });
    }
    return Buffer.concat(parts).toString("utf8");
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await this.#agent?.destroy();
  }
}

/** Bytes of a body that are handed on at a time. */
const PIECE_BYTES = 65_536;

/** A body piece by piece: of one that is handed on as a whole no progress is seen, and its sending would count as silence. */
function* piecesOf(body: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < body.length; from += PIECE_BYTES) yield body.subarray(from, from + PIECE_BYTES);
}

function nextUrl(location: string, from: URL): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (next && (next.protocol === "https:" || next.protocol === from.protocol)) return next;
  throw new HubError(
    "network",
    phrase`${from.host} redirects to an address that is not taken: ${location.slice(0, 200)}`,
  );
}

/** The code of a network error, else its message: never the request, which may hold a token. */
function faultOf(cause: unknown): string {
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown };
  return typeof code === "string" ? code : typeof message === "string" ? message : "unknown";
}

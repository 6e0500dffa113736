import type { FaultReply } from "../api.js";
import { requestHeaders } from "./request-headers.js";

/** An answer of the server that is a refusal. */
export class RefusedError extends Error {
  constructor(
    /** Of HTTP. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Milliseconds after which a server that does not answer is asked again. */
const PATIENCE = 20_000;

/** Asks the server for a member, whose secret goes along with every request. */
export class Client {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** @throws RefusedError when the server refuses, what `fetch` throws when it does not answer */
  async get<Reply>(path: string): Promise<Reply> {
    return (await this.#ask(path, {})).json() as Promise<Reply>;
  }

  /** @throws as {@link get} does */
  async post<Reply>(path: string, body: unknown): Promise<Reply> {
    const response = await this.#ask(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return response.json() as Promise<Reply>;
  }

  /** @throws as {@link get} does */
  async file(path: string): Promise<Blob> {
    return (await this.#ask(path, {})).blob();
  }

  /** What the server says over time to what is posted, until the signal aborts. @throws as {@link get} does */
  async stream(path: string, body: unknown, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const init = {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    };
    return (await this.#ask(path, init, signal)).body!;
  }

  async #ask(
    path: string,
    { headers = {}, ...init }: RequestInit & { readonly headers?: Record<string, string> },
    signal: AbortSignal = AbortSignal.timeout(PATIENCE),
  ): Promise<Response> {
    const response = await fetch(path, {
      ...init,
      headers: { ...headers, ...requestHeaders(this.#secret) },
      signal,
    });
    if (response.ok) return response;
    const { error } = (await response
      .json()
      .catch(() => ({ error: { message: response.statusText } }))) as FaultReply;
    throw new RefusedError(response.status, error.message);
  }
}

/** Whether asking again may help: no answer, or one of a server that cannot just now. */
export const isPassing = (error: unknown): boolean => !(error instanceof RefusedError) || error.status >= 500;

import type { AnswerReply, AnswerRequest } from "../api.js";
import type { BrowserStore } from "./browser-store.js";
import { type Client, isPassing } from "./client.js";
import { connectionOr } from "./connection-or.js";

const KEY = "outbox:";

/** Milliseconds between tries to send. */
const WAITS = [500, 1000, 2000, 4000, 8000];

/** Sends answers until they are acknowledged, also over a browser that closes meanwhile. */
export class Outbox {
  constructor(
    readonly client: Client,
    readonly store: BrowserStore,
  ) {}

  /** Answers that were not acknowledged when the page was left. */
  waiting(): AnswerRequest[] {
    return this.store.keys(KEY).flatMap((key) => this.store.get<AnswerRequest>(key) ?? []);
  }

  /**
   * @param onWait called when an answer could not be sent, before it is tried again
   * @throws RefusedError when the server will not have it
   */
  async send(answer: AnswerRequest, onWait: () => void): Promise<AnswerReply> {
    const key = KEY + answer.client;
    this.store.set(key, answer);
    for (let attempt = 0; ; attempt++) {
      try {
        const reply = await this.client.post<AnswerReply>("/api/answers", answer);
        this.store.remove(key);
        return reply;
      } catch (error) {
        if (!isPassing(error)) {
          this.store.remove(key);
          throw error;
        }
        onWait();
        await connectionOr(WAITS[Math.min(attempt, WAITS.length - 1)]);
      }
    }
  }
}

/** An id that no other answer has. `randomUUID` would need https where the host is not this machine. */
export function newClientId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

import type { FinishReason } from "@lathe/model";
import { Channel } from "./channel.js";
import type { ReplyChoice, ReplyPiece } from "./reply-choice.js";
import type { ReplyScheduler, ReplyTask } from "./reply-scheduler.js";

/** One of the replies to a request. */
export interface ChoiceRequest {
  readonly task: Omit<ReplyTask, "onBegin" | "onToken" | "onEnd" | "signal">;
  readonly choice: ReplyChoice;
}

/** Something that happened to one of the replies. */
export type ReplyEvent = { readonly index: number } & (
  | { readonly type: "begin"; readonly cachedTokens: number }
  | ({ readonly type: "piece" } & ReplyPiece)
  | { readonly type: "end"; readonly finishReason: FinishReason; readonly tokens: number }
);

/** That a reply has begun, and its first token, are told at once. */
const FIRST_EVENTS = 2;

/**
 * Milliseconds in which tokens behind them are gathered: readers see no difference, and to write each by itself takes a server of small
 * models longer than to compute it.
 */
const GATHERED = 20;

/**
 * Has replies computed and tells what happens to them, all that has happened since it was last asked for: of a step what came to each
 * of them, and what came of several steps to one who was slow to ask. They are taken up at once; when one fails, so do the others, and
 * when no more is asked for, they end.
 *
 * @param onSettled is called once all of them have left the scheduler, whether anybody listened or not, with how many came to their end
 * @throws OverloadedError, StoppingError at once; later, from the events, what fails a reply and the signal's reason
 */
export function startReplies(
  scheduler: ReplyScheduler,
  requests: readonly ChoiceRequest[],
  signal: AbortSignal,
  onSettled: (finished: number) => void,
): AsyncGenerator<readonly ReplyEvent[], void, undefined> {
  const channel = new Channel<ReplyEvent>();
  const leaving = new AbortController();
  const either = AbortSignal.any([signal, leaving.signal]);
  let open = requests.length;
  let finished = 0;
  const tasks = requests.map(({ task, choice }, index): ReplyTask => ({
    ...task,
    signal: either,
    onBegin: (cachedTokens) => channel.push({ index, type: "begin", cachedTokens }),
    onToken: (id) => {
      const { parts, logprob, isEnded } = choice.push(id);
      if (parts.length > 0 || logprob) channel.push({ index, type: "piece", parts, logprob });
      return isEnded;
    },
    onEnd: (end) => {
      open--;
      if ("error" in end) {
        channel.end(end);
        leaving.abort();
      } else {
        finished++;
        const parts = choice.end();
        if (parts.length > 0) channel.push({ index, type: "piece", parts, logprob: null });
        channel.push({ index, type: "end", finishReason: end.finishReason, tokens: choice.tokens });
      }
      if (open > 0) return;
      channel.end();
      onSettled(finished);
    },
  }));
  scheduler.submit(tasks);
  return (async function* events() {
    try {
      yield* channel.receive(FIRST_EVENTS, GATHERED);
    } finally {
      leaving.abort();
    }
  })();
}

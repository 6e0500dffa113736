import type { FinishReason } from "@lathe/model";
import { expect, it } from "vitest";
import type { ReplyChoice } from "./reply-choice.js";
import { type ReplyEvent, startReplies } from "./reply-events.js";
import type { ReplyScheduler, ReplyTask } from "./reply-scheduler.js";

/** A scheduler that computes nothing: the test says what happens to its tasks. */
function taken(count: number) {
  const tasks: ReplyTask[] = [];
  const scheduler = { submit: (more: readonly ReplyTask[]) => void tasks.push(...more) };
  const control = new AbortController();
  const settled: number[] = [];
  const choice = {
    tokens: 1,
    push: () => ({ parts: [{ kind: "content", text: "a" }], logprob: null, isEnded: false }),
    end: () => [],
  };
  const events = startReplies(
    scheduler as unknown as ReplyScheduler,
    Array.from({ length: count }, () => ({ task: {} as never, choice: choice as unknown as ReplyChoice })),
    control.signal,
    (finished) => settled.push(finished),
  );
  const end = (index: number, finishReason: FinishReason = "stop"): void =>
    tasks[index].onEnd({ finishReason });
  return { tasks, control, settled, events, end };
}

it("says once that all have ended, also when nobody has listened to any event", async () => {
  const { events, settled, end, tasks } = taken(2);
  // A client that goes before it has read anything: the events are never begun, so nothing in them is run.
  await events.return();
  tasks[0].onToken(1);
  end(0);
  expect(settled).toEqual([]);
  end(1);
  expect(settled).toEqual([2]);
});

it("tells at once what came of one step, and what came of several while nobody asked", async () => {
  const { events, end, tasks } = taken(3);
  for (const task of tasks) task.onBegin?.(0);
  const typesOf = async (): Promise<ReplyEvent["type"][] | null> => {
    const { done, value } = await events.next();
    return done === true ? null : value.map(({ type }) => type);
  };
  expect(await typesOf()).toEqual(["begin", "begin", "begin"]);
  const asked = typesOf();
  for (const task of tasks) task.onToken(1);
  expect(await asked).toEqual(["piece", "piece", "piece"]);
  for (let step = 0; step < 2; step++) for (const task of tasks) task.onToken(1);
  for (const index of [0, 1, 2]) end(index);
  const rest = await typesOf();
  expect(rest).toEqual([...Array.from({ length: 6 }, () => "piece"), "end", "end", "end"]);
  expect(await typesOf()).toBeNull();
});

it("tells of those that failed, and ends the others by their signal", async () => {
  const { events, settled, end, tasks, control } = taken(3);
  const heard = (async () => {
    const types: ReplyEvent["type"][] = [];
    try {
      for await (const batch of events) types.push(...batch.map(({ type }) => type));
    } catch (error) {
      return [types, error];
    }
    return [types];
  })();
  tasks[0].onBegin?.(0);
  end(0);
  control.abort(new Error("gone"));
  expect(tasks.every(({ signal }) => signal.aborted)).toBe(true);
  tasks[1].onEnd({ error: control.signal.reason });
  tasks[2].onEnd({ error: control.signal.reason });
  expect(await heard).toEqual([["begin", "end"], control.signal.reason]);
  expect(settled).toEqual([1]);
});

import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { Channel } from "./channel.js";

/** As long as no test runs. */
const FOR_EVER = 3_600_000;

it("gives the first values as they come, and gathers those behind them until it ends", async () => {
  const channel = new Channel<number>();
  const given = channel.receive(2, FOR_EVER);
  const next = async (): Promise<unknown> => (await given.next()).value;
  channel.push(1);
  expect(await next()).toEqual([1]);
  channel.push(2);
  channel.push(3);
  expect(await next()).toEqual([2, 3]);
  const gathered = next();
  let isGiven = false;
  void gathered.then(() => (isGiven = true));
  channel.push(4);
  await delay(20);
  channel.push(5);
  expect(isGiven).toBe(false);
  channel.end();
  channel.push(6);
  expect(await gathered).toEqual([4, 5]);
  expect(await given.next()).toEqual({ done: true, value: undefined });
});

it("gives what was gathered when the pause is over", async () => {
  const channel = new Channel<number>();
  const given = channel.receive(0, 5);
  channel.push(1);
  await given.next();
  channel.push(2);
  channel.push(3);
  expect(await given.next()).toEqual({ done: false, value: [2, 3] });
});

it("throws the error that it ended with behind what was sent", async () => {
  const channel = new Channel<number>();
  channel.push(1);
  channel.end({ error: new Error("broken") });
  const given = channel.receive(0, FOR_EVER);
  expect((await given.next()).value).toEqual([1]);
  await expect(given.next()).rejects.toThrow("broken");
});

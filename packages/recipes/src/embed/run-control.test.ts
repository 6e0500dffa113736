import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { finetune } from "../finetune.js";
import type { RecipeEvent } from "../recipe-event.js";
import { adapterOf, temporaryFolder, tinyModel } from "../testing/folders.js";
import { RunControl } from "./run-control.js";

const data = Array.from({ length: 8 }, (_, row) => ({
  input_ids: Array.from({ length: 6 }, (_, i) => (row * 31 + i * 7) % 320),
}));
const options = {
  model: tinyModel("qwen2"),
  data,
  lora: { dropout: 0.2 },
  train: { maxSteps: 4, batchSize: 2, gradientAccumulation: 1, learningRate: 0.01 },
};

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

describe("RunControl", () => {
  it("lets no step begin while it is paused, and changes no bit", async () => {
    const whole = join(folder, "whole");
    for await (const _ of finetune({ ...options, output: whole }));
    const output = join(folder, "paused");
    const control = new RunControl();
    const events: RecipeEvent[] = [];
    const run = finetune({ ...options, output, control, onEvent: (event) => events.push(event) });
    await run.next();
    await run.next();
    control.pause();
    control.pause();
    let isSettled = false;
    const third = run.next().finally(() => (isSettled = true));
    // A step of this model takes a few turns.
    for (let turn = 0; turn < 500; turn++) await setImmediate();
    const lines = (await readFile(join(output, "metrics.jsonl"), "utf8")).trim().split("\n");
    expect([isSettled, lines.length, control.isPaused]).toEqual([false, 2, true]);
    control.resume();
    expect((await third).value).toMatchObject({ step: 3 });
    for await (const _ of run);
    expect(events.filter(({ type }) => type === "paused" || type === "unpaused")).toEqual([
      { type: "paused", step: 2 },
      { type: "unpaused", step: 2 },
    ]);
    expect(await adapterOf(output)).toEqual(await adapterOf(whole));
  });

  it("ends a paused run with a checkpoint, from which it goes on to the same bits", async () => {
    const whole = join(folder, "whole-again");
    for await (const _ of finetune({ ...options, output: whole }));
    const output = join(folder, "aborted");
    const control = new RunControl();
    const run = finetune({ ...options, output, control, signal: new AbortController().signal });
    await run.next();
    control.pause();
    const second = run.next();
    control.abort();
    expect(await second).toMatchObject({ done: true, value: { interrupted: true, steps: 1 } });
    for await (const _ of finetune({ output, data, resume: true }));
    expect(await adapterOf(output)).toEqual(await adapterOf(whole));
  });

  it("is heard by those who listen until they stop", () => {
    const control = new RunControl();
    const heard: string[] = [];
    const stop = control.listen((order) => heard.push(order));
    control.pause();
    control.resume();
    control.resume();
    control.abort("enough");
    control.abort();
    stop();
    control.pause();
    expect(heard).toEqual(["pause", "resume", "abort"]);
    expect(control.signal.reason).toBe("enough");
  });
});

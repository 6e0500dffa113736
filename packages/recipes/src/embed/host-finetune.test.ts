/** A thread runs the built package. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { RecipeEvent } from "../recipe-event.js";
import { adapterOf, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import type * as Recipes from "../index.js";
import { carryError, errorCarried } from "./carried-error.js";

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
let recipes: typeof Recipes;
let folder: string;
let data: string;
const model = tinyModel("qwen2");
const train = { maxSteps: 4, batchSize: 2, gradientAccumulation: 1, learningRate: 0.01 };
const rows = Array.from({ length: 8 }, (_, row) => ({
  input_ids: Array.from({ length: 6 }, (_, i) => (row * 31 + i * 7) % 320),
}));

beforeAll(async () => {
  if (!existsSync(built)) throw new Error("build the packages first: npm run build");
  recipes = (await import(built)) as typeof Recipes;
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
});

/** What is the same in every run, of a report or a summary. */
function lasting(value: object): object {
  const changing = ["seconds", "tokensPerSecond", "memory", "plan", "passport", "run", "adapter"];
  const isOfRun = (key: string): boolean =>
    changing.includes(key) || key.endsWith("Bytes") || key === "checkpoint";
  return Object.fromEntries(Object.entries(value).filter(([key]) => !isOfRun(key)));
}

async function finish(
  run: ReturnType<typeof Recipes.finetune>,
): Promise<{ reports: object[]; summary: object }> {
  const reports: object[] = [];
  for (let next = await run.next(); ; next = await run.next()) {
    if (next.done) return { reports, summary: lasting(next.value) };
    reports.push(lasting(next.value));
  }
}

describe("hostFinetune", () => {
  it("yields and returns what finetune does, with the same events and to the same bits", async () => {
    const [here, there] = [join(folder, "here"), join(folder, "there")];
    const [eventsHere, eventsThere]: RecipeEvent[][] = [[], []];
    const options = { model, data, validation: rows, lora: { dropout: 0.2 }, train };
    const own = await finish(
      recipes.finetune({ ...options, output: here, onEvent: (event) => eventsHere.push(event) }),
    );
    const hosted = await finish(
      recipes.hostFinetune({ ...options, output: there, onEvent: (event) => eventsThere.push(event) }),
    );
    expect(hosted).toEqual(own);
    expect(eventsThere).toHaveLength(eventsHere.length);
    const unmeasured = (events: RecipeEvent[]): RecipeEvent[] =>
      events.filter(({ type }) => type !== "memory" && type !== "plan-corrected");
    expect(unmeasured(eventsThere)).toEqual(unmeasured(eventsHere));
    expect(await adapterOf(there)).toEqual(await adapterOf(here));
  });

  it("pauses in the thread, and leaves a checkpoint to resume from when it is aborted", async () => {
    const whole = join(folder, "whole");
    await finish(recipes.finetune({ model, data, output: whole, train }));
    const output = join(folder, "aborted");
    const control = new recipes.RunControl();
    const types: string[] = [];
    const run = recipes.hostFinetune({
      model,
      data,
      output,
      train,
      control,
      onEvent: ({ type }) => types.push(type),
    });
    expect((await run.next()).value).toMatchObject({ step: 1 });
    control.pause();
    const second = run.next();
    while (!types.includes("paused")) await setImmediate();
    control.resume();
    expect((await second).value).toMatchObject({ step: 2 });
    expect(types).toContain("unpaused");
    control.abort();
    expect(await run.next()).toMatchObject({ done: true, value: { interrupted: true, steps: 2 } });
    await finish(recipes.hostFinetune({ output, resume: true }));
    expect(await adapterOf(output)).toEqual(await adapterOf(whole));
  });

  it("frees the run when its loop is left, and lets the main thread work on while it trains", async () => {
    const output = join(folder, "left");
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    for await (const { step } of recipes.hostFinetune({ model, data, output, train })) if (step === 2) break;
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    await finish(recipes.finetune({ model, data, output, train, overwrite: true }));
  });

  it("throws what a listener throws, and frees the run", async () => {
    const output = join(folder, "listened");
    const wrong = new Error("a listener's own");
    const onEvent = ({ type }: RecipeEvent): void => {
      if (type === "parameters") throw wrong;
    };
    await expect(recipes.hostFinetune({ model, data, output, train, onEvent }).next()).rejects.toBe(wrong);
    await finish(recipes.finetune({ model, data, output, train, overwrite: true }));
  });

  it("throws the very reason of an abort that comes before the first step", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const run = recipes.hostFinetune({
      model,
      data,
      train,
      signal: controller.signal,
      onEvent: () => controller.abort(reason),
    });
    await expect(run.next()).rejects.toBe(reason);
    await expect(recipes.hostFinetune({ model, data, signal: controller.signal }).next()).rejects.toBe(
      reason,
    );
  });

  it("refuses by field what no thread can be handed", async () => {
    const opened = await recipes.openModel(model);
    const options = { model: opened, data: new Set(rows), train } as never;
    await expect(recipes.hostFinetune(options).next()).rejects.toMatchObject({ fields: ["model", "data"] });
    opened.dispose();
  });

  it("throws errors of the same class with the same fields, sentences and causes", async () => {
    const broken = join(folder, "broken.jsonl");
    await writeFile(broken, "{}\n".repeat(3));
    for (const options of [
      { model, data, lora: { rank: 0 } },
      { model, data: join(folder, "none.jsonl") },
      { model: folder, data },
      { model, data: broken },
      { output: join(folder, "no-run"), resume: true },
    ]) {
      const errorOf = (run: ReturnType<typeof Recipes.finetune>): Promise<Error> =>
        run.next().then(
          () => expect.unreachable(),
          (error: unknown) => error as Error,
        );
      const own = await errorOf(recipes.finetune(options));
      const carried = await errorOf(recipes.hostFinetune(options));
      expect(Object.getPrototypeOf(carried)).toBe(Object.getPrototypeOf(own));
      expect({ ...carried, message: carried.message, name: carried.name }).toEqual({
        ...own,
        message: own.message,
        name: own.name,
      });
      expect((carried as Recipes.RecipeError).phrases()).toEqual((own as Recipes.RecipeError).phrases());
      expect(carried.stack).toMatch(/dist.*\.js:\d+/);
    }
  });
});

describe("carryError", () => {
  it("carries what was thrown by others, with what can be carried of its fields and its causes", () => {
    const cause = Object.assign(new TypeError("no such thing"), { code: "E1", self: () => 1 });
    const error = errorCarried(structuredClone(carryError(new Error("broken", { cause }))));
    expect([error.name, error.message]).toEqual(["Error", "broken"]);
    expect(error.cause).toMatchObject({ name: "TypeError", message: "no such thing", code: "E1" });
    expect(error.cause).not.toHaveProperty("self");
    expect(errorCarried(carryError("a text")).message).toBe("a text");
  });
});

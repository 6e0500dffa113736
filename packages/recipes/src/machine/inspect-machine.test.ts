import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { totalmem } from "node:os";
import { sayPhrase } from "@lathe/files";
import { listEngines } from "@lathe/tensor";
import { expect, it } from "vitest";
import type { RecipeEvent } from "../recipe-event.js";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import { inspectMachine } from "./inspect-machine.js";

it("starts the engine that is asked for, tells so, and finds all others", async () => {
  const told: RecipeEvent[] = [];
  const machine = await inspectMachine({ engine: "cpu", onEvent: (event) => told.push(event) });
  expect(machine.engine).toMatchObject({ name: "cpu", precision: "fp32" });
  expect(told).toMatchObject([{ type: "engine", engine: { name: "cpu" } }]);
  expect(machine.engines.map(({ name }) => name)).toEqual(listEngines().map(({ name }) => name));
  for (const { reason, description, precisions } of machine.engines) {
    expect(sayPhrase(description)).not.toBe("");
    expect(precisions.length).toBeGreaterThan(0);
    expect(reason === null || sayPhrase(reason) !== "").toBe(true);
  }
  expect(machine.engines.find(({ name }) => name === "cpu")!.reason).toBeNull();
});

it("counts memory so that parts do not exceed the whole", async () => {
  const { memory, tensorMemory } = await inspectMachine({ engine: "cpu" });
  expect(memory.totalBytes).toBe(totalmem());
  expect(memory.freeBytes).toBeLessThan(memory.totalBytes);
  expect(memory.processBytes).toBeLessThan(memory.totalBytes);
  // The greatest so far is asked for after the present size.
  expect(memory.peakProcessBytes).toBeGreaterThanOrEqual(memory.processBytes * 0.9);
  expect(tensorMemory.peakBytes).toBeGreaterThanOrEqual(tensorMemory.bytes);
});

it("names the versions of this package, of those it stands on and of the tensors' library", async () => {
  const { versions } = await inspectMachine({ engine: "cpu" });
  const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
    dependencies: Record<string, string>;
  };
  expect(Object.keys(versions)).toEqual([
    "@lathe/recipes",
    ...Object.keys(manifest.dependencies),
    "@tensorflow/tfjs-core",
  ]);
  expect(versions).toMatchObject({
    "@lathe/recipes": manifest.version,
    "@lathe/tensor": manifest.version,
    "@tensorflow/tfjs-core": expect.stringMatching(/^4\./),
  });
});

it("holds the machine to a model and rows where they are given, and to nothing else", async () => {
  const bare = await inspectMachine({ engine: "cpu" });
  expect([bare.model, bare.rules]).toEqual([null, []]);
  const data = await writeJsonl(join(await temporaryFolder(), "rows.jsonl"), [{ text: "a" }]);
  const held = await inspectMachine({ engine: "cpu", model: storiesModel, data });
  expect(held.model).toMatchObject({ path: storiesModel, parameters: 260_032 });
  expect(held.rules.map(({ name }) => name)).toEqual(["graphics-memory", "disk", "memory"]);
});

it("refuses an engine that there is not, and a model that is none, by what is wrong", async () => {
  await expect(inspectMachine({ engine: "abacus" })).rejects.toThrow("engine abacus is unknown");
  await expect(inspectMachine({ engine: "cpu", model: await temporaryFolder() })).rejects.toThrow(
    "config.json",
  );
});

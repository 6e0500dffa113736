import { stat, statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { readModelConfig } from "@lathe/model";
import { expect, it } from "vitest";
import { machineRules } from "./machine-rules.js";
import { parameterCount } from "./memory/weight-bytes.js";
import { temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";

const model = tinyModel("llama");

it("holds a card to twice the parameters in half precision, and says nothing of a card that is not there", async () => {
  const needed = 4 * parameterCount(await readModelConfig(model));
  const verdicts = [needed, needed + 1, null].map(async (cardBytes) => {
    const [card] = await machineRules({ model, cardBytes });
    expect(card).toMatchObject({ name: "graphics-memory", neededBytes: needed, presentBytes: cardBytes });
    return card.holds;
  });
  expect(await Promise.all(verdicts)).toEqual([false, true, null]);
});

it("holds memory to three times the rows, and the disk to a merged model and checkpoints", async () => {
  const folder = await temporaryFolder();
  const data = await writeJsonl(join(folder, "rows.jsonl"), [{ text: "a" }, { text: "b" }]);
  const [, disk, memory] = await machineRules({ model, data, cardBytes: null, output: folder });
  expect(memory).toMatchObject({ name: "memory", neededBytes: 3 * (await stat(data)).size, holds: true });
  expect(memory.presentBytes).toBeLessThanOrEqual(totalmem());
  expect(disk.name).toBe("disk");
  expect(disk.neededBytes).toBeGreaterThan((await stat(join(model, "model.safetensors"))).size);
  const { blocks, bsize } = await statfs(folder);
  expect(disk.presentBytes).toBeLessThanOrEqual(blocks * bsize);
  expect(disk.holds).toBe(true);
});

it("says which file of rows is missing", async () => {
  const data = join(await temporaryFolder(), "rows.jsonl");
  await expect(machineRules({ data, cardBytes: null })).rejects.toThrow(data);
  expect(await machineRules({ cardBytes: null })).toEqual([]);
});

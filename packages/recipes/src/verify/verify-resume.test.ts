/** Processes that are killed run the built package. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { finetune } from "../finetune.js";
import type { RecipeEvent } from "../recipe-event.js";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { firstDifference } from "./first-difference.js";
import type { verifyResume as VerifyResume } from "./verify-resume.js";

vi.setConfig({ testTimeout: 240_000 });

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
let verifyResume: typeof VerifyResume;
let folder: string;
let data: string;
const model = tinyModel("qwen2");
const train = { batchSize: 2, gradientAccumulation: 1, learningRate: 0.01, seed: 3 };

beforeAll(async () => {
  if (!existsSync(built)) throw new Error("build the packages first: npm run build");
  ({ verifyResume } = (await import(built)) as { verifyResume: typeof VerifyResume });
  folder = await temporaryFolder();
  const rows = Array.from({ length: 12 }, (_, row) => ({
    input_ids: Array.from({ length: 8 }, (_, i) => (row * 31 + i * 7) % 320),
  }));
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
});

/** Flips the last bit of a file of a run's newest checkpoint, and makes its state say that it was written so. */
function forge(run: string, file: string): void {
  const steps = readdirSync(join(run, "checkpoints")).filter((name) => name.startsWith("step-"));
  const newest = Math.max(...steps.map((name) => Number(name.slice(5))));
  const place = join(run, "checkpoints", `step-${newest}`);
  const bytes = readFileSync(join(place, file));
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(join(place, file), bytes);
  const state = JSON.parse(readFileSync(join(place, "state.json"), "utf8")) as Record<string, unknown>;
  const hash = (contents: Buffer | string): string => createHash("sha256").update(contents).digest("hex");
  const { sha256: _sha256, ...rest } = state;
  (rest["files"] as Record<string, string>)[file] = hash(bytes);
  writeFileSync(join(place, "state.json"), JSON.stringify({ ...rest, sha256: hash(JSON.stringify(rest)) }));
}

const ownFolders = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("lathe-verify-resume-"));

describe("verifyResume", () => {
  it("finds the same bits after kills, and leaves nothing", async () => {
    const before = await ownFolders();
    const events: RecipeEvent[] = [];
    const options = { model, data, train, lora: { dropout: 0.2 }, kills: 3, steps: 6 };
    const verification = await verifyResume({ ...options, onEvent: (event) => events.push(event) });
    expect(verification).toEqual({ kills: 3, equal: true, steps: 6, difference: null });
    expect(events.flatMap((event) => (event.type === "killed" ? [event.kill] : []))).toEqual([1, 2, 3]);
    expect(await ownFolders()).toEqual(before);
  });

  it("names the first tensor where a bit differs", async () => {
    const onEvent = (event: RecipeEvent): void => {
      if (event.type === "killed" && event.checkpoints > 0) {
        forge(event.run, "adapter/adapter_model.safetensors");
      }
    };
    const verification = await verifyResume({ model, data, train, kills: 6, steps: 6, onEvent });
    expect(verification.equal).toBe(false);
    const { file, place } = verification.difference!;
    expect(file).toBe(join("checkpoints/step-6/adapter/adapter_model.safetensors"));
    expect(place).toMatch(/^base_model\..*lora_[AB]\.weight$/);
  });

  it("names the field at fault, and passes on what a run refuses", async () => {
    await expect(verifyResume({ model, data, kills: 0 })).rejects.toMatchObject({ fields: ["kills"] });
    await expect(verifyResume({ model, data, lora: { rank: 0 } })).rejects.toMatchObject({
      name: "RecipeError",
      fields: ["lora.rank"],
    });
    await expect(verifyResume({ model, data: join(folder, "none.jsonl") })).rejects.toThrow(/none\.jsonl/);
  });

  it("ends with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const onEvent = (event: RecipeEvent): void => {
      if (event.type === "progress") controller.abort(reason);
    };
    const work = verifyResume({ model, data, train, onEvent, signal: controller.signal });
    await expect(work).rejects.toBe(reason);
  });
});

describe("firstDifference", () => {
  it("is none between equal runs, and else the tensor, the number or the file", async () => {
    const whole = join(folder, "whole");
    for await (const _ of finetune({ model, data, output: whole, train: { ...train, maxSteps: 2 } }));
    let count = 0;
    const differenceAfter = async (file: string, change: (bytes: Buffer) => Buffer) => {
      const other = join(folder, `other-${++count}`);
      await cp(whole, other, { recursive: true });
      await writeFile(join(other, file), change(await readFile(join(other, file))));
      return await firstDifference(whole, other, 2);
    };
    const flipped = (bytes: Buffer): Buffer => {
      const changed = Buffer.from(bytes);
      changed[changed.length - 1] ^= 1;
      return changed;
    };
    const moments = "checkpoints/step-2/optimizer.safetensors";
    expect(await differenceAfter(moments, (bytes) => bytes)).toBeNull();
    expect(await differenceAfter(moments, flipped)).toEqual({
      file: moments,
      place: expect.stringMatching(/\.(second_moment|step)$/) as string,
    });
    const metrics = (bytes: Buffer): Buffer =>
      Buffer.from(bytes.toString().replace(/"loss":([\d.]+)/, '"loss":1$1'));
    expect(await differenceAfter("metrics.jsonl", metrics)).toEqual({
      file: "metrics.jsonl",
      place: "step 1: loss",
    });
    const timed = (bytes: Buffer): Buffer =>
      Buffer.from(bytes.toString().replace(/"seconds":([\d.]+)/, '"seconds":1$1'));
    expect(await differenceAfter("metrics.jsonl", timed)).toBeNull();
    expect(await differenceAfter("adapter/adapter_config.json", flipped)).toEqual({
      file: "adapter/adapter_config.json",
      place: null,
    });
  });
});

import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ModelConfig, readModelConfig } from "@lathe/model";
import { localGroup } from "@lathe/distributed";
import type { FinetuneOptions } from "../finetune-options.js";
import { finish } from "../testing/finish.js";
import { temporaryFolder, tinyModel } from "../testing/folders.js";
import { RoutingLog } from "./routing-log.js";

describe("RoutingLog", () => {
  it("adds up the choices of a layer over passes, and says how even they are", async () => {
    const log = new RoutingLog();
    log.add(3, Int32Array.of(0, 1, 2, 3), 4);
    log.add(1, Int32Array.of(2, 2), 4);
    log.add(3, Int32Array.of(3, 2, 1, 0), 4);
    const [first, second] = await log.report();
    expect(first).toEqual({ layer: 1, counts: [0, 0, 2, 0], unused: 3, largestShare: 1, evenness: 0 });
    expect(second).toMatchObject({ layer: 3, counts: [2, 2, 2, 2], unused: 0, largestShare: 0.25 });
    expect(second.evenness).toBeCloseTo(1, 12);
    // Two experts of four with equal shares: log 2 over log 4.
    log.add(7, Int32Array.of(0, 3), 4);
    expect((await log.report())[2].evenness).toBeCloseTo(0.5, 12);
  });

  it("goes on from what a checkpoint has, in place of what it had", async () => {
    const [folder, empty] = [await temporaryFolder(), await temporaryFolder()];
    const log = new RoutingLog();
    log.add(2, Int32Array.of(1, 1, 0), 3);
    await log.save(folder);
    log.add(2, Int32Array.of(2), 3);
    await log.load(folder);
    expect((await log.report())[0].counts).toEqual([1, 2, 0]);
    await log.load(empty);
    expect(await log.report()).toEqual([]);
    await log.save(empty);
    expect(await readdir(empty)).toEqual([]);
  });

  it("has what all ranks have seen, in reports and in what one of them saves, once", async () => {
    const folder = await temporaryFolder();
    await Promise.all(
      localGroup(2).map(async (ranks) => {
        const log = new RoutingLog(ranks);
        log.add(4, Int32Array.of(ranks.rank, 2), 3);
        // A layer that a rank without micro-batches has not seen.
        if (ranks.rank === 1) log.add(5, Int32Array.of(0), 3);
        const counts = async () => (await log.report()).map((each) => [each.layer, each.counts]);
        const expected = [
          [4, [1, 1, 2]],
          [5, [1, 0, 0]],
        ];
        expect(await counts()).toEqual(expected);
        await (ranks.rank === 0 ? log.save(folder) : log.follow!());
        await ranks.barrier();
        await log.load(folder);
        expect(await counts()).toEqual(expected);
      }),
    );
  });

  it.each(["[1]", '{"a":[1]}', '{"1":[-1]}', '{"1":[0.5]}', '{"1":"x"}', "{"])(
    "refuses %s as counts",
    async (text) => {
      const folder = await temporaryFolder();
      await writeFile(join(folder, "routing.json"), text);
      await expect(new RoutingLog().load(folder)).rejects.toThrow("routing.json");
    },
  );
});

describe("a run of a model with experts", () => {
  const rows = Array.from({ length: 6 }, (_, row) => {
    const ids = Array.from({ length: 5 + row }, (_unused, i) => (row * 37 + i * 11) % 300);
    return { input_ids: ids, labels: ids };
  });
  const tokens = rows.reduce((sum, { input_ids: { length } }) => sum + length, 0);

  const train = { batchSize: 2, gradientAccumulation: 1, epochs: 2, learningRate: 1e-3 };
  const shared = { data: rows, train, samples: 0 };

  it.each(["deepseek_v3", "qwen3_moe"] as const)(
    "%s: every token of every pass is counted once, whatever is computed again, over an interruption",
    async (name) => {
      const model = tinyModel(name);
      const whole = await finish({ ...shared, model, checkpointing: "none" });
      const again = await finish({ ...shared, model, checkpointing: "block" });
      expect(whole.routing.length).toBeGreaterThan(0);
      expect(again.routing).toEqual(whole.routing);
      const { mixture } = (await readModelConfig(model)) as ModelConfig & {
        readonly mixture: { readonly expertsPerToken: number };
      };
      for (const { layer, counts } of whole.routing) {
        const given = counts.reduce((sum, count) => sum + count, 0);
        expect(given, `layer ${layer}`).toBe(2 * tokens * mixture.expertsPerToken);
      }
      const output = join(await temporaryFolder(), "run");
      const stop = new AbortController();
      const interrupted = await finish({ ...shared, model, output, signal: stop.signal }, ({ step }) => {
        if (step === 2) stop.abort();
      });
      expect(interrupted.interrupted).toBe(true);
      const resumed = await finish({ data: rows, samples: 0, output, resume: true });
      expect(resumed.routing).toEqual(whole.routing);
    },
  );

  it("counts what all ranks compute, over an interruption too", async () => {
    const model = tinyModel("qwen3_moe");
    const ranked = { ...shared, model, train: { ...train, batchSize: 1, gradientAccumulation: 2 } };
    const onTwo = (options: FinetuneOptions, until?: number) =>
      Promise.all(
        localGroup(2).map((collective) => {
          const stop = new AbortController();
          return finish({ ...options, collective, signal: stop.signal }, ({ step }) => {
            if (step === until) stop.abort();
          });
        }),
      );
    const { routing } = await finish({ ...ranked, deterministic: true });
    const output = join(await temporaryFolder(), "run");
    for (const { interrupted } of await onTwo({ ...ranked, deterministic: true, output }, 2))
      expect(interrupted).toBe(true);
    for (const each of await onTwo({ data: rows, samples: 0, output, resume: true }))
      expect(each.routing).toEqual(routing);
  });

  it("has none without experts", async () => {
    expect((await finish({ ...shared, model: tinyModel("qwen3") })).routing).toEqual([]);
  });
});

/** Runs whose weights stay on disk against those that have them in memory: the same bits, in every format. */
import { cp, type FileHandle, open, readdir, readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { writeRandomModel } from "@lathe/model";
import { quantizeWeights } from "@lathe/quant";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { FinetuneOptions } from "./finetune-options.js";
import { planRun } from "./plan-run.js";
import type { RecipeEvent } from "./recipe-event.js";
import { RecipeError } from "./recipe-error.js";
import { finish } from "./testing/finish.js";
import { newRun, shortRows, temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";

const shared = {
  lora: { rank: 4, targets: "all-linear" as const },
  train: { maxSteps: 4, batchSize: 2, gradientAccumulation: 3, learningRate: 0.01, evalEvery: 2 },
};

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), shortRows);
});

/** What a run has computed: its adapter, and losses and norms of its steps. */
async function numbersOf(run: string): Promise<unknown> {
  const adapter = await readFile(join(run, "adapter/adapter_model.safetensors"), "base64");
  const lines = (await readFile(join(run, "metrics.jsonl"), "utf8")).trim().split("\n");
  return {
    adapter,
    steps: lines.map((line) => {
      const { step, loss, gradNorm, validationLoss } = JSON.parse(line) as Record<string, unknown>;
      return { step, loss, gradNorm, validationLoss };
    }),
  };
}

describe("finetune with stream", () => {
  const models = ["qwen2", "qwen3_moe", "deepseek_v3", "deepseek_v3_fp8"] as const;
  const formats = ["none", "bf16", "int8", "nf4"] as const;
  const cases = models.flatMap((name) => formats.map((format) => [name, format] as const));
  // fp8 is a way of storing by itself.
  it.each(cases.filter(([name, format]) => name !== "deepseek_v3_fp8" || format === "none"))(
    "trains %s in %s weights to the bits of the run in memory",
    async (name, format) => {
      let model = tinyModel(name);
      if (format !== "none") {
        const output = join(folder, `${name}-${format}`);
        await quantizeWeights({ model, output, format });
        model = output;
      }
      const options = { ...shared, model, data, validation: data };
      const outputs = [newRun(), newRun()];
      await finish({ ...options, output: outputs[0], checkpointing: "block", samples: 0 });
      const events: RecipeEvent[] = [];
      await finish({ ...options, output: outputs[1], stream: true, onEvent: (event) => events.push(event) });
      expect(events.find(({ type }) => type === "streaming")).toMatchObject({ isAsked: true });
      expect(await numbersOf(outputs[1])).toEqual(await numbersOf(outputs[0]));
    },
  );

  const byTokens = {
    maxSteps: 5,
    maxTokensPerBatch: 20,
    gradientAccumulation: 2,
    learningRate: 0.01,
    evalEvery: 2,
    groupByLength: true,
  };

  it.each([
    ["rows", shared.train],
    ["tokens", byTokens],
  ])(
    "goes on after an interruption to the same bits, in memory or not, in batches by %s",
    async (_, train) => {
      const options = { ...shared, train, model: tinyModel("qwen2"), data, validation: data };
      const whole = newRun();
      await finish({ ...options, output: whole, stream: true });
      for (const stream of [true, false]) {
        const output = newRun();
        const stop = new AbortController();
        const begun = await finish({ ...options, output, stream: true, signal: stop.signal }, ({ step }) => {
          if (step === 2) stop.abort();
        });
        expect(begun.interrupted).toBe(true);
        await finish({ output, resume: true, stream });
        expect(await numbersOf(output)).toEqual(await numbersOf(whole));
      }
    },
  );

  it("has the inputs of layers on the disk where memory does not hold them, names a full one, and goes on to the same bits", async () => {
    const model = join(folder, "many-layers");
    await writeRandomModel(model, {
      model_type: "llama",
      architectures: ["LlamaForCausalLM"],
      vocab_size: 320,
      hidden_size: 64,
      intermediate_size: 64,
      num_hidden_layers: 32,
      num_attention_heads: 2,
      num_key_value_heads: 2,
      max_position_embeddings: 64,
    });
    const train = {
      maxSteps: 2,
      batchSize: 12,
      gradientAccumulation: 32,
      epochs: 2,
      evalEvery: 0,
      saveEvery: 1,
    };
    const options = { model, data, stream: true, precision: "fp32" as const, lora: shared.lora, train };
    const { stream } = await planRun({ ...options, memory: "8GB" });
    expect(stream).toMatchObject({ spill: null, fits: true });
    // Too little for the inputs of layers, enough for what is at work and what waits to be written.
    const memory = stream!.residentBytes - stream!.inputBytes / 5;
    const [inMemory, spilled, failed] = [newRun(), newRun(), newRun()];
    await finish({ ...options, output: inMemory });
    const plans: unknown[] = [];
    const onEvent = (event: RecipeEvent): void => {
      if (event.type === "streaming") plans.push(event.plan);
    };
    await finish({ ...options, output: spilled, memory, onEvent });
    expect(plans).toMatchObject([{ spill: "fp32", fits: true }]);
    expect(await numbersOf(spilled)).toEqual(await numbersOf(inMemory));
    expect(await readdir(spilled)).not.toContain("spill");

    const probe = await open(data);
    const handles = Object.getPrototypeOf(probe) as FileHandle;
    await probe.close();
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
    const running = finish({ ...options, output: failed, memory }, ({ step }) => {
      if (step === 1) vi.spyOn(handles, "write").mockRejectedValue(full);
    });
    await expect(running).rejects.toThrow(/spill.streams: cannot be written: no space is left on the device/);
    vi.restoreAllMocks();
    expect(await readdir(join(failed, "checkpoints"))).toContain("step-1");
    await finish({ output: failed, resume: true });
    expect(await numbersOf(failed)).toEqual(await numbersOf(inMemory));
  });

  it("is chosen where memory does not hold the weights, and refused where it does not hold two layers", async () => {
    const model = join(folder, "deep");
    await writeRandomModel(model, {
      model_type: "llama",
      architectures: ["LlamaForCausalLM"],
      vocab_size: 320,
      hidden_size: 128,
      intermediate_size: 256,
      num_hidden_layers: 24,
      num_attention_heads: 4,
      num_key_value_heads: 4,
      max_position_embeddings: 64,
    });
    const options = { model, data, train: { ...shared.train, maxSteps: 1, evalEvery: 0 } };
    const { stream, totalBytes } = await planRun({ ...options, memory: "1MB" });
    const least = stream!.residentBytes;
    expect(least).toBeLessThan(totalBytes - 10e6);
    const typesWith = async (memory: number): Promise<string[]> => {
      const types: string[] = [];
      await finish({ ...options, memory, onEvent: ({ type }) => types.push(type) });
      return types;
    };
    expect(await typesWith((least + totalBytes) / 2)).toContain("streaming");
    expect(await typesWith(2 * totalBytes)).not.toContain("streaming");
    await expect(finish({ ...options, stream: true, memory: least / 2 })).rejects.toThrow(
      /memory: expected at least [\d.]+GB for two layers of this model/,
    );
    await expect(finish({ ...options, memory: least / 2 })).rejects.toThrow("memory: expected at least");
  });

  it("refuses what it cannot do, all at once and before anything is read", async () => {
    const options: FinetuneOptions = {
      model: "nowhere",
      data: "nothing",
      stream: true,
      quantize: "nf4",
      checkpointing: "none",
      objective: "dpo",
      lora: { useDora: true, bias: "all", modulesToSave: ["lm_head"] },
    };
    const error: unknown = await finish(options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RecipeError);
    expect((error as RecipeError).faults.map((fault) => fault.field).sort()).toEqual([
      "checkpointing",
      "lora.bias",
      "lora.modulesToSave",
      "lora.useDora",
      "objective",
      "quantize",
    ]);
    const full = finish({ model: "nowhere", data: "nothing", stream: true, method: "full" });
    await expect(full).rejects.toThrow("stream leaves weights on disk as they are");
  });

  it("names the file that a disk fails to read in mid-run, keeps the run, and goes on once it can be read", async () => {
    const model = tinyModel("qwen3_moe");
    const train = { ...shared.train, saveEvery: 1 };
    const options = { ...shared, model, data, validation: data, stream: true, train };
    const [whole, output] = [newRun(), newRun()];
    await finish({ ...options, output: whole });
    const probe = await open(data);
    const handles = Object.getPrototypeOf(probe) as FileHandle;
    await probe.close();
    const failed = Object.assign(new Error("EIO: i/o error, read"), { code: "EIO", syscall: "read" });
    try {
      const running = finish({ ...options, output }, ({ step }) => {
        if (step === 2) vi.spyOn(handles, "read").mockRejectedValue(failed);
      });
      await expect(running).rejects.toThrow(
        /qwen3_moe.model\.safetensors: expected \d+ bytes from byte \d+ on, got 0, then .*the disk or its file system is at fault/s,
      );
    } finally {
      vi.restoreAllMocks();
    }
    expect(await readdir(join(output, "checkpoints"))).toContain("step-2");
    await finish({ output, resume: true });
    expect(await numbersOf(output)).toEqual(await numbersOf(whole));
  });

  it("names the file that is cut in mid-run, keeps the run, and goes on once it is whole again", async () => {
    const model = join(folder, "cut");
    await cp(tinyModel("qwen2"), model, { recursive: true });
    const file = join(model, "model.safetensors");
    const { size } = await stat(file);
    const options = { ...shared, model, data, validation: data, stream: true };
    const [whole, output] = [newRun(), newRun()];
    await finish({ ...options, output: whole });
    const cuts: Promise<void>[] = [];
    const cutting = finish({ ...options, output, train: { ...shared.train, saveEvery: 1 } }, ({ step }) => {
      if (step === 2) cuts.push(truncate(file, Math.floor(size / 3)));
    });
    await expect(cutting).rejects.toThrow(/cut.model\.safetensors: expected \d+ bytes from byte \d+ on/);
    await Promise.all(cuts);
    expect(await readdir(join(output, "checkpoints"))).not.toHaveLength(0);
    await cp(join(tinyModel("qwen2"), "model.safetensors"), file);
    await finish({ output, resume: true });
    expect(await numbersOf(output)).toEqual(await numbersOf(whole));
  });
});

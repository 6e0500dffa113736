import { trainOptions } from "@lathe/recipes/options";
import { namesElsewhere } from "@lathe/recipes/elsewhere";
import { describe, expect, it } from "vitest";
import { verbs } from "./verbs/index.js";
import { program } from "./program.js";

const train = Object.keys(trainOptions.shape);

describe("the name here", () => {
  it.each([
    ["--lr", "learningRate", null],
    ["--per-device-train-batch-size", "batchSize", null],
    ["--per_device_train_batch_size", "batchSize", null],
    ["perDeviceTrainBatchSize", "batchSize", null],
    ["--num-train-epochs", "epochs", null],
    ["--gradient_accumulation_steps", "gradientAccumulation", null],
    ["--lora-r", "rank", null],
    ["--lora_alpha", "alpha", null],
    ["--load_in_4bit", "quantize", "nf4"],
    ["--gradient-checkpointing", "checkpointing", "block"],
    ["--disable-shuffling", "shuffle", "false"],
    ["--loss_type", "objective", null],
    ["--pref-beta", "beta", null],
    ["--max_prompt_length", "maxTokens", null],
  ])("of %s is %s, %s", (name, key, value) => {
    expect(program.nameHere!(name, train)).toEqual({ key, value });
  });

  it.each(["--deepspeed", "--__proto__", "--constructor", "--"])("of %s is nothing", (name) => {
    expect(program.nameHere!(name, train)).toBeNull();
  });

  it("is only what there is", () => {
    expect(program.nameHere!("--lr", ["output"])).toBeNull();
  });

  it("is an option of some verb, which has none of that name itself", async () => {
    const definitions = await Promise.all(verbs.map(({ load }) => load()));
    const keys = definitions.map(({ options }) => Object.keys(options.shape));
    for (const [here, names] of Object.entries(namesElsewhere)) {
      const [key] = here.split("=");
      expect(keys.flat()).toContain(key);
      expect(new Set(names).size, here).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[a-z0-9]+$/);
    }
  });
});

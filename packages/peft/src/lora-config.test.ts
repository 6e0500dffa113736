import { isInputError } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { LoraConfigError } from "./errors.js";
import { layerNumbers, type LoraConfig, loraDefaults, resolveLoraConfig } from "./lora-config.js";

describe("resolveLoraConfig", () => {
  it("fills in the defaults", () => {
    expect(resolveLoraConfig()).toEqual({
      rank: 16,
      alpha: 32,
      dropout: 0.1,
      targets: ["query", "value"],
      useRslora: false,
      useDora: false,
      rankPattern: {},
      alphaPattern: {},
      layers: null,
      excludeModules: null,
      bias: "none",
      modulesToSave: null,
      keepSparsity: false,
      init: "kaiming",
      seed: 0,
    });
    expect(resolveLoraConfig({ rank: undefined } as never)).toEqual(loraDefaults);
  });

  it.each<[string, unknown, string]>([
    ["rank", 0, 'LoRA config, key "rank": expected a whole number from 1 on, got 0'],
    ["rank", 1.5, 'LoRA config, key "rank": expected a whole number from 1 on, got 1.5'],
    ["rank", "8", 'LoRA config, key "rank": expected a whole number from 1 on, got "8"'],
    ["alpha", Number.NaN, 'LoRA config, key "alpha": expected a number above 0, got NaN'],
    ["dropout", 1, 'LoRA config, key "dropout": expected a probability in [0, 1), got 1'],
    ["useDora", "yes", 'LoRA config, key "useDora": expected true or false, got "yes"'],
    ["seed", -1, 'LoRA config, key "seed": expected a whole number from 0 on, got -1'],
    ["targets", [], 'LoRA config, key "targets": expected at least one target, got []'],
    [
      "targets",
      null,
      'LoRA config, key "targets": expected a list of names or one regular expression, got null',
    ],
    ["targets", [""], 'LoRA config, key "targets": expected names that are not empty, got ""'],
    [
      "targets",
      "(q_proj",
      'LoRA config, key "targets": expected a regular expression without look-around and back-references, got "(q_proj"',
    ],
    [
      "excludeModules",
      "(?!x)y",
      'LoRA config, key "excludeModules": expected a regular expression without look-around and back-references, got "(?!x)y"',
    ],
    [
      "rankPattern",
      { o_proj: -4 },
      'LoRA config, key "rankPattern.o_proj": expected a whole number from 1 on, got -4',
    ],
    [
      "alphaPattern",
      [8],
      'LoRA config, key "alphaPattern": expected an object from names to numbers, got [8]',
    ],
    ["layers", [], 'LoRA config, key "layers": expected at least one layer, or null for all, got []'],
    ["layers", [-1], 'LoRA config, key "layers": expected layer numbers from 0 on, got -1'],
    [
      "layers",
      { start: 2, end: 2 },
      'LoRA config, key "layers": expected a list of layer numbers or { start, end } with start below end, got {"start":2,"end":2}',
    ],
    [
      "rang",
      8,
      'LoRA config, key "rang": expected a key among rank, alpha, dropout, targets, useRslora, useDora, rankPattern, alphaPattern, layers, excludeModules, bias, modulesToSave, init, keepSparsity, seed, got one that is unknown',
    ],
  ])("refuses %s %j in one sentence", (key, value, message) => {
    const error = caught(() => resolveLoraConfig({ [key]: value }));
    expect(error.message).toBe(message);
    expect(error.key.split(".")[0]).toBe(key);
    expect(isInputError(error)).toBe(true);
  });

  it("refuses layers beside a regular expression, as PEFT does, and takes them beside a role", () => {
    const layers: LoraConfig["layers"] = [0];
    expect(() => resolveLoraConfig({ targets: ".*q_proj", layers })).toThrow(
      'key "layers": expected null beside',
    );
    expect(resolveLoraConfig({ targets: "attention", layers }).layers).toBe(layers);
  });
});

describe("layerNumbers", () => {
  it("writes a range out", () => {
    expect(layerNumbers({ start: 2, end: 5 })).toEqual([2, 3, 4]);
    expect(layerNumbers([3, 1])).toEqual([3, 1]);
    expect(layerNumbers(null)).toBeNull();
  });
});

function caught(run: () => unknown): LoraConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof LoraConfigError) return error;
    throw error;
  }
  throw new Error("expected a LoraConfigError, got none");
}

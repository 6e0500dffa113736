import { readModelConfig } from "@lathe/model";
import { describe, expect, it } from "vitest";
import { tinyModel } from "../testing/folders.js";
import { layerFactor } from "./layer-factor.js";

describe("layerFactor", () => {
  it("falls by the same factor from the head down to the embedding", async () => {
    const config = await readModelConfig(tinyModel("qwen2"));
    const factorOf = layerFactor(config, 0.5);
    expect(config.layerCount).toBe(3);
    expect(
      [
        "lm_head.weight",
        "model.norm.weight",
        "model.layers.2.mlp.up_proj.weight",
        "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight",
        "model.layers.0.input_layernorm.weight",
        "model.embed_tokens.weight",
      ].map(factorOf),
    ).toEqual([1, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 16]);
    expect(layerFactor(config, 1)("model.embed_tokens.weight")).toBe(1);
  });
});

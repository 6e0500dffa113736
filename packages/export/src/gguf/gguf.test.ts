import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, copyFile, cp, mkdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isInputError, type Phrase } from "@lathe/files";
import {
  type DecoderConfig,
  type LatentMixtureConfig,
  loadTokenizer,
  type ModelConfig,
  openWeights,
  parseModelConfig,
  readModelConfig,
  ropeInverseFrequencies,
} from "@lathe/model";
import { beforeAll, describe, expect, it } from "vitest";
import { lettersModel, loraFixture, storiesModel, temporaryFolder, tinyModel } from "../testing/folders.js";
import { exportGgufLora } from "./export-gguf-lora.js";
import { exportGguf } from "./export-gguf.js";
import type { GgufType } from "./gguf-type.js";
import { importGguf } from "./import-gguf.js";
import { checkLatentMixture, latentMixtureShape } from "./latent-mixture-shape.js";
import { openGguf } from "./open-gguf.js";
import { pairsToHalves } from "./turn-pairs.js";

const recorded = JSON.parse(
  readFileSync(new URL("../../fixtures/tensors.json", import.meta.url), "utf8"),
) as Record<string, Record<string, Record<string, string>>>;

const names = ["qwen2", "llama", "qwen3"] as const;
const latentMixtures = ["deepseek_v3", "deepseek_v3_lite", "glm4_moe_lite"] as const;

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

let files = 0;
const fresh = (end = ".gguf"): string => join(folder, `${files++}${end}`);

describe("exportGguf", () => {
  it.each(
    [...names, ...latentMixtures].flatMap((name) =>
      ["F32", "F16", "BF16", "Q8_0", "Q4_0"].map((type) => [name, type] as const),
    ),
  )("%s in %s has the names and bytes of llama.cpp's package", async (name, type) => {
    const output = fresh();
    await exportGguf({ model: tinyModel(name), output, type: type as GgufType });
    const bytes = await readFile(output);
    const file = await openGguf(output);
    await file.close();
    const hashes = Object.entries(recorded[name][type]).map(([tensor]) => {
      const { offset, bytes: length } = file.tensors.get(tensor)!;
      const hash = createHash("sha256")
        .update(bytes.subarray(offset, offset + length))
        .digest("hex");
      return [tensor, hash.slice(0, 16)];
    });
    expect(Object.fromEntries(hashes)).toEqual(recorded[name][type]);
    const known = new Set([...Object.keys(recorded[name]["F32"]), "rope_freqs.weight"]);
    expect([...file.tensors.keys()].filter((tensor) => !known.has(tensor))).toEqual([]);
  });

  it("describes latent attention as one head over the latents, and YaRN as llama.cpp reads it back", async () => {
    const output = fresh();
    await exportGguf({ model: tinyModel("deepseek_v3"), output, type: "F32" });
    const file = await openGguf(output);
    await file.close();
    const value = (key: string): unknown => file.metadata.get(key)?.value;
    expect(value("general.architecture")).toBe("deepseek2");
    expect(value("deepseek2.attention.head_count_kv")).toBe(1);
    expect(value("deepseek2.attention.key_length")).toBe(16 + 8);
    expect(value("deepseek2.attention.value_length")).toBe(16);
    expect(value("deepseek2.attention.key_length_mla")).toBe(16 + 8);
    expect(value("deepseek2.attention.value_length_mla")).toBe(16);
    expect(value("deepseek2.expert_group_count")).toBe(4);
    expect(value("deepseek2.expert_group_used_count")).toBe(2);
    // mscale_all_dim is 1; the converter of llama.cpp writes a tenth of it.
    expect(value("deepseek2.rope.scaling.yarn_log_multiplier")).toBeCloseTo(0.1, 6);
    expect(file.tensors.get("blk.1.ffn_down_exps.weight")!.shape).toEqual([8, 64, 32]);
    expect(file.tensors.get("blk.1.attn_k_b.weight")!.shape).toEqual([4, 16, 16]);
  });

  it.each([
    ["attention_bias", { attention_bias: true }],
    ["rope_interleave", { rope_interleave: false }],
    ["n_group", { n_group: 8, topk_group: 4 }],
    ["q_lora_rank", { num_hidden_layers: 27 }],
    ["rope_scaling", { rope_parameters: { rope_type: "linear", factor: 2, rope_theta: 10_000 } }],
    [
      "rope_scaling",
      {
        rope_parameters: {
          rope_type: "yarn",
          factor: 4,
          rope_theta: 10_000,
          original_max_position_embeddings: 128,
        },
      },
    ],
  ])("refuses a latent mixture whose %s llama.cpp computes otherwise: %j", async (part, changed) => {
    const json = JSON.parse(
      await readFile(join(tinyModel("deepseek_v3"), "config.json"), "utf8"),
    ) as Readonly<Record<string, unknown>>;
    const config = parseModelConfig({ ...json, ...changed }, "config.json") as LatentMixtureConfig;
    expect(() => checkLatentMixture(config, "model")).toThrow(`"${part}"`);
  });

  it("says one group where a token takes all, and warns of another epsilon", async () => {
    const json = JSON.parse(
      await readFile(join(tinyModel("deepseek_v3"), "config.json"), "utf8"),
    ) as Readonly<Record<string, unknown>>;
    const config = parseModelConfig({ ...json, topk_group: 4, rms_norm_eps: 1e-5 }, "config.json");
    const warnings: (string | Phrase)[] = [];
    checkLatentMixture(config as LatentMixtureConfig, "model", (warning) => warnings.push(warning));
    expect(warnings).toHaveLength(1);
    const shape = latentMixtureShape(config as LatentMixtureConfig);
    expect(shape.get("deepseek2.expert_group_count")?.value).toBe(1);
    expect(shape.get("deepseek2.expert_group_used_count")?.value).toBe(1);
  });

  it("gives values and downward projections of some layers more bits in Q4_K_M, and narrower blocks to rows that are short", async () => {
    const output = fresh();
    await exportGguf({ model: tinyModel("qwen2"), output, type: "Q4_K_M" });
    const file = await openGguf(output);
    await file.close();
    const { hiddenSize } = await readModelConfig(tinyModel("qwen2"));
    expect(hiddenSize % 256).not.toBe(0);
    const formats = new Set([...file.tensors.values()].map(({ format }) => format));
    expect([...formats].sort()).toEqual(["F16", "F32", "Q5_0", "Q8_0"]);
    expect(file.tensors.get("blk.0.attn_q.weight")!.format).toBe("Q5_0");
  });

  it("writes what packed weights stand for, and the adapter merged into it, as the merged model has it", async () => {
    const [merged, plain] = [fresh(), fresh()];
    const adapter = loraFixture("llama-dora");
    await exportGguf({ model: tinyModel("llama"), adapter, output: merged, type: "F32" });
    await exportGguf({ model: tinyModel("llama"), output: plain, type: "F32" });
    const [a, b] = [await openGguf(merged), await openGguf(plain)];
    const changed = [];
    for (const name of a.tensors.keys()) {
      const [one, other] = [await a.readFloat32(name), await b.readFloat32(name)];
      if (one.some((value, i) => value !== other[i])) changed.push(name);
    }
    await a.close();
    await b.close();
    expect(new Set(changed.map((name) => name.split(".")[2]))).toEqual(
      new Set(["attn_q", "attn_v", "ffn_down"]),
    );
  });

  it("overwrites nothing and refuses what GGUF has no place for", async () => {
    const output = fresh();
    await writeFile(output, "mine");
    await expect(exportGguf({ model: tinyModel("qwen2"), output })).rejects.toThrow("nothing is overwritten");
    expect(await readFile(output, "utf8")).toBe("mine");
    const odd = fresh("");
    await mkdir(odd);
    const config = JSON.parse(await readFile(join(tinyModel("qwen2"), "config.json"), "utf8")) as object;
    const scaling = {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      rope_theta: 10000,
    };
    const rope_parameters = { ...scaling, original_max_position_embeddings: 64 };
    await writeFile(join(odd, "config.json"), JSON.stringify({ ...config, rope_parameters }));
    await copyFile(join(tinyModel("qwen2"), "model.safetensors"), join(odd, "model.safetensors"));
    const place = fresh();
    await expect(exportGguf({ model: odd, output: place })).rejects.toThrow("llama3");
    await expect(stat(place)).rejects.toThrow("ENOENT");
  });

  it("refuses a vocabulary with which llama.cpp would end at an unknown character", async () => {
    const [odd, output] = [fresh(""), fresh()];
    await cp(lettersModel, odd, { recursive: true });
    const place = join(odd, "tokenizer.json");
    const json = JSON.parse(await readFile(place, "utf8")) as { model: { unk_token: string | null } };
    json.model.unk_token = null;
    await chmod(place, 0o644);
    await writeFile(place, JSON.stringify(json));
    await expect(exportGguf({ model: odd, output })).rejects.toThrow(
      "tokens of all bytes or an unknown token",
    );
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });

  it("gives a vocabulary of characters scores, under which unknown ones have a token, and reads it back", async () => {
    const [file, output, again] = [fresh(), fresh(""), fresh()];
    const { tokenizer } = await exportGguf({ model: lettersModel, output: file, type: "F16" });
    expect(tokenizer).toMatchObject({ name: "unigram", differing: 0, joinsUnknown: true });
    expect(tokenizer.compared).toBeGreaterThanOrEqual(3990);
    await importGguf({ file, output });
    const [ours, original] = [await loadTokenizer(output), await loadTokenizer(lettersModel)];
    for (const text of ["Once upon a time, there was a café.", "  two  spaces ", "x\ty", ""]) {
      expect(ours!.encode(text), text).toEqual(original!.encode(text));
    }
    const ids = original!.encode("Lily and Tom went to the park.");
    expect(ours!.decode(ids)).toBe(original!.decode(ids));
    const back = await exportGguf({ model: output, output: again, type: "F16" });
    expect(back.tokenizer).toMatchObject({ name: "unigram", differing: 0, joinsUnknown: false });
    const [one, other] = [await openGguf(file), await openGguf(again)];
    for (const [key, value] of one.metadata) {
      if (key.startsWith("tokenizer.")) expect(other.metadata.get(key), key).toEqual(value);
    }
    await one.close();
    await other.close();
  });

  it("proves the pre-tokeniser of a vocabulary before it writes its name", async () => {
    const output = fresh();
    const { tokenizer } = await exportGguf({ model: storiesModel, output, type: "F16" });
    expect(tokenizer).toMatchObject({ name: "spm", differing: 0 });
    expect(tokenizer.compared).toBeGreaterThanOrEqual(4000);
  });
});

describe("importGguf", () => {
  it.each(names)("%s comes back from F32 bit for bit, with the same config", async (name) => {
    const [file, output] = [fresh(), fresh("")];
    await exportGguf({ model: tinyModel(name), output: file, type: "F32" });
    await importGguf({ file, output });
    const shapeOf = (config: ModelConfig): object => {
      const { rope, dtype: _dtype, ...rest } = config as DecoderConfig;
      // A file holds factors of frequencies, not the parameters that they come from.
      return { ...rest, theta: rope.theta, frequencies: ropeInverseFrequencies(config as DecoderConfig) };
    };
    expect(shapeOf(await readModelConfig(output))).toEqual(shapeOf(await readModelConfig(tinyModel(name))));
    const [back, weights] = [await openWeights(output), await openWeights(tinyModel(name))];
    for (const tensor of weights.names()) {
      expect(Buffer.from((await back.readRaw(tensor)).bytes), tensor).toEqual(
        Buffer.from((await weights.readRaw(tensor)).bytes),
      );
    }
    await back.close();
    await weights.close();
  });

  it.each(["Q8_0", "Q4_0", "Q4_K_M"] as const)(
    "what %s stands for is exported to the same bytes",
    async (type) => {
      const [first, output, second] = [fresh(), fresh(""), fresh()];
      await exportGguf({ model: tinyModel("qwen3"), output: first, type });
      await importGguf({ file: first, output, dtype: "F32" });
      await exportGguf({ model: output, output: second, type: "F32" });
      const [a, b] = [await openGguf(first), await openGguf(second)];
      for (const name of a.tensors.keys())
        expect(await b.readFloat32(name)).toEqual(await a.readFloat32(name));
      await a.close();
      await b.close();
    },
  );

  it("gives the tokenizer of a SentencePiece vocabulary back", async () => {
    const [file, output] = [fresh(), fresh("")];
    await exportGguf({ model: storiesModel, output: file, type: "F16" });
    await importGguf({ file, output });
    const [ours, original] = [await loadTokenizer(output), await loadTokenizer(storiesModel)];
    for (const text of ["Once upon a time", "  two  spaces\n", "你好 😀", ""]) {
      expect(ours!.encode(text)).toEqual(original!.encode(text));
    }
    const ids = original!.encode("Lily and Tom went to the park.");
    expect(ours!.decode(ids)).toBe(original!.decode(ids));
  });

  it("refuses damaged files in a sentence and leaves nothing", async () => {
    const whole = fresh();
    await exportGguf({ model: storiesModel, output: whole, type: "Q8_0" });
    const bytes = await readFile(whole);
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let trial = 0; trial < 60; trial++) {
      const [file, output] = [fresh(), fresh("")];
      const damaged = Buffer.from(bytes);
      if (trial % 3 === 0) {
        await writeFile(file, damaged);
        await truncate(file, random(bytes.byteLength));
      } else {
        // Counts, lengths and types stand at the start; the header as a whole has some 20,000 bytes.
        const within = trial % 3 === 1 ? 400 : 20_000;
        for (let k = 0; k < 4; k++) damaged[random(within)] = random(2) === 0 ? 255 : random(256);
        await writeFile(file, damaged);
      }
      const outcome = await importGguf({ file, output }).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) continue;
      expect(isInputError(outcome), `trial ${trial}: ${outcome.stack}`).toBe(true);
      await expect(stat(output)).rejects.toThrow("ENOENT");
    }
  });

  it.each([
    ["tensors", 8],
    ["values", 16],
  ])("refuses a count of %s that the file cannot hold", async (_what, at) => {
    const file = fresh();
    await exportGguf({ model: tinyModel("qwen2"), output: file, type: "F16" });
    const bytes = await readFile(file);
    bytes.writeBigUInt64LE(2n ** 40n, at);
    await writeFile(file, bytes);
    await expect(openGguf(file)).rejects.toThrow("remaining");
    bytes.writeBigUInt64LE(2n ** 63n, at);
    await writeFile(file, bytes);
    await expect(openGguf(file)).rejects.toThrow("2^53");
  });
});

describe("exportGgufLora", () => {
  it.each([
    ["qwen2-all-rs", "qwen2"],
    ["qwen3-pattern", "qwen3"],
    ["qwen2-qv", "qwen2"],
  ] as const)("%s: alpha over rank times B A is the update that merging adds", async (name, base) => {
    const [output, plain, merged] = [fresh(), fresh(), fresh()];
    const adapter = loraFixture(name);
    await exportGgufLora({ model: tinyModel(base), adapter, output });
    await exportGguf({ model: tinyModel(base), output: plain, type: "F32" });
    await exportGguf({ model: tinyModel(base), adapter, output: merged, type: "F32" });
    const lora = await openGguf(output);
    const [from, to] = [await openGguf(plain), await openGguf(merged)];
    const alpha = Number(lora.metadata.get("adapter.lora.alpha")!.value);
    for (const [a, { shape }] of lora.tensors) {
      if (!a.endsWith(".lora_a")) continue;
      const target = a.slice(0, -".lora_a".length);
      const [rank, inputs] = shape;
      const [A, B] = [await lora.readFloat32(a), await lora.readFloat32(`${target}.lora_b`)];
      const [w0, w1] = [await from.readFloat32(target), await to.readFloat32(target)];
      w1.forEach((value, at) => {
        const [o, i] = [Math.floor(at / inputs), at % inputs];
        let sum = 0;
        for (let k = 0; k < rank; k++) sum += B[o * rank + k] * A[k * inputs + i];
        expect(Math.abs(value - (w0[at] + (alpha / rank) * sum))).toBeLessThan(1e-6);
      });
    }
    for (const file of [lora, from, to]) await file.close();
  });

  it("refuses what a GGUF adapter cannot hold", async () => {
    const output = fresh();
    await expect(
      exportGgufLora({ model: tinyModel("llama"), adapter: loraFixture("llama-dora"), output }),
    ).rejects.toThrow("use_dora");
    await expect(
      exportGgufLora({ model: tinyModel("llama"), adapter: loraFixture("llama-modules-to-save"), output }),
    ).rejects.toThrow("modules_to_save");
    await expect(
      exportGgufLora({ model: tinyModel("deepseek_v3"), adapter: loraFixture("qwen2-qv"), output }),
    ).rejects.toThrow("export the merged model");
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });
});

describe("pairsToHalves", () => {
  it("puts the first of each pair into the first half of the head", () => {
    expect([...pairsToHalves(Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]), 4, 1)]).toEqual([
      0, 2, 1, 3, 4, 6, 5, 7,
    ]);
  });
});

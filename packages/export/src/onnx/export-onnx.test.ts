import { copyFile, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { float16ToFloat32, openWeights, writeRandomModel } from "@lathe/model";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, tinyModel } from "../testing/folders.js";
import { type ReadGraph, readOnnx, type ReadTensor } from "../testing/read-onnx.js";
import { exportOnnx } from "./export-onnx.js";

let folder: string;
let llama: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  llama = join(folder, "llama");
  await writeRandomModel(llama, {
    model_type: "llama",
    vocab_size: 96,
    hidden_size: 72,
    intermediate_size: 80,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    tie_word_embeddings: true,
    max_position_embeddings: 64,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 16,
    },
  });
});

let folders = 0;
const fresh = (): string => join(folder, String(folders++));

const graphOf = async (output: string, file = "model.onnx"): Promise<ReadGraph> =>
  readOnnx(await readFile(join(output, "onnx", file)));

const floatsOf = (raw: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(raw).buffer);

/** [rows, columns] → [columns, rows] */
const turned = (values: Float32Array, rows: number, columns: number): Float32Array =>
  Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);

const json = async (path: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;

describe("exportOnnx", () => {
  it.each(["qwen2", "qwen3", "llama"] as const)(
    "a graph of %s computes nothing of what it has not, and gives what readers look for",
    async (name) => {
      const output = fresh();
      const model = name === "llama" ? llama : tinyModel(name);
      await exportOnnx({ model, output });
      const graph = await graphOf(output);
      const known = new Set([...graph.inputs, ...graph.tensors.keys()]);
      for (const { inputs, outputs } of graph.nodes) {
        expect(inputs.filter((input) => !known.has(input))).toEqual([]);
        for (const one of outputs) {
          expect(known.has(one), one).toBe(false);
          known.add(one);
        }
      }
      const layers = name === "llama" ? [0, 1] : [0, 1, 2].slice(0, graph.outputs.length >> 1);
      const caches = (word: string): string[] =>
        layers.flatMap((layer) => [`${word}.${layer}.key`, `${word}.${layer}.value`]);
      expect(graph.inputs).toEqual(["input_ids", "attention_mask", ...caches("past_key_values")]);
      expect(graph.outputs).toEqual(["logits", ...caches("present")]);
      expect(graph.outputs.filter((one) => !known.has(one))).toEqual([]);
      expect(graph.operators.keys()).toContain("com.microsoft");
      const used = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
      expect([...graph.tensors.keys()].filter((tensor) => !used.has(tensor))).toEqual([]);
    },
  );

  it.each(["fp32", "fp16"] as const)("matrices lie turned in %s, and are the model's", async (type) => {
    const output = fresh();
    await exportOnnx({ model: tinyModel("qwen2"), output, type });
    const graph = await graphOf(output, type === "fp32" ? "model.onnx" : "model_fp16.onnx");
    const weights = await openWeights(tinyModel("qwen2"));
    for (const name of weights.names()) {
      const { type: id, shape, raw } = graph.tensors.get(name)!;
      expect(id).toBe(type === "fp32" ? 1 : 10);
      const halves = Uint16Array.from(
        { length: raw!.length / 2 },
        (_, i) => raw![2 * i] | (raw![2 * i + 1] << 8),
      );
      const found = type === "fp32" ? floatsOf(raw!) : float16ToFloat32(halves);
      const stored = await weights.readFloat32(name);
      const [rows, columns] = weights.info(name).shape;
      const isTurned = columns !== undefined && !name.includes("embed_tokens");
      expect(shape).toEqual(isTurned ? [columns, rows] : weights.info(name).shape);
      const expected = isTurned ? turned(stored, rows, columns) : stored;
      const allowed = type === "fp32" ? 0 : 2 ** -11;
      const isFar = found.some(
        (value, i) => Math.abs(value - expected[i]) > allowed * Math.abs(expected[i]) + allowed * 2 ** -14,
      );
      expect(isFar, name).toBe(false);
    }
    await weights.close();
  });

  it("codes of 4 bits are within half a step of the weights, in blocks of which the last may be short", async () => {
    const output = fresh();
    await exportOnnx({ model: llama, output, type: "q4" });
    const graph = await graphOf(output, "model_q4.onnx");
    const weights = await openWeights(llama);
    const products = graph.nodes.filter(({ operator }) => operator === "MatMulNBits");
    expect(products).toHaveLength(2 * 7 + 1);
    for (const { inputs, attributes } of products) {
      const own = inputs[1].replace(/\.codes$/, "");
      // The head is the embedding.
      const name = weights.has(own) ? own : "model.embed_tokens.weight";
      const [rows, columns] = weights.info(name).shape;
      expect([attributes.get("N"), attributes.get("K")]).toEqual([rows, columns]);
      const blocks = Math.ceil(columns / 32);
      const codes = graph.tensors.get(inputs[1])!;
      const scales = floatsOf(graph.tensors.get(inputs[2])!.raw!);
      expect(codes.shape).toEqual([rows, blocks, 16]);
      const stored = await weights.readFloat32(name);
      let largest = 0;
      for (let i = 0; i < stored.length; i++) {
        const [row, column] = [Math.floor(i / columns), i % columns];
        const block = row * blocks + Math.floor(column / 32);
        const byte = codes.raw![block * 16 + ((column % 32) >> 1)];
        const code = column % 2 === 0 ? byte & 15 : byte >> 4;
        // The end of the codes that is one short of the other is cut.
        const step = Math.abs(scales[block]) * (code === 15 ? 1 : 0.5);
        largest = Math.max(largest, Math.abs(scales[block] * (code - 8) - stored[i]) / step);
      }
      expect(largest).toBeGreaterThan(0.5);
      expect(largest).toBeLessThan(1 + 1e-5);
    }
    await weights.close();
  });

  it("tables of angles have the frequencies of llama3's scaling", async () => {
    const output = fresh();
    await exportOnnx({ model: llama, output });
    const { tensors } = await graphOf(output);
    const table = tensors.get("sin_cache")!;
    expect(table.shape).toEqual([64, 8]);
    const sines = floatsOf(table.raw!);
    // The lowest frequency, 10000^(-7/8), turns less than once in the 16 positions of pretraining: it is divided by 8.
    expect(sines[63 * 8 + 7]).toBeCloseTo(Math.sin((63 * 10000 ** (-7 / 8)) / 8), 6);
  });

  it("weights that one file cannot hold lie beside it, byte for byte as they would in it", async () => {
    const [whole, split] = [fresh(), fresh()];
    await exportOnnx({ model: llama, output: whole });
    const { bytes } = await exportOnnx({ model: llama, output: split, largestFile: 60_000 });
    const [one, other] = [await graphOf(whole), await graphOf(split)];
    const files = (await readdir(join(split, "onnx"))).filter((name) => name !== "model.onnx");
    expect(files.length).toBeGreaterThan(2);
    expect(files).toContain("model.onnx_data");
    expect(files).toContain("model.onnx_data_1");
    const config = await json(join(split, "config.json"));
    expect(config["transformers.js_config"]).toEqual({
      use_external_data_format: { "model.onnx": files.length },
    });
    const sizes = await Promise.all(
      [...files, "model.onnx"].map(async (name) => (await stat(join(split, "onnx", name))).size),
    );
    expect(bytes).toBe(sizes.reduce((sum, size) => sum + size));
    const spans = new Map<string, [number, number][]>();
    for (const [name, tensor] of one.tensors) {
      const external: ReadTensor["external"] = other.tensors.get(name)!.external;
      const [file, at, length] = ["location", "offset", "length"].map((key) => external.get(key)!);
      const data = await readFile(join(split, "onnx", file));
      expect(
        Buffer.from(tensor.raw!).equals(data.subarray(Number(at), Number(at) + Number(length))),
        name,
      ).toBe(true);
      spans.set(file, [...(spans.get(file) ?? []), [Number(at), Number(at) + Number(length)]]);
    }
    for (const places of spans.values()) {
      places.sort(([a], [b]) => a - b);
      places.forEach(([start], i) => expect(start).toBeGreaterThanOrEqual(i === 0 ? 0 : places[i - 1][1]));
    }
  });

  it("writes the configs that readers want: of generation, of onnxruntime-genai, and the template in the tokenizer's", async () => {
    const [wide, output] = [fresh(), fresh()];
    await writeRandomModel(wide, {
      ...(await json(join(llama, "config.json"))),
      vocab_size: 512,
      bos_token_id: 1,
      eos_token_id: 2,
    });
    await copyFile(join(storiesModel, "tokenizer.json"), join(wide, "tokenizer.json"));
    await writeFile(join(wide, "chat_template.jinja"), "{{ messages[0].content }}");
    await exportOnnx({ model: wide, output, type: "q4" });
    expect(await json(join(output, "tokenizer_config.json"))).toEqual({
      chat_template: "{{ messages[0].content }}",
    });
    expect(await json(join(output, "generation_config.json"))).toMatchObject({
      bos_token_id: 1,
      eos_token_id: 2,
    });
    expect((await json(join(output, "genai_config.json")))["model"]).toMatchObject({
      type: "llama",
      vocab_size: 512,
      eos_token_id: 2,
      decoder: {
        filename: "onnx/model_q4.onnx",
        head_size: 16,
        num_key_value_heads: 2,
        inputs: { past_key_names: "past_key_values.%d.key" },
        outputs: { present_value_names: "present.%d.value" },
      },
    });
    expect(await readFile(join(output, "tokenizer.json"))).toEqual(
      await readFile(join(storiesModel, "tokenizer.json")),
    );
  });

  it("refuses what has no graph, and leaves nothing", async () => {
    const output = fresh();
    await expect(exportOnnx({ model: storiesModel, output })).rejects.toThrow("heads of a multiple of 16");
    await expect(exportOnnx({ model: tinyModel("deepseek_v3"), output })).rejects.toThrow("model_type");
    await expect(stat(output)).rejects.toThrow("ENOENT");
    await writeFile(output, "mine");
    await expect(exportOnnx({ model: llama, output })).rejects.toThrow("nothing is overwritten");
    expect(await readFile(output, "utf8")).toBe("mine");
  });
});

import { sayPhrase } from "@lathe/files";
import { loadNativeKernels } from "@lathe/kernels";
import {
  type StoredWeights,
  DenseLinear,
  linearPlaces,
  openWeights,
  openSafetensors,
  readModelConfig,
  writeSafetensors,
} from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { dequantize } from "./dequantize.js";
import { linearReader } from "./linear-reader.js";
import { readNf4 } from "./nf4-tensors.js";
import { readPackedLinear } from "./packed-linears.js";
import { quantize } from "./quantize.js";
import { quantizeWeights } from "./quantize-weights.js";
import type { QuantizedLinear } from "./quantized-linear.js";
import { quantizedLinears } from "./quantized-linears.js";
import { seededNormals } from "./testing.js";

const fixtures = fileURLToPath(new URL("../../model/fixtures/", import.meta.url));
const qwen2 = join(fixtures, "models/qwen2"); // biases
const llama = join(fixtures, "models/llama"); // a head of its own
const stories = join(fixtures, "stories260k"); // tied head, tokenizer files

let folder: string;
beforeAll(async () => {
  await startEngine("cpu");
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantize-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function open<T>(model: string, use: (weights: StoredWeights) => Promise<T>): Promise<T> {
  const weights = await openWeights(model);
  try {
    return await use(weights);
  } finally {
    await weights.close();
  }
}

interface QuantizationJson {
  quant_method: unknown;
  format: unknown;
  config_groups: { group_0: { weights: Record<"num_bits" | "type" | "strategy" | "symmetric", unknown> } };
}

/** Compares the bytes of typed arrays of one kind, far faster than element by element. */
function expectSame(actual: ArrayBufferView | null, expected: ArrayBufferView | null): void {
  expect(actual?.constructor).toBe(expected?.constructor);
  expect(actual?.byteLength).toBe(expected?.byteLength);
  if (actual && expected) expect(bytesOf(actual).equals(bytesOf(expected))).toBe(true);
}

async function expectSameTensor(actual: StoredWeights, expected: StoredWeights, name: string): Promise<void> {
  const [one, other] = await Promise.all([actual.readRaw(name), expected.readRaw(name)]);
  expect([one.dtype, one.shape]).toEqual([other.dtype, other.shape]);
  expectSame(one.bytes, other.bytes);
}

/** The linears of a model as safetensors name them, with the shapes its config implies. */
async function linearsOf(model: string) {
  const places = linearPlaces(await readModelConfig(model));
  return places.filter(({ path, weight }) => weight === `${path}.weight`);
}

async function asHalfPrecision(model: string, dtype: "F16" | "BF16"): Promise<string> {
  const output = join(folder, dtype);
  await quantizeWeights({ model, output, format: dtype === "F16" ? "fp16" : "bf16" });
  return output;
}

describe("int8", () => {
  it.each([
    ["qwen2", qwen2],
    ["llama", llama],
    ["stories260k", stories],
  ])(
    "%s: the layers' linears become codes and scales, the rest stays byte for byte",
    async (_name, model) => {
      const output = join(folder, "int8");
      const report = await quantizeWeights({ model, output, format: "int8" });
      const linears = new Set((await linearsOf(model)).map(({ weight }) => weight));
      linears.delete("lm_head.weight");
      expect(report.packedTensors).toBe(linears.size);
      await open(model, async (source) => {
        await open(output, async (packed) => {
          for (const name of source.names()) {
            const { shape } = source.info(name);
            if (!linears.has(name)) {
              expect(await packed.readRaw(name)).toEqual(await source.readRaw(name));
              continue;
            }
            const expected = quantize(await source.readFloat32(name), [shape[0], shape[1]], "int8");
            expect(packed.info(name)).toMatchObject({ dtype: "I8", shape });
            expect(packed.info(`${name}_scale`)).toMatchObject({ dtype: "F32", shape: [shape[0], 1] });
            expectSame(new Int8Array((await packed.readRaw(name)).bytes.buffer), expected.codes);
            expectSame(await packed.readFloat32(`${name}_scale`), expected.scales);
          }
          expect(packed.names()).toHaveLength(source.names().length + linears.size);
          expect(report.tensors).toBe(source.names().length);
          const bytes = packed.names().reduce((sum, name) => sum + packed.info(name).byteLength, 0);
          expect(report.bytesAfter).toBe(bytes);
        });
      });
      const config = JSON.parse(await readFile(join(output, "config.json"), "utf8"));
      const { quantization_config: added, ...rest } = config;
      const { endOfSequenceIds: ids } = await readModelConfig(model);
      expect(rest).toEqual({
        ...JSON.parse(await readFile(join(model, "config.json"), "utf8")),
        // The generation config of stories260k knows one more than its config.
        eos_token_id: ids.length === 1 ? ids[0] : ids,
      });
      expect(added).toEqual({
        config_groups: {
          group_0: {
            targets: ["Linear"],
            weights: { num_bits: 8, type: "int", symmetric: true, strategy: "channel", dynamic: false },
            input_activations: null,
            output_activations: null,
          },
        },
        format: "int-quantized",
        ignore: ["lm_head"],
        quant_method: "compressed-tensors",
        quantization_status: "compressed",
      });
    },
  );

  it.each(["F32", "F16", "BF16"] as const)(
    "gives from the folder the linears that quantising while loading gives, from %s",
    async (dtype) => {
      const model = dtype === "F32" ? llama : await asHalfPrecision(llama, dtype);
      const output = join(folder, "int8");
      await quantizeWeights({ model, output, format: "int8" });
      const fromFolder = await linearReader(output, "none");
      expect(fromFolder).toBe(await linearReader(output, "int8"));
      const onTheFly = await linearReader(model, "int8");
      await open(model, async (source) => {
        await open(output, async (packed) => {
          for (const stored of await linearsOf(model)) {
            const a = await fromFolder(packed, stored);
            const b = await onTheFly(source, stored);
            expectSame(a.denseWeight(), b.denseWeight());
            expectSame(a.denseBias(), b.denseBias());
            const [one, other] = [a, b].map((linear) => (linear as QuantizedLinear).matrix);
            expect([one.format, one.shape]).toEqual(["int8", other.shape]);
            expectSame(one.codes, other.codes);
            expectSame(one.scales, other.scales);
            if (stored.path === "lm_head") {
              // The folder has it as it was.
              expectSame(await packed.readFloat32(stored.weight), await source.readFloat32(stored.weight));
            }
            a.dispose();
            b.dispose();
          }
        });
      });
    },
  );
});

describe("nf4", () => {
  const state = ".quant_state.bitsandbytes__nf4";

  it.each([
    ["qwen2", qwen2, ["down_proj"]],
    ["llama", llama, ["down_proj"]],
    ["qwen3", join(fixtures, "models/qwen3"), []],
  ])(
    "%s: linears become the tensors of bitsandbytes, the rest stays byte for byte",
    async (_name, model, left) => {
      const output = join(folder, "nf4");
      const warnings: string[] = [];
      const report = await quantizeWeights({
        model,
        output,
        format: "nf4",
        onWarning: (warning) => warnings.push(sayPhrase(warning)),
      });
      const linears = (await linearsOf(model)).filter(({ path }) => path !== "lm_head");
      const packed = linears.filter(({ shape }) => shape[1] % 64 === 0);
      const skipped = linears.filter(({ shape }) => shape[1] % 64 !== 0).map(({ path }) => path);
      expect([...new Set(skipped.map((path) => path.split(".").at(-1)))]).toEqual(left);
      expect(report.packedTensors).toBe(packed.length);
      expect(warnings).toHaveLength(left.length);
      for (const warning of warnings) {
        expect(warning).toContain(`${skipped[0]} and 2 more stay in the type they are stored in`);
      }
      await open(model, async (source) => {
        await open(output, async (target) => {
          for (const { weight, shape } of packed) {
            const expected = quantize(await source.readFloat32(weight), shape, "nf4");
            const { matrix } = await readNf4(target, weight, shape);
            expectSame(matrix.codes, expected.codes);
            expect(matrix.nested).toEqual(expected.nested);
            const json = Buffer.from((await target.readRaw(weight + state)).bytes).toString();
            expect(JSON.parse(json)).toMatchObject({ dtype: "float32", shape });
          }
          const names = new Set(packed.map(({ weight }) => weight));
          for (const name of source.names()) {
            if (!names.has(name)) await expectSameTensor(target, source, name);
          }
          expect(target.names()).toHaveLength(source.names().length + 5 * packed.length);
          const bytes = target.names().reduce((sum, name) => sum + target.info(name).byteLength, 0);
          expect(report.bytesAfter).toBe(bytes);
        });
      });
      const config = JSON.parse(await readFile(join(output, "config.json"), "utf8"));
      const { quantization_config: added, ...rest } = config;
      expect(rest).toEqual(JSON.parse(await readFile(join(model, "config.json"), "utf8")));
      expect(added).toMatchObject({
        quant_method: "bitsandbytes",
        load_in_4bit: true,
        bnb_4bit_quant_type: "nf4",
        bnb_4bit_use_double_quant: true,
        bnb_4bit_quant_storage: "uint8",
        bnb_4bit_compute_dtype: "float32",
        llm_int8_skip_modules: ["lm_head", ...skipped],
      });
    },
  );

  it.each(["F32", "F16", "BF16"] as const)(
    "gives from the folder the linears that quantising while loading gives, from %s",
    async (dtype) => {
      const model = dtype === "F32" ? llama : await asHalfPrecision(llama, dtype);
      const output = join(folder, "nf4");
      await quantizeWeights({ model, output, format: "nf4" });
      const fromFolder = await linearReader(output, "none");
      expect(fromFolder).toBe(await linearReader(output, "nf4"));
      const warnings: string[] = [];
      const onTheFly = await linearReader(model, "nf4", (warning) => warnings.push(sayPhrase(warning)));
      await open(model, async (source) => {
        await open(output, async (packed) => {
          for (const stored of await linearsOf(model)) {
            const a = await fromFolder(packed, stored);
            const b = await onTheFly(source, stored);
            expect(a.constructor).toBe(b.constructor);
            expectSame(a.denseWeight(), b.denseWeight());
            expectSame(a.denseBias(), b.denseBias());
            const isPacked = stored.shape[1] % 64 === 0;
            const packedFormat = stored.path === "lm_head" ? "int8" : "nf4";
            const format = a instanceof DenseLinear ? "dense" : (a as QuantizedLinear).matrix.format;
            const asStored = { F32: "dense", F16: "fp16", BF16: "bf16" }[dtype];
            expect(format, stored.path).toBe(isPacked || packedFormat === "int8" ? packedFormat : asStored);
            a.dispose();
            b.dispose();
          }
        });
      });
      expect(warnings).toEqual([
        expect.stringContaining("model.layers.0.mlp.down_proj and others like it stay"),
      ]);
    },
  );

  it("reads a linear whose blocks run on from row to row, as other writers store it, dense", async () => {
    const fixture = fileURLToPath(new URL("../fixtures/nf4.safetensors", import.meta.url));
    const file = await openSafetensors(fixture);
    const stored = {
      path: "across_rows",
      weight: "across_rows.weight",
      bias: null,
      block: "mlp" as const,
      shape: [6, 96] as const,
    };
    const linear = await readPackedLinear(file, stored);
    expectSame(linear.denseWeight(), await file.readFloat32("across_rows.dequantised"));
    expect(linear.shape).toEqual([6, 96]);
    linear.dispose();
    await file.close();
  });

  it("is not quantised again, nor loaded in another format", async () => {
    const output = join(folder, "nf4");
    await quantizeWeights({ model: qwen2, output, format: "nf4" });
    await expect(
      quantizeWeights({ model: output, output: join(folder, "twice"), format: "bf16" }),
    ).rejects.toThrow("expected a model that is not quantised, got nf4 weights");
    await expect(linearReader(output, "int8")).rejects.toThrow("to load it as int8, got nf4 weights");
  });
});

describe.each([
  { format: "fp16", dtype: "F16", name: "float16" },
  { format: "bf16", dtype: "BF16", name: "bfloat16" },
] as const)("$format", ({ format, dtype, name }) => {
  it("writes a plain folder of that type, the same as quantising while loading", async () => {
    const output = join(folder, "half");
    await quantizeWeights({ model: qwen2, output, format });
    await open(qwen2, async (source) => {
      await open(output, async (half) => {
        expect(half.names().sort()).toEqual(source.names().sort());
        for (const tensor of source.names()) {
          const { shape, elementCount } = source.info(tensor);
          expect(half.info(tensor)).toMatchObject({ dtype, shape });
          const expected = quantize(await source.readFloat32(tensor), [1, elementCount], format);
          expectSame(await half.readFloat32(tensor), dequantize(expected));
        }
        for (const stored of await linearsOf(qwen2)) {
          const linear = await quantizedLinears(format)(source, stored);
          expectSame(linear.denseWeight(), await half.readFloat32(stored.weight));
          // A bias stays float32 where the weight is packed on the fly.
          expect(linear.denseBias()).toEqual(stored.bias && (await source.readFloat32(stored.bias)));
          linear.dispose();
        }
      });
    });
    const [before, after] = await Promise.all(
      [qwen2, output].map((path) => readFile(join(path, "config.json"), "utf8")),
    );
    expect(after).toBe(before.replace('"dtype": "float32"', `"dtype": "${name}"`));
    const file = await openSafetensors(join(output, "model.safetensors"));
    expect(Object.fromEntries(file.metadata)).toEqual({ format: "pt" });
    await file.close();
  });

  it("takes weights of that type bit for bit, from folder to folder and while loading", async () => {
    const half = await asHalfPrecision(stories, dtype);
    const output = join(folder, "again");
    const report = await quantizeWeights({ model: half, output, format });
    expect(report.packedTensors).toBe(0);
    const weights = "model.safetensors";
    expectSame(await readFile(join(output, weights)), await readFile(join(half, weights)));
    await open(half, async (weights) => {
      for (const stored of await linearsOf(half)) {
        const linear = (await quantizedLinears(format)(weights, stored)) as QuantizedLinear;
        const { bytes } = await weights.readRaw(stored.weight);
        expectSame(linear.matrix.codes, new Uint16Array(bytes.buffer));
        linear.dispose();
      }
    });
  });
});

it("brings tokenizer, chat template, generation config and licence, and nothing else", async () => {
  const model = join(folder, "model");
  await cp(stories, model, { recursive: true });
  await writeFile(join(model, "chat_template.jinja"), "{{ messages }}");
  await writeFile(join(model, "training_args.bin"), "pickle");
  const output = join(folder, "int8");
  await quantizeWeights({ model, output, format: "int8" });
  expect((await readdir(output)).sort()).toEqual([
    "LICENSE.txt",
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "quantization-manifest.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
  ]);
  for (const file of ["tokenizer.json", "chat_template.jinja", "generation_config.json"]) {
    expect(await readFile(join(output, file))).toEqual(await readFile(join(model, file)));
  }
});

it("splits large weights into shards with an index, a weight beside its scales", async () => {
  const single = join(folder, "single");
  const sharded = join(folder, "sharded");
  const seen: [number, number, string | null][] = [];
  await quantizeWeights({ model: llama, output: single, format: "int8" });
  await quantizeWeights({
    model: llama,
    output: sharded,
    format: "int8",
    shardBytes: 50_000,
    onProgress: (...progress) => seen.push(progress),
  });
  const files = (await readdir(sharded)).filter((file) => file.endsWith(".safetensors")).sort();
  expect(files.length).toBeGreaterThan(2);
  expect(files[0]).toBe(`model-00001-of-${String(files.length).padStart(5, "0")}.safetensors`);
  const index = JSON.parse(await readFile(join(sharded, "model.safetensors.index.json"), "utf8"));
  await open(single, async (one) => {
    await open(sharded, async (many) => {
      expect(many.names().sort()).toEqual(one.names().sort());
      let total = 0;
      for (const name of one.names()) {
        await expectSameTensor(many, one, name);
        total += one.info(name).byteLength;
        if (many.has(`${name}_scale`)) expect(many.pathOf(name)).toBe(many.pathOf(`${name}_scale`));
      }
      expect(index.metadata.total_size).toBe(total);
      // Every tensor is announced once, in order of writing, and the end once more.
      expect(seen.map(([done]) => done)).toEqual(Array.from({ length: one.names().length + 1 }, (_, i) => i));
      expect(new Set(seen.map(([, all]) => all))).toEqual(new Set([one.names().length]));
      expect(seen.map(([, , name]) => name).sort()).toEqual([...one.names(), null].sort());
    });
  });
});

describe("an output that exists", () => {
  it("is refused unless overwriting is allowed, and then only what an earlier call wrote", async () => {
    const output = join(folder, "out");
    await quantizeWeights({ model: stories, output, format: "int8" });
    await expect(quantizeWeights({ model: stories, output, format: "bf16" })).rejects.toThrow(
      `${output}: expected an output folder that does not exist, got one with files in it`,
    );
    await quantizeWeights({ model: stories, output, format: "bf16", overwrite: true });
    await open(output, async (weights) => {
      expect(weights.info("model.norm.weight").dtype).toBe("BF16");
    });
    await writeFile(join(output, "notes.txt"), "mine");
    await expect(
      quantizeWeights({ model: stories, output, format: "int8", overwrite: true }),
    ).rejects.toThrow('nobody added to, as only that is replaced, got one that also holds "notes.txt"');
    expect(await readFile(join(output, "notes.txt"), "utf8")).toBe("mine");
    expect(await readdir(folder)).toEqual(["out"]);
  });

  it("is never replaced when it is someone else's folder, a file or the model", async () => {
    const model = join(folder, "model");
    await cp(stories, model, { recursive: true });
    const call = (output: string, overwrite = true) =>
      quantizeWeights({ model, output, format: "int8", overwrite });
    await expect(call(model)).rejects.toThrow("got one without quantization-manifest.json");
    const file = join(folder, "file");
    await writeFile(file, "");
    await expect(call(file)).rejects.toThrow("got a file");
    const half = join(folder, "half");
    await quantizeWeights({ model, output: half, format: "bf16" });
    await expect(
      quantizeWeights({ model: half, output: half, format: "fp16", overwrite: true }),
    ).rejects.toThrow("expected another folder than the model's");
    expect((await readdir(folder)).sort()).toEqual(["file", "half", "model"]);
  });

  it("may be an empty folder", async () => {
    const output = join(folder, "deep", "out");
    await mkdir(output, { recursive: true });
    await quantizeWeights({ model: stories, output, format: "int8" });
    expect(await readdir(join(folder, "deep"))).toEqual(["out"]);
    expect(await readdir(output)).toContain("model.safetensors");
  });
});

describe("leaves nothing behind", () => {
  it("when a weight does not fit", async () => {
    const model = join(folder, "model");
    await cp(stories, model, { recursive: true });
    const name = "model.layers.2.mlp.up_proj.weight";
    await alter(model, name, (values) => {
      values[64 * 3 + 5] = NaN;
    });
    const message = `"${name}" at [3, 5]: expected a finite number to pack as int8, got NaN`;
    const output = join(folder, "out");
    await expect(quantizeWeights({ model, output, format: "int8" })).rejects.toThrow(message);
    await open(model, async (weights) => {
      const stored = {
        path: name.slice(0, -7),
        weight: name,
        bias: null,
        block: "mlp" as const,
        shape: [172, 64] as const,
      };
      await expect(quantizedLinears("int8")(weights, stored)).rejects.toThrow(message);
    });
    expect(await readdir(folder)).toEqual(["model"]);
  });

  it("when it is stopped", async () => {
    const controller = new AbortController();
    const stopped = quantizeWeights({
      model: stories,
      output: join(folder, "out"),
      format: "int8",
      onProgress: (done) => done === 10 && controller.abort(),
      signal: controller.signal,
    });
    await expect(stopped).rejects.toThrow("aborted");
    expect(await readdir(folder)).toEqual([]);
  });

  it("when config and weights are of different models, or the model is missing", async () => {
    const model = join(folder, "model");
    await cp(stories, model, { recursive: true });
    await writeFile(join(model, "config.json"), await readFile(join(llama, "config.json")));
    const output = join(folder, "out");
    await expect(quantizeWeights({ model, output, format: "int8" })).rejects.toThrow(
      'got none of name "lm_head.weight"',
    );
    const absent = join(folder, "absent");
    await expect(quantizeWeights({ model: absent, output, format: "int8" })).rejects.toThrow("no such file");
    expect(await readdir(folder)).toEqual(["model"]);
  });
});

it("refuses a half-precision weight that is not a number, taken bit for bit", async () => {
  const path = join(folder, "model.safetensors");
  await writeSafetensors(path, [
    { name: "w", dtype: "BF16", shape: [2, 2], data: Uint16Array.of(0x3f80, 0, 0, 0xff80) },
  ]);
  await open(folder, async (weights) => {
    const stored = { path: "w", weight: "w", bias: null, block: "mlp" as const, shape: [2, 2] as const };
    await expect(quantizedLinears("bf16")(weights, stored)).rejects.toThrow(
      '"w" at [1, 1]: expected a finite number to pack as bf16, got -Infinity',
    );
  });
});

it("refuses to pack what is packed already", async () => {
  const path = join(folder, "model.safetensors");
  await writeSafetensors(path, [{ name: "w", dtype: "I8", shape: [2, 2], data: Int8Array.of(1, 2, 3, 4) }]);
  await open(folder, async (weights) => {
    const stored = { path: "w", weight: "w", bias: null, block: "mlp" as const, shape: [2, 2] as const };
    await expect(quantizedLinears("bf16")(weights, stored)).rejects.toThrow(
      'tensor "w": expected a dtype among F64, F32, F16, BF16, to pack it, got I8',
    );
  });
});

const engines = "kernels" in loadNativeKernels() ? (["cpu", "native"] as const) : (["cpu"] as const);

it.each(engines)(
  "packs a matrix larger than what is read at one time as it packs a small one (%s)",
  async (engine) => {
    await startEngine(engine);
    onTestFinished(async () => {
      await startEngine("cpu");
    });
    const shape = [1031, 4099] as const; // 4.2 million weights
    const weight = seededNormals(1)(shape[0] * shape[1], 0.02);
    await writeSafetensors(join(folder, "model.safetensors"), [
      { name: "w", dtype: "F32", shape, data: weight },
    ]);
    await open(folder, async (weights) => {
      const stored = { path: "w", weight: "w", bias: null, block: "mlp" as const, shape };
      const linear = (await quantizedLinears("int8")(weights, stored)) as QuantizedLinear;
      const expected = quantize(weight, shape, "int8");
      expectSame(linear.matrix.codes, expected.codes);
      expectSame(linear.matrix.scales, expected.scales);
      linear.dispose();
    });
  },
);

describe("a packed folder", () => {
  let output: string;
  const name = "model.layers.0.self_attn.q_proj.weight";
  const stored = {
    path: name.slice(0, -7),
    weight: name,
    bias: null,
    block: "mlp" as const,
    shape: [64, 64] as const,
  };
  beforeEach(async () => {
    output = join(folder, "int8");
    await quantizeWeights({ model: stories, output, format: "int8" });
  });

  /** Writes the weights again with one tensor changed, left out (null) or added. */
  async function withTensor(
    changed: string,
    tensor: { dtype: "F32" | "F16" | "I8"; shape: number[]; data: ArrayBufferView } | null,
  ): Promise<void> {
    const path = join(output, "model.safetensors");
    const file = await openSafetensors(path);
    const kept = file.names().filter((candidate) => candidate !== changed);
    const tensors = kept.map((candidate) => ({
      ...file.info(candidate),
      data: async () => (await file.readRaw(candidate)).bytes,
    }));
    await writeSafetensors(`${path}.new`, [...tensors, ...(tensor ? [{ name: changed, ...tensor }] : [])]);
    await file.close();
    await rename(`${path}.new`, path);
  }
  const read = async () => await open(output, async (weights) => await readPackedLinear(weights, stored));

  it.each<[string, Parameters<typeof withTensor>[1], string]>([
    ["no scales", null, `expected the scales of "${name}", got no such tensor`],
    [
      "a scale for all",
      { dtype: "F32", shape: [1], data: Float32Array.of(1) },
      "expected F32, F16 or BF16 of shape [64, 1], a scale an output row, got F32 of shape [1]",
    ],
    [
      "scales of bytes",
      { dtype: "I8", shape: [64, 1], data: new Int8Array(64) },
      "a scale an output row, got I8 of shape [64, 1]",
    ],
    [
      "a negative scale",
      { dtype: "F32", shape: [64, 1], data: new Float32Array(64).fill(1).fill(-2, 9, 10) },
      "expected scales that are finite and not negative, got -2 in row 9",
    ],
    [
      "a scale that is not a number",
      { dtype: "F32", shape: [64], data: new Float32Array(64).fill(NaN, 63) },
      "got NaN in row 63",
    ],
  ])("with %s is refused", async (_what, tensor, message) => {
    await withTensor(`${name}_scale`, tensor);
    await expect(read()).rejects.toMatchObject({
      name: "WeightsError",
      tensor: `${name}_scale`,
      message: expect.stringContaining(message),
    });
  });

  it("takes half-precision scales, scales without a second axis, and zero points of 0", async () => {
    await withTensor(`${name}_scale`, { dtype: "F16", shape: [64], data: new Uint16Array(64).fill(0x3800) });
    await withTensor(`${name}_zero_point`, { dtype: "I8", shape: [64, 1], data: new Int8Array(64) });
    const linear = (await read()) as QuantizedLinear;
    expect(linear.matrix.scales).toEqual(new Float32Array(64).fill(0.5));
    linear.dispose();
    await withTensor(`${name}_zero_point`, {
      dtype: "I8",
      shape: [64, 1],
      data: new Int8Array(64).fill(3, 5),
    });
    await expect(read()).rejects.toThrow("expected zero points of 0, as symmetric weights have, got 3");
  });

  it.each<[string, (config: QuantizationJson) => void, string]>([
    ["gptq", (q) => (q.quant_method = "gptq"), 'quant_method": expected "compressed-tensors", got "gptq"'],
    ["awq", (q) => (q.quant_method = "awq"), 'got "awq"'],
    [
      "8 bits by bitsandbytes",
      (q) => Object.assign(q, { quant_method: "bitsandbytes", load_in_8bit: true }),
      'load_in_4bit": expected true, got nothing',
    ],
    [
      "fp4",
      (q) =>
        Object.assign(q, { quant_method: "bitsandbytes", load_in_4bit: true, bnb_4bit_quant_type: "fp4" }),
      'bnb_4bit_quant_type": expected "nf4", got "fp4"',
    ],
    [
      "fp4, the default",
      (q) => Object.assign(q, { quant_method: "bitsandbytes", _load_in_4bit: true }),
      'expected "nf4", got "fp4"',
    ],
    [
      "4 bits in bfloat16 elements",
      (q) =>
        Object.assign(q, {
          quant_method: "bitsandbytes",
          load_in_4bit: true,
          bnb_4bit_quant_type: "nf4",
          bnb_4bit_quant_storage: "bfloat16",
        }),
      'bnb_4bit_quant_storage": expected "uint8", got "bfloat16"',
    ],
    ["no method", (q) => (q.quant_method = undefined), "got nothing"],
    [
      "packed integers",
      (q) => (q.format = "pack-quantized"),
      'expected "int-quantized", got "pack-quantized"',
    ],
    ["no groups", (q) => (q.config_groups = {} as never), 'config_groups": expected'],
    ["4 bits", (q) => (q.config_groups.group_0.weights.num_bits = 4), "weights.num_bits"],
    ["floats", (q) => (q.config_groups.group_0.weights.type = "float"), "weights.type"],
    ["groups of inputs", (q) => (q.config_groups.group_0.weights.strategy = "group"), "weights.strategy"],
    ["zero points", (q) => (q.config_groups.group_0.weights.symmetric = false), "weights.symmetric"],
    ["no weights", (q) => (q.config_groups.group_0.weights = null as never), "weights.type"],
  ])("whose config says %s is refused", async (_what, change, message) => {
    const path = join(output, "config.json");
    const config = JSON.parse(await readFile(path, "utf8"));
    change(config.quantization_config);
    await writeFile(path, JSON.stringify(config));
    await expect(linearReader(output, "none")).rejects.toMatchObject({
      name: "ModelConfigError",
      message: expect.stringContaining(message),
    });
  });

  it("is not quantised again, nor loaded in another format", async () => {
    await expect(
      quantizeWeights({ model: output, output: join(folder, "twice"), format: "bf16" }),
    ).rejects.toThrow("expected a model that is not quantised, got int8 weights");
    await expect(linearReader(output, "fp16")).rejects.toThrow(
      "expected a model that is not quantised, to load it as fp16, got int8 weights",
    );
  });

  it("without a readable config is refused", async () => {
    const path = join(output, "config.json");
    await writeFile(path, "{");
    await expect(linearReader(output, "none")).rejects.toThrow(
      "expected JSON with a key in double quotes at line 1, column 2",
    );
    await writeFile(path, "[]");
    await expect(linearReader(output, "none")).rejects.toThrow("expected a JSON object");
    await rm(path);
    await expect(linearReader(output, "none")).rejects.toThrow("no such file");
  });
});

async function alter(model: string, name: string, change: (values: Float32Array) => void): Promise<void> {
  const path = join(model, "model.safetensors");
  const file = await openSafetensors(path);
  const tensors = await Promise.all(
    file.names().map(async (tensor) => {
      const data = await file.readFloat32(tensor);
      if (tensor === name) change(data);
      return { ...file.info(tensor), data };
    }),
  );
  await file.close();
  await writeSafetensors(path, tensors);
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

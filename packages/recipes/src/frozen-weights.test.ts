/** A frozen weight that is not finite is named, with its file, in whatever it is stored. */
import { cp, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  float32ToBfloat16,
  float32ToFloat16,
  openSafetensors,
  openWeights,
  writeSafetensors,
} from "@lathe/model";
import { DivergenceError, type NonFiniteOrigin } from "@lathe/train";
import { beforeAll, describe, expect, it } from "vitest";
import type { FinetuneOptions } from "./finetune-options.js";
import { quantizeModel } from "./quantize-model.js";
import type { RecipeEvent } from "./recipe-event.js";
import { finish } from "./testing/finish.js";
import { shortRows, temporaryFolder, tinyModel } from "./testing/folders.js";

let folder: string;
let count = 0;
beforeAll(async () => (folder = await temporaryFolder()));

const copied = async (model: string): Promise<string> => {
  const copy = join(folder, `model-${++count}`);
  await cp(model, copy, { recursive: true });
  return copy;
};

/** A copy with all its weights in a type of half the size. */
async function halved(model: string, dtype: "BF16" | "F16"): Promise<string> {
  const copy = await copied(model);
  const weights = await openWeights(model);
  const tensors = weights.names().map((name) => ({
    name,
    dtype,
    shape: weights.info(name).shape,
    data: async () => {
      const values = await weights.readFloat32(name);
      const halves = new Uint16Array(values.length);
      (dtype === "BF16" ? float32ToBfloat16 : float32ToFloat16)(values, halves);
      return halves;
    },
  }));
  await writeSafetensors(join(copy, "model.safetensors"), tensors);
  await weights.close();
  return copy;
}

async function packed(format: "int8" | "nf4"): Promise<string> {
  const output = join(folder, `model-${++count}`);
  await quantizeModel({ model: tinyModel("qwen2"), output, format });
  return output;
}

/** Writes bytes over an element of a tensor, where its file has it. */
async function poison(
  model: string,
  tensor: string,
  element: number,
  bytes: readonly number[],
): Promise<void> {
  const path = join(model, "model.safetensors");
  const file = await openSafetensors(path);
  const { byteOffset } = file.info(tensor);
  await file.close();
  const handle = await open(path, "r+");
  await handle.write(Uint8Array.from(bytes), 0, bytes.length, byteOffset + element * bytes.length);
  await handle.close();
}

/** Little-endian patterns. */
const NAN = {
  F32: [0, 0, 0xc0, 0x7f],
  BF16: [0xc0, 0x7f],
  F16: [0, 0x7e],
  F8_E4M3: [0x7f],
} as const;
const INFINITY_F32 = [0, 0, 0x80, 0x7f] as const;
/** 3e38: finite, but not what comes of a product with it. */
const HUGE_F32 = [...new Uint8Array(Float32Array.of(3e38).buffer)] as const;

/** Trains up to the first bad step. */
async function end(model: string, options: Partial<FinetuneOptions> = {}) {
  const events: RecipeEvent[] = [];
  const output = join(folder, `run-${++count}`);
  const error = await finish({
    model,
    output,
    data: shortRows,
    ...options,
    train: { maxSteps: 2, maxBadSteps: 1, batchSize: 2, gradientAccumulation: 1, ...options.train },
    onEvent: (event) => events.push(event),
  }).then(
    () => expect.unreachable("the run ended well"),
    (fault: unknown) => fault,
  );
  if (!(error instanceof DivergenceError)) throw error;
  const [line] = (await readFile(join(output, "metrics.jsonl"), "utf8")).trim().split("\n");
  const told = events.find((event) => event.type === "bad-step");
  expect(told).toMatchObject({ origin: error.bad.origin });
  expect(JSON.parse(line)).toMatchObject({ bad: error.bad });
  return { bad: error.bad, message: error.message };
}

const layerOne = "model.layers.1.";
const one = { part: "layer", layer: 1 } as const;

describe("a frozen weight that is not finite", () => {
  it.each<
    [
      format: string,
      make: () => Promise<string>,
      tensor: string,
      element: number,
      bytes: readonly number[],
      place: Omit<NonFiniteOrigin, "stored">,
    ]
  >([
    ["float32", () => copied(tinyModel("qwen2")), `${layerOne}self_attn.q_proj.weight`, 5, NAN.F32, one],
    [
      "float32, an infinity",
      () => copied(tinyModel("qwen2")),
      `${layerOne}mlp.down_proj.weight`,
      7,
      INFINITY_F32,
      one,
    ],
    [
      "float32, a norm",
      () => copied(tinyModel("llama")),
      `${layerOne}input_layernorm.weight`,
      3,
      NAN.F32,
      one,
    ],
    [
      "float32, a bias",
      () => copied(tinyModel("qwen2")),
      `${layerOne}self_attn.k_proj.bias`,
      0,
      NAN.F32,
      one,
    ],
    [
      "float32, the last norm",
      () => copied(tinyModel("llama")),
      "model.norm.weight",
      0,
      NAN.F32,
      { part: "head" },
    ],
    ["bfloat16", () => halved(tinyModel("qwen3"), "BF16"), `${layerOne}mlp.up_proj.weight`, 9, NAN.BF16, one],
    ["float16", () => halved(tinyModel("llama"), "F16"), `${layerOne}mlp.gate_proj.weight`, 9, NAN.F16, one],
    [
      "8-bit floats",
      () => copied(tinyModel("deepseek_v3_fp8")),
      `${layerOne}self_attn.o_proj.weight`,
      0,
      NAN.F8_E4M3,
      one,
    ],
  ])(
    "is named, with layer and file: %s",
    async (_format, make, tensor, element, bytes, place) => {
      const model = await make();
      await poison(model, tensor, element, bytes);
      const { bad, message } = await end(model);
      const path = join(model, "model.safetensors");
      expect(bad).toMatchObject({
        quantity: "loss",
        tensors: [],
        origin: { ...place, stored: [{ tensor, path }] },
      });
      const where = place.part === "head" ? "the last norm or the head" : "layer 1";
      expect(message).toContain(`it begins in ${where}: ${tensor} of ${path} is not finite`);
    },
    60_000,
  );

  it("is named where only gradients show it: an infinite head whose token is never the label", async () => {
    const model = await copied(tinyModel("llama"));
    // A logit of -∞ adds nothing to the loss, and a product of nought and an infinity to the gradient. Signs of hidden states differ, so
    // that a column's infinity is +∞ for some rows: then the loss shows it as well.
    await poison(model, "lm_head.weight", 0, INFINITY_F32);
    const { bad } = await end(model);
    expect(bad.origin).toMatchObject({ part: "head", stored: [{ tensor: "lm_head.weight" }] });
  });

  it("is named in the embedding where a row uses it", async () => {
    const model = await copied(tinyModel("qwen2"));
    const { input_ids: ids } = shortRows[0];
    const { hidden_size: width } = JSON.parse(await readFile(join(model, "config.json"), "utf8")) as {
      hidden_size: number;
    };
    await poison(model, "model.embed_tokens.weight", ids[0] * width, NAN.F32);
    const { bad } = await end(model, { data: [shortRows[0]] });
    expect(bad.origin).toMatchObject({
      part: "embedding",
      stored: [{ tensor: "model.embed_tokens.weight" }],
    });
  });

  it("is named by other objectives, and where layers stay on disk", async () => {
    const model = await copied(tinyModel("llama"));
    const tensor = `${layerOne}mlp.down_proj.weight`;
    await poison(model, tensor, 0, NAN.F32);
    const pairs = [{ prompt_ids: [1, 2, 3], chosen_ids: [4, 5], rejected_ids: [6, 7, 8] }];
    const origin = { ...one, stored: [{ tensor }] };
    for (const objective of ["dpo", "orpo", "simpo"] as const) {
      expect((await end(model, { data: pairs, objective })).bad).toMatchObject({ origin });
    }
    const kto = [true, false].map((label) => ({ prompt_ids: [1, 2, 3], completion_ids: [4, 5], label }));
    expect((await end(model, { data: kto, objective: "kto" })).bad).toMatchObject({ origin });
    expect((await end(model, { stream: true })).bad).toMatchObject({ origin });
  }, 60_000);

  it("is not claimed where all are: the first layer that makes something else of finite numbers is", async () => {
    const model = await copied(tinyModel("llama"));
    for (let element = 0; element < 64; element++)
      await poison(model, `${layerOne}mlp.down_proj.weight`, element, HUGE_F32);
    const { bad, message } = await end(model);
    expect(bad.origin).toEqual({ ...one, stored: [] });
    expect(message).toContain("it begins in layer 1, whose stored weights are finite");
  });

  it.each([
    ["int8", "mlp.up_proj.weight_scale", () => packed("int8")],
    ["nf4", "mlp.up_proj.weight.nested_absmax", () => packed("nf4")],
    ["fp8", "self_attn.o_proj.weight_scale_inv", () => copied(tinyModel("deepseek_v3_fp8"))],
  ] as const)(
    "is refused where it is a scale, which are read before the first step: %s",
    async (_format, scale, make) => {
      const model = await make();
      const tensor = layerOne + scale;
      await poison(model, tensor, 0, NAN.F32);
      await expect(end(model)).rejects.toMatchObject({
        name: "WeightsError",
        tensor,
        path: join(model, "model.safetensors"),
      });
    },
  );

  it.each(["int8", "nf4"] as const)("is refused where it is to be packed: %s", async (quantize) => {
    const model = await copied(tinyModel("llama"));
    const tensor = `${layerOne}mlp.up_proj.weight`;
    await poison(model, tensor, 3, NAN.F32);
    await expect(end(model, { quantize })).rejects.toMatchObject({ tensor });
  });
});

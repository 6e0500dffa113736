/** Writing and reading adapter folders, and what is said of bad ones. */
import { isInputError, sayPhrase } from "@lathe/files";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Dtype,
  float32ToBfloat16,
  float32ToFloat16,
  type LanguageModel,
  openSafetensors,
  type TensorToWrite,
  writeSafetensors,
} from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { adapterConfig, adapterNames } from "./adapted-model.js";
import { readAdapterConfig } from "./adapter-folder.js";
import { attach, detach } from "./attach.js";
import { AdapterFileError } from "./errors.js";
import { loadAdapter } from "./load-adapter.js";
import { saveAdapter } from "./save-adapter.js";
import { largestDifference, loadFixture, logitsOf, packagePath } from "./testing.js";
import { trainableParameters } from "./trainable-parameters.js";

const ids = [5, 17, 200, 3];
const QV = packagePath("fixtures/lora/qwen2-qv/adapter_end");

let model: LanguageModel;
let folder: string;

beforeAll(async () => {
  await startEngine("cpu");
});
beforeEach(async () => {
  model = await loadFixture("qwen2");
  folder = await mkdtemp(join(tmpdir(), "lathe-peft-"));
});
afterEach(async () => {
  model.dispose();
  await rm(folder, { recursive: true });
});

async function readConfig(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(path, "adapter_config.json"), "utf8")) as Record<string, unknown>;
}

/** A copy of an adapter of PEFT's with some keys of its config set; undefined takes a key away. */
async function copyWith(changes: Record<string, unknown>, source = QV): Promise<string> {
  const copy = join(folder, "copy");
  await cp(source, copy, { recursive: true });
  await writeFile(
    join(copy, "adapter_config.json"),
    JSON.stringify({ ...(await readConfig(source)), ...changes }),
  );
  return copy;
}

/** A copy of an adapter of PEFT's with other tensors. */
async function copyWithTensors(change: (tensors: TensorToWrite[]) => TensorToWrite[]): Promise<string> {
  const copy = await copyWith({});
  const path = join(copy, "adapter_model.safetensors");
  const file = await openSafetensors(path);
  const tensors: TensorToWrite[] = [];
  for (const name of file.names()) {
    tensors.push({ name, dtype: "F32", shape: file.info(name).shape, data: await file.readFloat32(name) });
  }
  await file.close();
  await writeSafetensors(path, change(tensors));
  return copy;
}

async function caught(run: () => Promise<unknown>): Promise<AdapterFileError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof AdapterFileError) return error;
    throw error;
  }
  throw new Error("expected an AdapterFileError, got none");
}

/** The message without the folder, which differs from run to run. */
const said = (error: Error): string => error.message.replaceAll(`${folder}/`, "");

describe("saveAdapter", () => {
  it.each([
    ["qwen2-qv", "qwen2"],
    ["qwen2-all-rs", "qwen2"],
    ["llama-dora", "llama"],
    ["qwen3-pattern", "qwen3"],
  ])("writes the files of PEFT's %s again", async (run, base) => {
    const source = packagePath(`fixtures/lora/${run}/adapter_end`);
    const other = await loadFixture(base);
    await loadAdapter(other, source);
    const target = join(folder, "saved");
    await saveAdapter(other, target, { baseModel: base });
    other.dispose();
    const [expected, written] = [await readConfig(source), await readConfig(target)];
    const sorted = { ...expected, target_modules: [...(expected["target_modules"] as string[])].sort() };
    expect(written).toEqual(sorted);
    expect(Object.keys(written)).toEqual(Object.keys(sorted));
    // PEFT orders the tensors alike, so the whole file is the same.
    const weights = "adapter_model.safetensors";
    expect(await readFile(join(target, weights))).toEqual(await readFile(join(source, weights)));
    expect((await readdir(folder)).sort()).toEqual(["saved"]);
  });

  it("writes roles as names and ranges as lists, and reads its own files back", async () => {
    const options = {
      rank: 4,
      alpha: 6,
      targets: ["attention"],
      layers: { start: 1, end: 3 },
      excludeModules: ["k_proj"],
      rankPattern: { o_proj: 2 },
      useDora: true,
      useRslora: true,
      dropout: 0.25,
    };
    const attached = attach(model, options);
    const target = join(folder, "saved");
    await saveAdapter(model, target);
    expect(await readConfig(target)).toMatchObject({
      target_modules: ["k_proj", "o_proj", "q_proj", "v_proj"],
      layers_to_transform: [1, 2],
      exclude_modules: ["k_proj"],
      base_model_name_or_path: null,
      lora_dropout: 0.25,
    });
    const values = trainableParameters(model).map(({ name, variable }) => [name, variable.dataSync()]);
    detach(model);
    const loaded = await loadAdapter(model, target);
    expect(loaded).toEqual({ ...attached, layers: [1, 2] });
    expect(trainableParameters(model).map(({ name, variable }) => [name, variable.dataSync()])).toEqual(
      values,
    );
  });

  it("keeps other files of a folder and replaces an adapter there", async () => {
    await writeFile(join(folder, "optimizer.safetensors"), "kept");
    attach(model, { rank: 2 });
    await saveAdapter(model, folder);
    detach(model);
    attach(model, { rank: 3 });
    await saveAdapter(model, folder);
    expect((await readdir(folder)).sort()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
      "optimizer.safetensors",
    ]);
    detach(model);
    expect((await loadAdapter(model, folder)).rank).toBe(3);
  });

  it("makes missing folders, and nothing when the model has no such adapter", async () => {
    attach(model);
    await expect(saveAdapter(model, join(folder, "a"), { name: "other" })).rejects.toThrow(
      "among default, got other",
    );
    expect(await readdir(folder)).toEqual([]);
    await saveAdapter(model, join(folder, "a", "b"));
    expect(await readdir(join(folder, "a"))).toEqual(["b"]);
  });
});

describe("loadAdapter", () => {
  it.each<[Dtype, (values: Float32Array) => Uint16Array, number]>([
    ["F16", float32ToFloat16, 2 ** -11],
    ["BF16", float32ToBfloat16, 2 ** -8],
  ])("takes %s", async (dtype, narrow, relative) => {
    const copy = await copyWithTensors((tensors) =>
      tensors.map((tensor) => ({ ...tensor, dtype, data: narrow(tensor.data as Float32Array) })),
    );
    await loadAdapter(model, copy);
    const narrowed = trainableParameters(model).map(({ variable }) => variable.dataSync());
    detach(model);
    await loadAdapter(model, QV);
    trainableParameters(model).forEach(({ name, variable }, index) => {
      const exact = variable.dataSync();
      const bound = relative * Math.max(...exact.map(Math.abs));
      expect(largestDifference(narrowed[index], exact), name).toBeLessThanOrEqual(bound);
    });
  });

  it("takes the names that older releases of PEFT gave to magnitudes, and its former configs", async () => {
    const source = packagePath("fixtures/lora/llama-dora/adapter_end");
    const path = join(folder, "old");
    await cp(source, path, { recursive: true });
    const file = await openSafetensors(join(source, "adapter_model.safetensors"));
    const tensors = await Promise.all(
      file.names().map(async (name): Promise<TensorToWrite> => ({
        name: name.replace(/magnitude_vector$/, "magnitude_vector.weight"),
        dtype: "F32",
        shape: file.info(name).shape,
        data: await file.readFloat32(name),
      })),
    );
    await file.close();
    await writeSafetensors(join(path, "adapter_model.safetensors"), tensors);
    const { r, lora_alpha, target_modules, use_dora } = await readConfig(source);
    const config = { peft_type: "LORA", r, lora_alpha, target_modules, use_dora, lora_dropout: 0 };
    await writeFile(join(path, "adapter_config.json"), JSON.stringify(config));
    const [old, current] = [await loadFixture("llama"), await loadFixture("llama")];
    await loadAdapter(old, path);
    await loadAdapter(current, source);
    expect(logitsOf(old, ids)).toEqual(logitsOf(current, ids));
    old.dispose();
    current.dispose();
  });

  it("takes another dropout for further training, and a name", async () => {
    await loadAdapter(model, QV, { name: "start", dropout: 0.5 });
    expect(adapterConfig(model, "start").dropout).toBe(0.5);
    await expect(loadAdapter(model, QV, { name: "start" })).rejects.toThrow(
      "has an adapter named start already",
    );
    await expect(loadAdapter(model, QV, { name: "more", dropout: 2 })).rejects.toThrow('key "dropout"');
  });

  it("takes a regular expression as PEFT writes it, and one layer as a number", async () => {
    await loadAdapter(model, await copyWith({ target_modules: String.raw`.*\.self_attn\.(q|v)_proj` }));
    await rm(join(folder, "copy"), { recursive: true });
    const copy = await copyWithTensors((tensors) => tensors.filter(({ name }) => name.includes("layers.1.")));
    const config = { ...(await readConfig(QV)), layers_to_transform: 1, layers_pattern: ["layers"] };
    await writeFile(join(copy, "adapter_config.json"), JSON.stringify(config));
    expect((await loadAdapter(model, copy, { name: "second" })).layers).toEqual([1]);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ peft_type: "IA3" }, 'key "peft_type": expected one of "LORA", got "IA3"'],
    [{ peft_type: undefined }, 'key "peft_type": expected "LORA", got nothing'],
    [{ task_type: "SEQ_CLS" }, 'key "task_type": expected one of null, "CAUSAL_LM", got "SEQ_CLS"'],
    [{ bias: "some" }, 'key "bias": expected one of none, all, lora_only, got "some"'],
    [
      { modules_to_save: ["score"] },
      'key "modules_to_save": expected the end of a module\'s path, such as embed_tokens, norm, input_layernorm, q_proj, k_proj, v_proj, o_proj, post_attention_layernorm, gate_proj, up_proj, down_proj, lm_head, got "score"; the adapter may be of another model',
    ],
    [
      { modules_to_save: ["self_attn"] },
      'key "modules_to_save": expected modules without a target in them, as what is saved is trained as a whole, got ["self_attn"], which holds the target model.layers.0.self_attn.q_proj; the adapter may be of another model',
    ],
    [
      { fan_in_fan_out: true },
      'key "fan_in_fan_out": expected null, false or nothing: Lathe does not have this option, got true',
    ],
    [
      { option_of_tomorrow: 3 },
      'key "option_of_tomorrow": expected null, false or nothing: Lathe does not have this option, got 3',
    ],
    [
      { init_lora_weights: "pissa" },
      'key "init_lora_weights": expected one of true, false, "gaussian", "eva", "orthogonal", got "pissa"',
    ],
    [
      { layers_pattern: ["h", "blocks"] },
      'key "layers_pattern": expected one of null, "", "layers", got ["h","blocks"]',
    ],
    [{ r: 0 }, 'key "r": expected a whole number from 1 on, got 0'],
    [{ lora_alpha: "16" }, 'key "lora_alpha": expected a number above 0, got "16"'],
    [{ lora_dropout: -1 }, 'key "lora_dropout": expected a probability in [0, 1), got -1'],
    [
      { target_modules: null },
      'key "target_modules": expected a list of names or one regular expression, got null',
    ],
    [
      { target_modules: "(?=q)q_proj" },
      'key "target_modules": expected a regular expression without look-around and back-references, got "(?=q)q_proj"',
    ],
    [
      { rank_pattern: { q_proj: "4" } },
      'key "rank_pattern.q_proj": expected a whole number from 1 on, got "4"',
    ],
    [
      { target_modules: ["c_attn"] },
      'key "target_modules": expected the name of a linear among q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, lm_head, the end of its path, or a role (attention, mlp, all-linear, query, key, value, output, gate, up, down), got ["c_attn"]; the adapter may be of another model',
    ],
  ])("refuses a config with %j in one sentence", async (changes, message) => {
    const copy = await copyWith(changes);
    const error = await caught(() => loadAdapter(model, copy));
    expect(said(error)).toBe(`copy/adapter_config.json, ${message}`);
    expect(isInputError(error)).toBe(true);
    expect(adapterNames(model)).toEqual([]);
  });

  it("passes over what is off or only mattered at the start", async () => {
    const changes = {
      option_of_tomorrow: false,
      another: {},
      init_lora_weights: "gaussian",
      eva_config: { rho: 2 },
    };
    expect((await loadAdapter(model, await copyWith(changes))).rank).toBe(16);
  });

  const q0 = "base_model.model.model.layers.0.self_attn.q_proj";
  it.each<[string, (tensors: TensorToWrite[]) => TensorToWrite[], string]>([
    [
      "a missing matrix",
      (tensors) => tensors.filter(({ name }) => name !== `${q0}.lora_B.weight`),
      `tensor "${q0}.lora_B.weight": expected the tensor, as adapter_config.json asks for it, got no such tensor; the file is incomplete or of another model`,
    ],
    [
      "a shape of another model",
      (tensors) =>
        tensors.map((tensor) =>
          tensor.name === `${q0}.lora_A.weight`
            ? { ...tensor, shape: [16, 32], data: new Float32Array(16 * 32) }
            : tensor,
        ),
      `tensor "${q0}.lora_A.weight": expected shape [16, 64] for rank 16 on model.layers.0.self_attn.q_proj [64, 64], got [16, 32]; the adapter is of another model, or its config of another adapter`,
    ],
    [
      "a layer that the model lacks",
      (tensors) => [
        ...tensors,
        { ...tensors[0], name: "base_model.model.model.layers.9.self_attn.q_proj.lora_A.weight" },
      ],
      'tensor "base_model.model.model.layers.9.self_attn.q_proj.lora_A.weight": expected a linear of the model, got "model.layers.9.self_attn.q_proj", which it does not have; the adapter is of another model',
    ],
    [
      "a linear that is no target",
      (tensors) => [...tensors, { ...tensors[0], name: tensors[0].name.replace("q_proj", "k_proj") }],
      `tensor "${q0.replace("q_proj", "k_proj")}.lora_A.weight": expected only linears that target_modules picks, got "model.layers.0.self_attn.k_proj"; config and weights are of different adapters`,
    ],
    [
      "a magnitude without DoRA",
      (tensors) => [
        ...tensors,
        { name: `${q0}.lora_magnitude_vector`, dtype: "F32", shape: [64], data: new Float32Array(64) },
      ],
      `tensor "${q0}.lora_magnitude_vector": expected no magnitudes, as use_dora is false, got one; config and weights are of different adapters`,
    ],
    [
      "a saved module",
      (tensors) => [...tensors, { ...tensors[0], name: "base_model.model.lm_head.weight" }],
      'tensor "base_model.model.lm_head.weight": expected only what the config asks for: LoRA matrices, such as base_model.model.….lora_A.weight, and tensors of modules_to_save and bias, got a tensor of another kind; it may come from another method, or the config is of another adapter',
    ],
    [
      "integers",
      (tensors) =>
        tensors.map((tensor) =>
          tensor.name === `${q0}.lora_A.weight`
            ? { ...tensor, dtype: "I32", data: new Int32Array(16 * 64) }
            : tensor,
        ),
      `tensor "${q0}.lora_A.weight": expected a dtype among F32, F16, BF16, got I32`,
    ],
    [
      "a NaN",
      (tensors) => {
        (tensors.find(({ name }) => name === `${q0}.lora_A.weight`)!.data as Float32Array)[3] = Number.NaN;
        return tensors;
      },
      `tensor "${q0}.lora_A.weight": expected finite numbers, got NaN as element 3`,
    ],
  ])("refuses %s in one sentence and leaves the model alone", async (_, change, message) => {
    const copy = await copyWithTensors(change);
    const linears = model.linears();
    expect(said(await caught(() => loadAdapter(model, copy)))).toBe(
      `copy/adapter_model.safetensors, ${message}`,
    );
    expect(model.linears()).toEqual(linears);
  });

  it("names the file that is missing or no JSON", async () => {
    expect(said(await caught(() => loadAdapter(model, join(folder, "none"))))).toBe(
      "none: expected an adapter folder, got no such folder",
    );
    expect(said(await caught(() => loadAdapter(model, `${folder}/`)))).toBe(
      "adapter_config.json: expected the config of a PEFT adapter, got no such file",
    );
    await writeFile(join(folder, "adapter_config.json"), "[1]");
    expect(said(await caught(() => readAdapterConfig(folder)))).toContain("expected a JSON object, got [1]");
    await writeFile(join(folder, "adapter_config.json"), '{"r": }');
    expect(said(await caught(() => readAdapterConfig(folder)))).toContain(
      'expected JSON with a value at line 1, column 7, got "}"',
    );
    await writeFile(join(folder, "adapter_config.json"), Buffer.from([0x22, 0xff, 0x22]));
    expect(said(await caught(() => readAdapterConfig(folder)))).toContain("expected UTF-8 text, got");
    await rm(join(folder, "adapter_config.json"));
    await mkdir(join(folder, "adapter_config.json"));
    expect(said(await caught(() => readAdapterConfig(folder)))).toContain("got something that is not a file");

    const copy = await copyWith({});
    await rm(join(copy, "adapter_model.safetensors"));
    expect(said(await caught(() => loadAdapter(model, copy)))).toBe(
      "copy/adapter_model.safetensors: expected the adapter's weights, got no such file",
    );
    await writeFile(join(copy, "adapter_model.bin"), "");
    expect(said(await caught(() => loadAdapter(model, copy)))).toContain(
      "only adapter_model.bin, which is not read",
    );
  });

  it("passes over the frozen weight that PEFT adds to an adapter on the head", async () => {
    attach(model, { targets: ["lm_head"], rank: 2 });
    const path = join(folder, "head");
    await saveAdapter(model, path);
    const [a, b] = trainableParameters(model).map(({ name, variable }): TensorToWrite => {
      return { name, dtype: "F32", shape: variable.shape, data: variable.dataSync() };
    });
    const name = "base_model.model.lm_head.base_layer.weight";
    const frozen: TensorToWrite = { name, dtype: "F32", shape: [320, 64], data: new Float32Array(320 * 64) };
    await writeSafetensors(join(path, "adapter_model.safetensors"), [a, b, frozen]);
    const before = logitsOf(model, ids);
    detach(model);
    const warnings: string[] = [];
    await loadAdapter(model, path, { onWarning: (warning) => warnings.push(sayPhrase(warning)) });
    expect(logitsOf(model, ids)).toEqual(before);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`tensor "${name}": passed over; the model's own weight is used`);
  });

  it("follows links, as hubs keep files", async () => {
    await mkdir(join(folder, "linked"));
    for (const name of ["adapter_config.json", "adapter_model.safetensors"]) {
      await symlink(join(QV, name), join(folder, "linked", name));
    }
    expect((await loadAdapter(model, join(folder, "linked"))).rank).toBe(16);
  });
});

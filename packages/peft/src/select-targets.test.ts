import { sayPhrase } from "@lathe/files";
import { linearPlaces, type ModelConfig, parseModelConfig } from "@lathe/model";
import { describe, expect, it } from "vitest";
import { type LoraConfig, resolveLoraConfig } from "./lora-config.js";
import { estimateParameters } from "./parameter-table.js";
import { selectTargets } from "./select-targets.js";
import { qwen25Sizes } from "./testing.js";

const model: ModelConfig = { ...qwen25Sizes, layerCount: 12 };
const places = linearPlaces(model);

function pick(options: Partial<LoraConfig>): string[] {
  return selectTargets(places, resolveLoraConfig(options)).targets.map(({ path }) => path);
}

const layers = (...numbers: number[]): ((name: string) => string[]) => {
  return (name) => numbers.map((layer) => `model.layers.${layer}.${name}`);
};

/** Layers of DeepSeek-V3's kind: the first dense, two with mixtures. */
const mixture = linearPlaces(
  parseModelConfig(
    {
      model_type: "deepseek_v3",
      hidden_size: 64,
      vocab_size: 32,
      num_hidden_layers: 3,
      first_k_dense_replace: 1,
      n_routed_experts: 4,
      n_group: 1,
      topk_group: 1,
      num_experts_per_tok: 2,
    },
    "config.json",
  ),
);

describe("selectTargets over latent attention and experts", () => {
  const pickThere = (targets: LoraConfig["targets"]): readonly string[] =>
    selectTargets(mixture, resolveLoraConfig({ targets, rank: 4 })).targets.map(({ path }) => path);

  it("knows keys and values that are of one linear, and queries by their last one", () => {
    const at = (name: string): string[] =>
      [0, 1, 2].map((layer) => `model.layers.${layer}.self_attn.${name}`);
    expect(pickThere(["query"])).toEqual(at("q_b_proj"));
    expect(pickThere(["key"])).toEqual(at("kv_b_proj"));
    expect(pickThere(["value"])).toEqual(at("kv_b_proj"));
    expect(pickThere("attention")).toHaveLength(5 * 3);
  });

  it("picks experts alone, without shared ones and dense layers of the same names", () => {
    const experts = pickThere(["experts"]);
    expect(experts).toHaveLength(2 * 4 * 3);
    expect(experts.every((path) => /\.mlp\.experts\.\d\.(gate|up|down)_proj$/.test(path))).toBe(true);
    expect(pickThere("mlp")).toHaveLength(3 + 2 * (4 + 1) * 3);
  });
});

describe("selectTargets", () => {
  it("picks by the end of a path after a dot", () => {
    expect(pick({ targets: ["q_proj"] })).toHaveLength(12);
    expect(pick({ targets: ["self_attn.q_proj"] })).toHaveLength(12);
    expect(() => pick({ targets: ["proj"] })).toThrow("targets");
    expect(pick({ targets: ["1.self_attn.q_proj"] })).toEqual(layers(1)("self_attn.q_proj"));
    expect(pick({ targets: ["lm_head"] })).toEqual(["lm_head"]);
  });

  it("picks by role, never the head with all-linear", () => {
    const first = (targets: LoraConfig["targets"]): string[] =>
      pick({ targets, layers: [0] }).map((path) => path.slice(path.lastIndexOf(".") + 1));
    const attention = ["q_proj", "k_proj", "v_proj", "o_proj"];
    const mlp = ["gate_proj", "up_proj", "down_proj"];
    expect(first("attention")).toEqual(attention);
    expect(first(["mlp"])).toEqual(mlp);
    expect(first("all-linear")).toEqual([...attention, ...mlp]);
    expect(first(["mlp", "q_proj"])).toEqual(["q_proj", ...mlp]);
    expect(pick({ targets: "all-linear" })).toHaveLength(7 * 12);
  });

  it("picks by what linears do, but for words that are names of linears", () => {
    const first = (targets: LoraConfig["targets"], among = places): string[] =>
      selectTargets(among, resolveLoraConfig({ targets, layers: [0] })).targets.map(({ name }) => name);
    expect(first(["query", "value"])).toEqual(["q_proj", "v_proj"]);
    expect(first(["down", "output", "gate"])).toEqual(["o_proj", "gate_proj", "down_proj"]);
    expect(pick({ targets: ["head"] })).toEqual(["lm_head"]);
    expect(pick({ targets: ["query", "self_attn.q_proj"] })).toHaveLength(12);
    // A router that is called so, as in mixtures of experts.
    const router = { ...places[4], path: "model.layers.0.mlp.gate", name: "gate", role: "router" };
    expect(first(["gate"], [...places, router])).toEqual(["gate"]);
    expect(() => pick({ targets: ["querry"] })).toThrow(
      "or a role (attention, mlp, all-linear, query, key, value, output, gate, up, down)",
    );
  });

  it("writes roles out as sorted names and leaves regular expressions alone", () => {
    const targetsOf = (targets: LoraConfig["targets"]): LoraConfig["targets"] =>
      selectTargets(places, resolveLoraConfig({ targets })).config.targets;
    expect(targetsOf("attention")).toEqual(["k_proj", "o_proj", "q_proj", "v_proj"]);
    expect(targetsOf(["mlp", "up_proj"])).toEqual(["down_proj", "gate_proj", "up_proj"]);
    expect(targetsOf(".*q_proj")).toBe(".*q_proj");
  });

  it("matches a regular expression with the whole path", () => {
    expect(pick({ targets: String.raw`.*\.(1|11)\..*[qk]_proj` })).toEqual([
      ...["q_proj", "k_proj"].flatMap((name) => layers(1)(`self_attn.${name}`)),
      ...["q_proj", "k_proj"].flatMap((name) => layers(11)(`self_attn.${name}`)),
    ]);
    expect(() => pick({ targets: "q_proj" })).toThrow("targets");
  });

  it("takes time linear in the path for an expression that backtracks", () => {
    const start = performance.now();
    expect(() => pick({ targets: "(([a-z0-9._]+)+)+!" })).toThrow("targets");
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("keeps to layers, by list and by range; a full path holds anyway", () => {
    const q = "self_attn.q_proj";
    expect(pick({ targets: ["q_proj"], layers: [1, 10] })).toEqual(layers(1, 10)(q));
    expect(pick({ targets: ["q_proj"], layers: { start: 9, end: 12 } })).toEqual(layers(9, 10, 11)(q));
    expect(pick({ targets: ["q_proj", "model.layers.3.self_attn.q_proj"], layers: [1] })).toEqual(
      layers(1, 3)(q),
    );
    expect(pick({ targets: ["q_proj", "lm_head"], layers: [1] })).toEqual([...layers(1)(q), "lm_head"]);
  });

  it("leaves out what is excluded", () => {
    const excludeModules = ["0.self_attn.q_proj"];
    expect(pick({ targets: ["q_proj"], layers: [0, 1], excludeModules })).toEqual(
      layers(1)("self_attn.q_proj"),
    );
    expect(pick({ targets: "attention", layers: [0], excludeModules: ".*[kvo]_proj" })).toEqual(
      layers(0)("self_attn.q_proj"),
    );
  });

  it("gives ranks and scales by pattern, the first that matches", () => {
    const { targets } = selectTargets(
      places,
      resolveLoraConfig({
        rank: 8,
        alpha: 16,
        targets: ["q_proj", "o_proj"],
        layers: [1, 11],
        rankPattern: { o_proj: 4, "1.self_attn.q_proj": 2, [String.raw`layers\.1\..*`]: 3 },
        alphaPattern: { "^model.layers.11.self_attn.o_proj": 12 },
        useRslora: true,
      }),
    );
    expect(targets.map(({ path, rank, alpha, scale }) => [path, rank, alpha, scale])).toEqual([
      ["model.layers.1.self_attn.q_proj", 2, 16, 16 / Math.sqrt(2)],
      ["model.layers.1.self_attn.o_proj", 4, 16, 8],
      // "1.self_attn.q_proj" is no end of this path after a dot.
      ["model.layers.11.self_attn.q_proj", 8, 16, 16 / Math.sqrt(8)],
      ["model.layers.11.self_attn.o_proj", 4, 12, 6],
    ]);
  });

  it("lists the names there are when nothing matches", () => {
    expect(() => pick({ targets: ["query_key_value"] })).toThrow(
      'LoRA config, key "targets": expected the name of a linear among q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, lm_head, the end of its path, or a role (attention, mlp, all-linear, query, key, value, output, gate, up, down), got ["query_key_value"]',
    );
    expect(() => pick({ targets: "q_proj" })).toThrow(
      'LoRA config, key "targets": expected a list of names among q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, lm_head, or a regular expression that matches a whole path such as model.layers.0.self_attn.q_proj, got "q_proj"',
    );
    expect(() => pick({ layers: [12] })).toThrow(
      'LoRA config, key "layers": expected layers within 0 to 11 that hold a target, got [12]',
    );
    expect(() => pick({ excludeModules: ["q_proj", "v_proj"] })).toThrow(
      'LoRA config, key "excludeModules": expected to leave one of q_proj, v_proj to adapt, got ["q_proj","v_proj"], which excludes all targets',
    );
    expect(() => pick({ rank: 4096 })).toThrow(
      'LoRA config, key "rank": expected at most 2048, the longer side of model.layers.0.self_attn.q_proj [2048, 2048], got 4096',
    );
  });

  it("warns of what has no effect while the rest has", () => {
    const warnings: string[] = [];
    const config = resolveLoraConfig({
      targets: ["q_proj", "c_attn"],
      layers: [11, 12],
      excludeModules: ["w1"],
      rankPattern: { o_proj: 4 },
      alphaPattern: { q_proj: 4 },
    });
    selectTargets(places, config, (warning) => warnings.push(sayPhrase(warning)));
    expect(warnings).toEqual([
      'LoRA config, key "targets": "c_attn" matched no linear; there are q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, lm_head',
      'LoRA config, key "excludeModules": "w1" excluded nothing',
      'LoRA config, key "layers": 12 are not layers of the model',
      'LoRA config, key "rankPattern": "o_proj" matched no adapted linear',
    ]);
  });
});

describe("estimateParameters", () => {
  it("counts 3,686,400 for rank 16 on q and v of Qwen2.5-3B", () => {
    const table = estimateParameters(qwen25Sizes, { rank: 16 });
    expect(table.trainable).toBe(3_686_400);
    expect(table.groups).toEqual([
      { name: "q_proj", linears: 36, parameters: 2_359_296 },
      { name: "v_proj", linears: 36, parameters: 1_327_104 },
    ]);
    // 3,085,938,688 in the base, as its model card's 3.09B.
    expect(table.all).toBe(3_085_938_688 + 3_686_400);
    expect(table.percent).toBeCloseTo((100 * 3_686_400) / 3_089_625_088, 12);
  });

  it("counts a magnitude an output with DoRA", () => {
    const plain = estimateParameters(qwen25Sizes, { rank: 16 }).trainable;
    expect(estimateParameters(qwen25Sizes, { rank: 16, useDora: true }).trainable - plain).toBe(
      36 * (2048 + 256),
    );
  });
});

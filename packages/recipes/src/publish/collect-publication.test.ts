import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RecipeError } from "../recipe-error.js";
import { temporaryFolder } from "../testing/folders.js";
import { collectPublication } from "./collect-publication.js";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const repository = "owner/tuned";
const HASH = "a".repeat(64);

const textsOf = (files: Awaited<ReturnType<typeof collectPublication>>["files"]): Record<string, string> =>
  Object.fromEntries(
    files.flatMap(({ path, content }) => ("text" in content ? [[path, content.text] as const] : [])),
  );

/** A run's folder as training leaves it. @param base what the run was given as its model */
async function runFolder(base: (folder: string) => string): Promise<{ run: string; secret: string }> {
  const folder = await temporaryFolder();
  const secret = join(folder, "customer-acme");
  const run = join(secret, "first");
  await mkdir(join(run, "adapter"), { recursive: true });
  const model = base(secret);
  const settings = {
    model,
    data: join(secret, "rows.jsonl"),
    output: run,
    initAdapter: join(secret, "before"),
    method: "lora",
    rank: 8,
    alpha: 16,
    targets: ["q_proj", "v_proj"],
    learningRate: 3e-5,
    batchSize: 2,
    gradientAccumulation: 8,
    seed: 0,
    lossOn: "all",
  };
  const passport = {
    lathe: "0.1.0",
    engineDescription: "C++ kernels",
    convergenceStep: 30,
    energyJoules: null,
    settings,
    hashes: {
      model: { "model.safetensors": HASH },
      data: HASH,
      validation: null,
      result: { "adapter/adapter_model.safetensors": HASH },
    },
  };
  const report = { steps: 40, loss: 1.25, validationLoss: 1.5, run, adapter: join(run, "adapter"), passport };
  await writeFile(join(run, "report.json"), JSON.stringify(report));
  await writeFile(
    join(run, "adapter", "adapter_config.json"),
    `{\n  "base_model_name_or_path": ${JSON.stringify(model)},\n  "lora_dropout": 0.0,\n  "r": 8,\n  "revision": null\n}\n`,
  );
  await writeFile(join(run, "adapter", "adapter_model.safetensors"), "weights");
  await writeFile(join(run, "adapter", "notes.txt"), "call Mr. Smith");
  return { run, secret };
}

const inCache = (): string =>
  `/home/someone/.cache/huggingface/hub/models--Qwen--Qwen3-0.6B/snapshots/${COMMIT}`;

describe("collectPublication", () => {
  it("has what loaders read, the passport and the card, with the base by its name on the hub", async () => {
    const { run } = await runFolder(inCache);
    const { kind, base, files, card } = await collectPublication({ repository, folder: run });
    expect(kind).toBe("adapter");
    expect(base).toEqual({ id: "Qwen/Qwen3-0.6B", commit: COMMIT });
    expect(files.map(({ path }) => path)).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
      "passport.json",
      "README.md",
    ]);
    const config = textsOf(files)["adapter_config.json"];
    expect(JSON.parse(config)).toEqual({
      base_model_name_or_path: "Qwen/Qwen3-0.6B",
      revision: COMMIT,
      lora_dropout: 0,
      r: 8,
    });
    // Readers tell 0.0 and 0 apart: what is not replaced stays as it is written.
    expect(config).toContain('"lora_dropout": 0.0');
    expect(card).toBe(textsOf(files)["README.md"]);
    expect(card).toContain('base_model: "Qwen/Qwen3-0.6B"');
    expect(card).toContain("\n# tuned\n");
    expect(card).toContain(`lathe chat --model Qwen/Qwen3-0.6B@${COMMIT} --adapter owner/tuned`);
    expect(card).toContain('PeftModel.from_pretrained(model, "owner/tuned")');
    expect(card).toContain("| rank | 8 |");
    expect(card).toContain("| rows a step | 2 × 8 |");
    expect(card).toContain("| validation loss (nats a token) | 1.5 |");
    expect(card).toContain(HASH);
  });

  it("tells nobody of paths, names of folders or other files of this machine", async () => {
    const { run, secret } = await runFolder(inCache);
    const { files } = await collectPublication({ repository, folder: run });
    for (const [path, text] of Object.entries(textsOf(files))) {
      for (const told of [secret, "customer-acme", "rows.jsonl", "/home/someone", "Smith"]) {
        expect(text, path).not.toContain(told);
      }
    }
  });

  it("says the bytes and hashes of what would go", async () => {
    const { run } = await runFolder(inCache);
    const { files } = await collectPublication({ repository, folder: join(run, "adapter") });
    const weights = files.find(({ path }) => path === "adapter_model.safetensors");
    expect(weights).toMatchObject({
      bytes: 7,
      sha256: "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c",
    });
  });

  it("asks for the name of a base that was a folder of this machine", async () => {
    const { run } = await runFolder((folder) => join(folder, "models", "base"));
    const error: unknown = await collectPublication({ repository, folder: run }).catch(
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(RecipeError);
    expect((error as RecipeError).fields).toEqual(["base"]);
    const { base } = await collectPublication({ repository, folder: run, base: "owner/base@v1" });
    expect(base).toEqual({ id: "owner/base", commit: "v1" });
  });

  it("takes a base that the run was given by its name", async () => {
    const { run } = await runFolder(() => "Qwen/Qwen3-0.6B");
    expect((await collectPublication({ repository, folder: run })).base).toEqual({
      id: "Qwen/Qwen3-0.6B",
      commit: null,
    });
  });

  it.each(["not a name", "hf-dataset:owner/rows", "modelscope:owner/base", "../base"])(
    "%s is no base on the hub",
    async (base) => {
      const { run } = await runFolder(inCache);
      await expect(collectPublication({ repository, folder: run, base })).rejects.toThrow(RecipeError);
    },
  );

  it("takes a model that was trained as a whole", async () => {
    const model = join(await temporaryFolder(), "run", "model");
    await mkdir(model, { recursive: true });
    await writeFile(
      join(model, "config.json"),
      '{"_name_or_path": "/home/someone/base", "model_type": "qwen3"}',
    );
    await writeFile(join(model, "model.safetensors"), "weights");
    await writeFile(join(model, "tokenizer.json"), "{}");
    const { kind, files } = await collectPublication({ repository, folder: model, base: "owner/base" });
    expect(kind).toBe("model");
    expect(files.map(({ path }) => path)).toEqual([
      ...["config.json", "model.safetensors", "tokenizer.json", "README.md"],
    ]);
    expect(textsOf(files)["config.json"]).toBe('{"_name_or_path": "owner/base", "model_type": "qwen3"}');
  });

  it("refuses a folder that no run has written", async () => {
    await expect(
      collectPublication({ repository, folder: await temporaryFolder(), base: "a/b" }),
    ).rejects.toThrow(RecipeError);
  });

  it("shows scores with signatures and intervals, and no markup of their names", async () => {
    const { run } = await runFolder(inCache);
    const scores = join(await temporaryFolder(), "report.json");
    const bleu = { score: 31.25, signature: "nrefs:1|tok:zh", interval: [29.5, 33] };
    const systems = [{ name: "tuned | <b>x</b>", scores: { bleu } }];
    await writeFile(scores, JSON.stringify({ scores: { systems } }));
    const { card } = await collectPublication({ repository, folder: run, scores });
    expect(card).toContain("| tuned \\| \\<b\\>x\\</b\\> | bleu | 31.25 | 29.5 to 33 | nrefs:1\\|tok:zh |");
    await writeFile(scores, JSON.stringify({ systems: [] }));
    await expect(collectPublication({ repository, folder: run, scores })).rejects.toThrow(/scores/);
  });
});

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { openWeights } from "@lathe/model";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let data: string;
let held: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const stories = [
    "Once upon a time there was a little girl. She had a red ball.",
    "Tom and his dog went to the park. They played all day.",
    "The sun was warm. A bird sang in the tree and the cat slept.",
  ];
  data = await writeJsonl(
    join(folder, "rows.jsonl"),
    stories.map((text) => ({ text })),
  );
  held = await writeJsonl(join(folder, "held.jsonl"), [
    { text: "One day a boy named Tim found a big box. He was very happy." },
  ]);
});

const perplexity = async (model: string): Promise<number> => {
  const { json, stderr } = await runLathe(["score", "--data", held, "--model", model, "--json"]);
  expect(json, stderr).toHaveProperty("perplexity");
  return json!["perplexity"] as number;
};

describe("lathe prune", () => {
  it("wanda loses less than magnitude, and both write what they say", async () => {
    const scores: Record<string, number> = {};
    for (const method of ["magnitude", "wanda"]) {
      const output = join(folder, method);
      const { code, json, stderr } = await runLathe([
        ...["prune", "--model", storiesModel, "--output", output, "--sparsity", "0.5", "--method", method],
        ...(method === "wanda" ? ["--calibration", data] : []),
        "--json",
      ]);
      expect(code, stderr).toBe(0);
      expect(json).toMatchObject({ output, method, sparsity: 0.5 });
      expect((json!["zeros"] as number) / (json!["weights"] as number)).toBeCloseTo(0.5, 2);
      const weights = await openWeights(output);
      let zeros = 0;
      for (const name of weights.names().filter((each) => each.includes("proj.weight"))) {
        zeros += (await weights.readFloat32(name)).filter((value) => value === 0).length;
      }
      await weights.close();
      expect(zeros).toBe(json!["zeros"]);
      scores[method] = await perplexity(output);
    }
    const whole = await perplexity(storiesModel);
    expect(scores["wanda"]).toBeLessThan(scores["magnitude"]);
    expect(scores["wanda"]).toBeGreaterThan(whole);
  });

  it.each([
    [["--sparsity", "1.5"], "--sparsity"],
    [["--sparsity", "4:2"], "--sparsity: expected a share above 0 and below 1, or a pattern"],
    [["--sparsity", "6:7"], "groups of a size that divides"],
    [["--method", "wanda"], "--calibration: expected rows that show the model what it is for, got nothing"],
    [["--calibration", "DATA"], "--calibration goes with --method wanda"],
    [["--method", "wanda", "--calibration", "nowhere.jsonl"], "nowhere.jsonl"],
    [["--model", "nowhere"], "nowhere"],
  ])("refuses %j", async (words, message) => {
    const before = await readdir(folder);
    const output = join(folder, "refused");
    const { code, stderr } = await runLathe([
      ...["prune", "--model", tinyModel("qwen2"), "--output", output, "--sparsity", "2:4"],
      ...words.map((word) => (word === "DATA" ? data : word)),
    ]);
    expect(stderr).toContain(message);
    expect(code, stderr).toBe(2);
    await expect(stat(output)).rejects.toThrow("ENOENT");
    expect(await readdir(folder)).toEqual(before);
  });
});

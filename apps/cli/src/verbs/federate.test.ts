import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 6 }, (_, row) => {
    const ids = Array.from({ length: 7 }, (_, i) => 30 + ((row * 37 + i * 11) % 200));
    return { input_ids: ids, labels: ids };
  });
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
});

describe("lathe federate", () => {
  it("counts a budget, and finds the noise that keeps one", async () => {
    const run = ["--sampling-rate", "0.0041666666667", "--rounds", "3600", "--conversion", "classic"];
    const { code, json } = await runLathe([
      "federate",
      "ledger",
      "--noise-multiplier",
      "1.3",
      ...run,
      "--json",
    ]);
    expect(code).toBe(0);
    // TensorFlow Privacy's tutorial.
    expect(json).toMatchObject({ delta: 1e-5, noiseMultiplier: 1.3, rounds: 3600, conversion: "classic" });
    expect(json!["epsilon"]).toBeCloseTo(1.18, 2);
    const text = await runLathe([
      "federate",
      "ledger",
      "--epsilon",
      "8",
      "--sampling-rate",
      "0.5",
      "--rounds",
      "40",
    ]);
    expect(text.stdout).toMatch(/epsilon +(?:8\.000|7\.99\d)/);
    const both = await runLathe(["federate", "ledger", "--rounds", "4"]);
    expect(both.code).toBe(2);
    expect(both.stderr).toMatch(/--noise-multiplier: expected it or the epsilon to keep/);
  });

  it("leads and joins through a folder", async () => {
    const mailbox = join(folder, "mailbox");
    const joined = (name: string) =>
      runLathe([
        ...["federate", "join", "--mailbox", mailbox, "--model", tinyModel("qwen2"), "--data", data],
        ...[
          "--name",
          name,
          "--output",
          join(folder, name),
          "--poll",
          "0.05",
          "--precision",
          "fp32",
          "--json",
        ],
      ]);
    const led = runLathe([
      ...["federate", "coordinate", "--mailbox", mailbox, "--model", tinyModel("qwen2"), "--rounds", "1"],
      ...["--output", join(folder, "coordinator"), "--clients", "2", "--poll", "0.05", "--rule", "median"],
      ...["--clip-norm", "median", "--rank", "2", "--max-steps", "1", "--batch-size", "2", "--json"],
    ]);
    const [one, other, coordinator] = await Promise.all([joined("clinic-a"), joined("clinic-b"), led]);
    expect([one.code, other.code, coordinator.code]).toEqual([0, 0, 0]);
    expect(one.json).toMatchObject({ interrupted: false, rounds: [{ round: 1, delivered: true }] });
    expect(coordinator.json).toMatchObject({ rounds: [{ round: 1, refused: [] }] });
    expect(coordinator.stderr).toMatch(/round 1 closed with 2 clients/);
    const adapters = await Promise.all(
      [one, other, coordinator].map(({ json }) =>
        readFile(join(json!["adapter"] as string, "adapter_model.safetensors")),
      ),
    );
    for (const adapter of adapters.slice(1)) expect(adapter.equals(adapters[0])).toBe(true);
  });

  it("simulates, and names the flag of what makes a budget untrue", async () => {
    const simulate = (...more: string[]) =>
      runLathe([
        ...[
          "federate",
          "simulate",
          "--model",
          tinyModel("qwen2"),
          "--data",
          data,
          "--clients",
          "3",
          "--rounds",
          "1",
        ],
        ...["--output", join(folder, "simulated"), "--rank", "2", "--max-steps", "1", "--batch-size", "1"],
        ...["--precision", "fp32", ...more],
      ]);
    const refused = await simulate("--noise-multiplier", "1");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/--clip-norm: expected a fixed length beside noise, got none/);
    const { code, stdout } = await simulate("--noise-multiplier", "1", "--clip-norm", "0.1");
    expect(code).toBe(0);
    expect(stdout).toMatch(/epsilon holds for delta/);
  });
});

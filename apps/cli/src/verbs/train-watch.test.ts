/** What `train` says of steps that are not finite and of a loss that does not fall, in both languages. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let data: string;
let count = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 50 }, (_, row) => ({
    input_ids: Array.from({ length: 8 }, (_unused, i) => (row + i * 7) % 320),
  }));
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
});

const train = (...words: string[]) => {
  const output = join(folder, `run-${++count}`);
  const own = ["--batch-size", "1", "--gradient-accumulation", "1", "--epochs", "1"];
  return runLathe([
    "train",
    "--model",
    tinyModel("qwen2"),
    "--data",
    data,
    "--output",
    output,
    ...own,
    ...words,
  ]);
};

describe.each([
  {
    language: "en",
    ended:
      /lathe: step 2: the (loss|gradient norm) is (NaN|Infinity) \(rows .*; none of it was applied; lower the/,
    bad: /step 2 not applied: the (loss|gradient norm) is (NaN|Infinity) \(rows .*rows\.jsonl:\d+; tensors .*lora_A/,
    stalled:
      /step 50: the loss has not fallen since the run began \(\d\.\d{4} at first, .* 100 % of the last steps clipped, learning rate up to 1e-9\); the recipe allows raising the rate: --learning-rate 1e-4; clipping at 0\.001 makes/,
  },
  {
    language: "zh",
    ended: /lathe: 第 2 步：(损失|梯度范数)为 (NaN|Infinity)（数据行 .*；均未应用；请降低学习率/,
    bad: /第 2 步未生效：(损失|梯度范数)为 (NaN|Infinity)（数据行 .*rows\.jsonl:\d+；张量 .*lora_A/,
    stalled:
      /第 50 步：损失自训练开始后没有下降（开始时 .*最近的步有 100 % 被裁剪，学习率最高 1e-9）；配方允许提高学习率：--learning-rate 1e-4；上限为 0\.001/,
  },
])("lathe train --language $language", ({ language, bad, ended, stalled }) => {
  it("names rows and tensors of a step that is not finite", async () => {
    const { code, stderr } = await train(
      "--learning-rate",
      "1e30",
      "--max-bad-steps",
      "1",
      "--language",
      language,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(bad);
    expect(stderr).toMatch(ended);
  });

  it("says with the run's numbers what may help a loss that does not fall", async () => {
    const words = ["--learning-rate", "1e-9", "--max-grad-norm", "0.001", "--language", language];
    const { code, stderr } = await train(...words);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(stalled);
  });
});

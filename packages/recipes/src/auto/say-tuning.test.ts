import { asPhrase, phrase } from "@lathe/files";
import { expect, it } from "vitest";
import { firstCandidates } from "./candidate.js";
import { sayTuning } from "./say-tuning.js";

const [candidate] = firstCandidates(64);
const trial = { ...candidate, round: 1, steps: 8, validationLoss: 2.5, seconds: 3, fault: null };
const summary = {
  why: [phrase`${8} steps`],
  trials: [trial, { ...trial, validationLoss: null, fault: phrase`step ${3}: ${asPhrase("no loss")}` }],
  excluded: [{ ...candidate, reason: asPhrase("too large") }],
  time: { spent: 9 },
};

it("turns sentences into texts, and leaves alone what is none", () => {
  const said = sayTuning(summary);
  expect(said.why).toEqual(["8 steps"]);
  expect(said.trials).toEqual([trial, { ...trial, validationLoss: null, fault: "step 3: no loss" }]);
  expect(said.excluded).toEqual([{ ...candidate, reason: "too large" }]);
  expect(said.time).toBe(summary.time);
});

it("says each sentence, and what stands in its gaps, in the language of the translations", () => {
  const zh = {
    "{0} steps": "{0} 步",
    "step {0}: {1}": "第 {0} 步：{1}",
    "no loss": "无损失",
    "too large": "太大",
  };
  const { why, trials, excluded } = sayTuning(summary, zh);
  expect([...why, ...trials.map(({ fault }) => fault), excluded[0].reason]).toEqual([
    "8 步",
    null,
    "第 3 步：无损失",
    "太大",
  ]);
});

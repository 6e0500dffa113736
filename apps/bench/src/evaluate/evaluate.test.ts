import { expect, it } from "vitest";
import { evaluateTable, summariseEvaluation } from "./evaluate-command.js";
import { measureEvaluation } from "./measure-evaluation.js";

const job = {
  size: "mini" as const,
  base: "fp32" as const,
  engine: "auto",
  precision: "auto",
  maxNewTokens: 12,
  prompts: [[5, 6, 7], [8, 9], [10, 11, 12, 13], [14], [15, 16]],
  stopIds: Array.from({ length: 200 }, (_, at) => 8 * at),
};

it("replies are the same however many are generated at a time", async () => {
  const one = await measureEvaluation({ ...job, batchSize: 1 });
  const many = await measureEvaluation({ ...job, batchSize: 3 });
  expect(many.replies).toEqual(one.replies);
  expect(many.tokens).toBe(one.tokens);
  // Replies end at different lengths, so that places are refilled in the midst.
  expect(new Set(one.replies.map(({ length }) => length)).size).toBeGreaterThan(1);
}, 60_000);

it.each(["fp32", "bf16"] as const)(
  "eight replies at a time are those of one, with %s weights",
  async (base) => {
    const prompts = Array.from({ length: 12 }, (_, row) =>
      Array.from({ length: 10 + row }, (_id, place) => (row * 131 + place * 17) % 4096),
    );
    const own = { ...job, base, prompts, maxNewTokens: 24 };
    const one = await measureEvaluation({ ...own, batchSize: 1 });
    expect((await measureEvaluation({ ...own, batchSize: 8 })).replies).toEqual(one.replies);
  },
  60_000,
);

it("counts replies that differ, and compares with one at a time", () => {
  const outcome = {
    engine: "x",
    tokens: 100,
    processorSeconds: 9,
    peakResidentBytes: 2 ** 27,
    replies: [[1, 2], [3]],
  };
  const one = summariseEvaluation(1, [{ ...outcome, seconds: 8 }], outcome.replies);
  const many = summariseEvaluation(
    8,
    [
      { ...outcome, seconds: 2 },
      { ...outcome, seconds: 3, replies: [[1], [3]] },
      { ...outcome, seconds: 1 },
    ],
    outcome.replies,
  );
  expect([one.different, many.different]).toEqual([0, 1]);
  expect(evaluateTable([one, many]).rows).toEqual([
    ["1", "100", "12.5", "1.00 ×", "9.0", "1.00 ×", "0", "128"],
    ["8", "100", "50.0", "4.00 ×", "9.0", "1.00 ×", "1", "128"],
  ]);
});

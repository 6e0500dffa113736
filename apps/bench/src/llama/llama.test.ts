import { expect, it } from "vitest";
import { llamaTable, summariseReplies } from "./llama-command.js";
import { PartClock } from "./part-clock.js";
import type { RepliesOutcome } from "./replies-job.js";

it("counts as decoded what comes after every sequence has its first token", () => {
  const clock = new PartClock(2);
  for (const sequence of [0, 0, 1, 0, 1]) clock.token(sequence);
  const { decoded, promptSeconds, decodeSeconds } = clock.end();
  expect(decoded).toBe(2);
  expect(promptSeconds).toBeGreaterThanOrEqual(0);
  expect(decodeSeconds).toBeGreaterThanOrEqual(0);
});

it("counts nothing as decoded where a sequence never began", () => {
  const clock = new PartClock(2);
  clock.token(0);
  expect(clock.end()).toMatchObject({ decoded: 0, decodeSeconds: 0 });
});

it("sums rounds up by medians of tokens a second, and memory by the largest", () => {
  const round = (slower: number, peakResidentBytes: number): RepliesOutcome => ({
    program: "p",
    parts: [
      { promptSeconds: 2 * slower, decoded: 10, decodeSeconds: slower },
      { promptSeconds: 1, decoded: 80, decodeSeconds: 4 * slower },
    ],
    peakResidentBytes,
  });
  const summary = summariseReplies([round(1, 5), round(4, 9), round(2, 7)], 100);
  expect(summary).toEqual({ program: "p", prompt: 25, one: 5, several: 10, peakResidentBytes: 9 });
  const ratios = { prompt: 2, one: 1.5, several: 3, memory: 0.5 };
  const result = {
    base: "int8",
    type: "Q8_0",
    lathe: summary,
    llamaCpp: summary,
    ratios,
    gain: 2,
    passed: false,
  };
  expect(llamaTable([result], 8).rows.map(([name]) => name)).toEqual(["Lathe int8", "llama.cpp Q8_0", ""]);
  expect(llamaTable([result], 8).rows[2]).toEqual(["", "2.00 ×", "1.50 ×", "3.00 ×", "0.50 ×"]);
});

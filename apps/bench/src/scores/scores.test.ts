import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { measureScores } from "./measure-scores.js";
import { writeScorePairs } from "./score-pairs.js";
import { scoresTable } from "./scores-command.js";

it("writes pairs that follow from the seed, near each other, and scores them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lathe-bench-"));
  try {
    const job = { predictions: join(folder, "p.jsonl"), references: join(folder, "r.jsonl") };
    await writeScorePairs(job, 300, 3);
    const lines = (await readFile(job.predictions, "utf8")).trimEnd().split("\n");
    expect(lines).toHaveLength(300);
    const { scores, seconds, secondsWithIntervals } = await measureScores(job);
    expect(scores.bleu).toBeGreaterThan(50);
    expect(scores.bleu).toBeLessThan(100);
    expect(scores.chrf).toBeGreaterThan(50);
    expect(scores.rouge).toBeGreaterThan(0.2);
    expect(secondsWithIntervals).toBeGreaterThan(0);
    expect(Object.keys(seconds)).toEqual(["bleu", "chrf", "rouge"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("compares the metrics that both contestants have", () => {
  const scores = { bleu: 1, chrf: 1, rouge: 1 };
  const own = {
    name: "lathe",
    seconds: { bleu: 1, chrf: 1, rouge: 5 },
    scores,
    secondsWithIntervals: 9,
    peakResidentBytes: 2 ** 27,
  };
  const peer = {
    ...own,
    name: "sacreBLEU",
    seconds: { bleu: 8, chrf: 6, rouge: null },
    secondsWithIntervals: null,
  };
  const { columns, rows } = scoresTable(100, own, [peer]);
  expect(columns[0]).toBe("100 pairs");
  expect(rows[1]).toEqual(["sacreBLEU", "8.0", "6.0", "–", "–", "128", "7.00 ×", "1.00 ×"]);
});

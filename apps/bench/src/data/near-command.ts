import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NEAR_DUPLICATE_THRESHOLD, NearDuplicates } from "@lathe/data";
import type { Command } from "commander";
import { saveFlag, share, whole } from "../shared/flags.js";
import { publish } from "../shared/report.js";
import { bruteNearPairs } from "./brute-near-pairs.js";
import { dialogueRows } from "./dialogue-rows.js";

const LEAST_RECALL = 0.97;
const LEAST_PRECISION = 0.99;

interface NearFlags {
  readonly rows: number;
  readonly seed: number;
  readonly threshold: number;
  readonly save?: string;
}

/** Adds `bench near`. */
export function addNearCommand(program: Command): void {
  program
    .command("near")
    .description(
      `Near copies found among generated dialogues, against all pairs; fails below a recall of ${LEAST_RECALL} or a precision of ${LEAST_PRECISION}`,
    )
    .option("--rows <count>", "rows, every one compared with every other", whole(2), 20_000)
    .option("--seed <seed>", "of the rows", whole(0), 7)
    .option("--threshold <share>", "least Jaccard similarity", share, NEAR_DUPLICATE_THRESHOLD)
    .addOption(saveFlag())
    .action(runNear);
}

async function runNear({ rows, seed, threshold, save }: NearFlags): Promise<void> {
  const texts = Array.from(dialogueRows(rows, seed), ({ messages }) =>
    messages.map(({ content }) => content).join("\n"),
  );
  const folder = await mkdtemp(join(tmpdir(), "lathe-bench-near-"));
  try {
    const start = performance.now();
    const finder = new NearDuplicates(folder, threshold);
    for (const text of texts) finder.add(text);
    const clusters = finder.find();
    const copyOf = finder.copies(clusters, () => false);
    const seconds = (performance.now() - start) / 1000;
    await finder.remove();
    console.error("all pairs …");
    const pairs = bruteNearPairs(texts, threshold);
    const isNear = new Set(pairs.map(([left, right]) => left * rows + right));
    const found = pairs.filter(
      ([left, right]) => clusters.clusterOf[left] === clusters.clusterOf[right],
    ).length;
    const copies = [...copyOf.entries()].filter(([, original]) => original !== -1);
    const right = copies.filter(([row, original]) => isNear.has(original * rows + row)).length;
    const recall = found / pairs.length;
    const precision = right / copies.length;
    await publish(
      {
        name: ["near", rows].join("-"),
        title: `Near copies of similarity ${threshold} among ${rows} generated dialogues`,
        result: { seconds, pairs: pairs.length, found, copies: copies.length, recall, precision },
        tables: [
          {
            columns: ["", "pairs", "found", "recall", "set aside", "precision", "seconds"],
            rows: [
              [
                "Lathe",
                ...[String(pairs.length), String(found), recall.toFixed(4)],
                ...[String(copies.length), precision.toFixed(4), seconds.toFixed(1)],
              ],
            ],
          },
        ],
        notes: [
          "Pairs are those that comparing every row with every other finds; rows set aside are right where their original is such a pair's.",
        ],
      },
      { case: "near", options: { rows, seed, threshold }, python: null, save },
    );
    if (!(recall >= LEAST_RECALL && precision >= LEAST_PRECISION)) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

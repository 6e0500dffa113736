import { makeFolder } from "@lathe/files";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is removed when the test ends. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-runs-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A line of metrics. */
export const lineOf = (step: number, more: object = {}): string =>
  `${JSON.stringify({ step, totalSteps: 100, loss: 4 / step, tokens: 10, seconds: 0.5, ...more })}\n`;

/** What a run is made with. */
export interface MadeRun {
  readonly config?: string;
  readonly metrics?: string;
  readonly samples?: string;
  readonly report?: string;
}

/** Writes a run as the loop does. */
export async function makeRun(folder: string, name: string, made: MadeRun = {}): Promise<string> {
  const path = join(folder, name);
  await makeFolder(join(path, "checkpoints"));
  const {
    config = JSON.stringify({ method: "lora", model: "models/tiny", rank: 8 }),
    metrics,
    samples,
    report,
  } = made;
  await writeFile(join(path, "config.json"), config);
  if (metrics !== undefined) await writeFile(join(path, "metrics.jsonl"), metrics);
  if (samples !== undefined) await writeFile(join(path, "samples.jsonl"), samples);
  if (report !== undefined) await writeFile(join(path, "report.json"), report);
  return path;
}

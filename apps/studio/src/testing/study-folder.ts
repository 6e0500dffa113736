import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStudy, type CreateStudyOptions, type Responses, type Study } from "@lathe/annotate";
import { onTestFinished } from "vitest";

/** A folder that is removed when the test ends. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-studio-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Replies of two systems to as many prompts as asked for. */
export function responsesOf(rows: number, outputs?: readonly [string, string]): Responses {
  return {
    systems: ["base", "tuned"],
    rows: Array.from({ length: rows }, (_, row) => ({
      id: `r${row}`,
      prompt: `Prompt ${row}?`,
      reference: null,
      outputs: outputs ?? [`Reply of the base to ${row}.`, `Reply of the tuned to ${row}.`],
      scores: [{}, {}],
      gold: [null, null],
    })),
  };
}

/** A study that is closed when the test ends. */
export async function testStudy(rows: number, options: CreateStudyOptions = {}): Promise<Study> {
  const study = await createStudy(join(await testFolder(), "study"), responsesOf(rows), options);
  onTestFinished(() => study.close());
  return study;
}

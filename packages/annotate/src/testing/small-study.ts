import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type AnswerContent, pairsOf, type Preference } from "../answers/answer.js";
import { drawOf } from "../assign/seeded.js";
import type { Responses } from "../responses/study-row.js";
import type { Study } from "../study/study.js";
import type { Member } from "../study/study-data.js";

/** A folder that is removed when the test ends. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-annotate-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file of rows into a folder. */
export async function writeRows(folder: string, name: string, rows: readonly unknown[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(
    file,
    rows.map((row) => `${typeof row === "string" ? row : JSON.stringify(row)}\n`).join(""),
  );
  return file;
}

/** Replies of two systems, or more, to as many prompts as asked for. */
export function smallResponses(rows: number, systems: readonly string[] = ["base", "tuned"]): Responses {
  return {
    systems,
    rows: Array.from({ length: rows }, (_, row) => ({
      id: `r${row}`,
      prompt: `Prompt ${row}?`,
      reference: null,
      outputs: systems.map((system) => `Reply of ${system} to ${row}.`),
      scores: systems.map((__, system) => ({ length: row * 7 + system })),
      gold: systems.map(() => null),
    })),
  };
}

/** Content drawn at random. */
export function randomContent(replies: number, seed: number): AnswerContent {
  const draw = drawOf(seed, "content");
  return {
    ratings: Array.from({ length: replies }, () => ({ fluency: draw(1, 5), relevance: draw(1, 5) })),
    preferences: pairsOf(replies).map(() => draw(-1, 1) as Preference),
    comment: draw(0, 3) === 0 ? `Comment, "quoted" ${seed}\n=1+1` : "",
    flags: draw(0, 9) === 0 ? ["broken"] : [],
  };
}

/** The annotator of that number, from 1. */
export function annotator(study: Study, number: number): Member {
  return study.members().find(({ name }) => name === `annotator-${number}`)!;
}

/** Answers all tasks of all annotators at random. */
export async function answerAll(study: Study, seed: number): Promise<void> {
  const members = study.members().filter(({ role }) => role === "annotator");
  for (const member of members) {
    const { total } = study.progress(member);
    await Promise.all(
      Array.from({ length: total }, (_, position) =>
        study.submit(member, {
          client: `client:${member.id}:${position}`,
          position,
          revision: 0,
          seconds: 10,
          content: randomContent(study.settings.systems.length, seed + member.id * 1000 + position),
        }),
      ),
    );
  }
}

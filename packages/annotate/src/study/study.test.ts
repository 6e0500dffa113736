import { cp, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Submission } from "../answers/answer.js";
import { annotator, answerAll, randomContent, smallResponses, testFolder } from "../testing/small-study.js";
import { createStudy, type CreateStudyOptions, STUDY_FILE } from "./create-study.js";
import { openStudy, readStudy } from "./open-study.js";
import type { Study } from "./study.js";

async function newStudy(
  rows = 6,
  options: CreateStudyOptions = {},
): Promise<{ study: Study; folder: string }> {
  const folder = join(await testFolder(), "study");
  const study = await createStudy(folder, smallResponses(rows), options);
  onTestFinished(() => study.close());
  return { study, folder };
}

const submission = (position: number, revision = 0, seed = position): Submission => ({
  client: `client:${position}:${revision}:${seed}`,
  position,
  revision,
  seconds: 12,
  content: randomContent(2, seed),
});

describe("answers", () => {
  it("are stored once however often they come, also at once", async () => {
    const { study } = await newStudy();
    const member = annotator(study, 1);
    const receipts = await Promise.all(Array.from({ length: 20 }, () => study.submit(member, submission(0))));
    expect(receipts.filter(({ outcome }) => outcome === "stored")).toHaveLength(1);
    expect(receipts.filter(({ outcome }) => outcome === "known")).toHaveLength(19);
    expect(new Set(receipts.map(({ revision }) => revision))).toEqual(new Set([1]));
    expect(study.data().answers).toHaveLength(1);
  });

  it("of a second window do not replace the first unseen; seen, they do", async () => {
    const { study } = await newStudy();
    const member = annotator(study, 1);
    await study.submit(member, submission(0, 0, 1));
    expect(await study.submit(member, submission(0, 0, 2))).toEqual({
      outcome: "conflict",
      position: 0,
      revision: 1,
    });
    expect(study.data().answers[0].content).toEqual(randomContent(2, 1));
    expect(await study.submit(member, submission(0, 1, 2))).toEqual({
      outcome: "stored",
      position: 0,
      revision: 2,
    });
    expect(study.data().answers.map(({ content }) => content)).toEqual([randomContent(2, 2)]);
  });

  it("of the same content from two windows are one", async () => {
    const { study } = await newStudy();
    const member = annotator(study, 1);
    await study.submit(member, submission(0));
    const again = { ...submission(0), client: "another-window" };
    expect(await study.submit(member, again)).toEqual({ outcome: "known", position: 0, revision: 1 });
  });

  it.each([
    ["a place without a task", { position: 999 }, "position"],
    ["one reply too few", { content: randomContent(1, 0) }, "content.ratings"],
    ["three replies", { content: randomContent(3, 0) }, "content.ratings"],
    ["a revision of nothing", { revision: 3 }, "revision"],
  ])("of %s are refused and leave the others of the same write alone", async (_, fault, field) => {
    const { study } = await newStudy();
    const member = annotator(study, 1);
    const good = study.submit(member, submission(1));
    await expect(study.submit(member, { ...submission(0), ...fault })).rejects.toMatchObject({ field });
    expect((await good).outcome).toBe("stored");
  });

  it("do not take the id of another answer", async () => {
    const { study } = await newStudy();
    await study.submit(annotator(study, 1), submission(0));
    const other = study.submit(annotator(study, 2), submission(0));
    await expect(other).rejects.toMatchObject({ field: "client" });
  });
});

describe("a study on disk", () => {
  it("has every acknowledged answer after a kill: in file and log as they lie there", async () => {
    const { study, folder } = await newStudy(12);
    await answerAll(study, 5);
    const before = study.data();
    // What a killed process leaves: file, log and the database's lock.
    const left = join(await testFolder(), "left");
    await mkdir(left);
    for (const name of [STUDY_FILE, `${STUDY_FILE}-wal`, `${STUDY_FILE}.lock`]) {
      await cp(join(folder, name), join(left, name), { recursive: true });
    }
    const opened = await openStudy(left);
    expect(opened.data()).toEqual(before);
    expect(before.answers.length).toBe(3 * 12 + 3);
    expect(opened.members()).toEqual(study.members());
    await opened.close();
  });

  it("is read while it is open, and after", async () => {
    const { study, folder } = await newStudy();
    await answerAll(study, 6);
    const { answers } = study.data();
    expect((await readStudy(folder)).answers).toEqual(answers);
    await study.close();
    expect((await readStudy(folder)).answers).toEqual(answers);
  });

  it("is for its owner's eyes, whose links are in it", async () => {
    const { folder } = await newStudy();
    expect((await stat(join(folder, STUDY_FILE))).mode & 0o777).toBe(0o600);
  });

  it("goes on with the same replies and refuses others", async () => {
    const { study, folder } = await newStudy(6, { seed: 3 });
    await study.submit(annotator(study, 1), submission(0));
    const members = study.members();
    await study.close();
    const again = await createStudy(folder, smallResponses(6), { seed: 3 });
    expect(again.members()).toEqual(members);
    expect(again.data().answers).toHaveLength(1);
    await again.close();
    await expect(createStudy(folder, smallResponses(7), { seed: 3 })).rejects.toThrow(
      "a study of other replies",
    );
    await expect(createStudy(folder, smallResponses(6), { seed: 4 })).rejects.toThrow("a study with seed 3");
  });

  it("is open once", async () => {
    const { folder } = await newStudy();
    await expect(openStudy(folder)).rejects.toMatchObject({ name: "LockedError" });
  });

  it("of no study is refused", async () => {
    const folder = await testFolder();
    await expect(readStudy(folder)).rejects.toThrow("expected a folder with the study of an annotation");
    await writeFile(
      join(folder, STUDY_FILE),
      "not a database, but a text that is long enough to be one".repeat(50),
    );
    await expect(readStudy(folder)).rejects.toThrow("cannot be read as a database");
    await writeFile(join(folder, STUDY_FILE), "");
    await expect(readStudy(folder)).rejects.toThrow("holds no study");
  });

  it.each([
    [{ annotators: 0 }, "annotators"],
    [{ annotators: 2, perRow: 3 }, "each row"],
    [{ repeats: 0.6 }, "repeat"],
    [{ seed: -1 }, "seed"],
  ])("with %j is refused", async (options, message) => {
    await expect(createStudy(await testFolder(), smallResponses(2), options)).rejects.toThrow(message);
  });
});

describe("tasks shown", () => {
  it("go on where the annotator was, with what they answered", async () => {
    const { study } = await newStudy();
    const member = annotator(study, 2);
    expect(study.nextPosition(member)).toBe(0);
    await study.submit(member, submission(0));
    await study.submit(member, submission(2));
    expect(study.nextPosition(member)).toBe(1);
    expect(study.lastPosition(member)).toBe(2);
    expect(study.taskAt(member, 0)).toMatchObject({ revision: 1, answer: randomContent(2, 0) });
    expect(study.progress(member)).toEqual({ done: 2, total: 6, secondsLeft: 48 });
    expect(study.taskAt(member, 99)).toBe(null);
  });

  it("say nothing of systems, and keep every character", async () => {
    const folder = await testFolder();
    const strange = "a\u0000b\u202ec\ud800d<script>\r\n";
    const responses = smallResponses(1);
    const rows = [{ ...responses.rows[0], outputs: [strange, "plain"] }];
    const study = await createStudy(folder, { ...responses, rows });
    onTestFinished(() => study.close());
    const task = study.taskAt(annotator(study, 1), 0)!;
    expect(task.replies.toSorted()).toEqual([strange, "plain"].toSorted());
    expect(JSON.stringify(task)).not.toMatch(/base|tuned|repeat|gold/);
  });

  it("belong to who has the secret", async () => {
    const { study } = await newStudy();
    const [first, second] = study.members();
    expect(study.memberWith(first.secret!)).toMatchObject({ name: first.name });
    expect(study.memberWith(second.secret!)).toMatchObject({ name: second.name });
    expect(first.secret).toMatch(/^[\w-]{32}$/);
    for (const wrong of ["", "null", first.secret!.slice(1), `${first.secret}x`])
      expect(study.memberWith(wrong)).toBe(null);
  });

  it("a member without a secret has no link", async () => {
    const { study } = await newStudy();
    study.annotatorNamed("anna");
    expect(study.memberWith("")).toBe(null);
  });
});

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createStudy, readResponses, type Study } from "@lathe/annotate";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

const rows = (system: string, count = 6) =>
  Array.from({ length: count }, (_, id) => ({ id, prompt: `P${id}`, response: `${system} to ${id}` }));

/** Everyone gives the base 2 and 3, the tuned 4 and 5, and prefers the tuned, whatever the order. */
async function judgeAll(study: Study): Promise<void> {
  for (const member of study.members().filter(({ role }) => role === "annotator")) {
    for (
      let position = study.nextPosition(member);
      position !== null;
      position = study.nextPosition(member)
    ) {
      const isTuned = study.taskAt(member, position)!.replies.map((reply) => reply.startsWith("tuned"));
      await study.submit(member, {
        client: `test:${member.name}:${position}`,
        position,
        revision: 0,
        seconds: 8,
        content: {
          ratings: isTuned.map((tuned) =>
            tuned ? { fluency: 4, relevance: 5 } : { fluency: 2, relevance: 3 },
          ),
          preferences: [isTuned[0] ? -1 : 1],
          comment: "",
          flags: [],
        },
      });
    }
  }
}

async function judgedStudy(name: string): Promise<string> {
  const files = [
    await writeJsonl(join(folder, "base.jsonl"), rows("base")),
    await writeJsonl(join(folder, "tuned.jsonl"), rows("tuned")),
  ];
  const output = join(folder, name);
  const study = await createStudy(output, await readResponses(files), { repeats: 0 });
  await judgeAll(study);
  await study.close();
  return output;
}

describe("lathe annotate --results", () => {
  it("gives what scripts read", async () => {
    const output = await judgedStudy("study");
    const { code, json } = await runLathe(["annotate", "--results", output, "--json"]);
    expect(code).toBe(0);
    expect(json).toMatchObject({
      systems: {
        base: { fluency: { mean: 2, interval: [2, 2] }, relevance: { mean: 3 } },
        tuned: { fluency: { mean: 4, interval: [4, 4] }, relevance: { mean: 5 } },
      },
      agreement: {
        fluency: { alpha: 1, fleissKappa: 1, cohenKappa: 1 },
        relevance: { alpha: 1, fleissKappa: 1 },
      },
      answers: 18,
      annotators: 3,
    });
  });

  it("shows tables, in Chinese too", async () => {
    const output = await judgedStudy("tables");
    const { stdout } = await runLathe(["annotate", "--results", output]);
    expect(stdout).toMatch(/base +2\.00 \[2\.00, 2\.00\] +3\.00 \[3\.00, 3\.00\] +0 \/ 0 \/ 18/);
    expect(stdout).toMatch(/fluency +1\.000 +1\.000 +1\.000/);
    const chinese = await runLathe(["annotate", "--results", output, "--language", "zh"]);
    expect(chinese.stdout).toContain("流畅度");
    expect(chinese.stdout).not.toContain("fluency");
  });

  it("exports, and imports into another study", async () => {
    const output = await judgedStudy("from");
    const file = join(folder, "answers.csv");
    expect((await runLathe(["annotate", "--results", output, "--export", file])).code).toBe(0);
    expect((await readFile(file, "utf8")).trim().split("\r\n")).toHaveLength(1 + 36);
    const into = join(folder, "into");
    const responses = await readResponses(["base", "tuned"].map((name) => join(folder, `${name}.jsonl`)));
    await (await createStudy(into, responses, { repeats: 0 })).close();
    const { json, stderr } = await runLathe(["annotate", "--results", into, "--import", file, "--json"]);
    expect(stderr).toContain("18 answers added");
    expect(json).toMatchObject({ answers: 18, annotators: 3, systems: { tuned: { fluency: { mean: 4 } } } });
  });
});

describe("lathe annotate refuses", () => {
  const refused = async (words: readonly string[], message: string | RegExp) => {
    const { code, stderr } = await runLathe(["annotate", ...words]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  };

  it.each([
    [
      "rows that only one file has",
      rows("a"),
      rows("b", 5),
      /a\.jsonl:6: .*b\.jsonl to have a row with the id 5/,
    ],
    ["an id twice", [...rows("a"), rows("a")[2]], rows("b"), /a\.jsonl:7: .*the first is in line 3/],
    ["no id", [{ prompt: "P", response: "R" }], rows("b"), /a\.jsonl:1: key "id"/],
    ["no reply", [{ id: 1, prompt: "P" }], rows("b"), /a\.jsonl:1: key "response"/],
  ])("%s, naming the line", async (_, first, second, message) => {
    const files = [
      await writeJsonl(join(folder, "a.jsonl"), first),
      await writeJsonl(join(folder, "b.jsonl"), second),
    ];
    await refused(["--responses", ...files, "--output", join(folder, "none")], message);
  });

  it("a file that is not there, a study that is none, options that do not go together", async () => {
    await refused(["--responses", join(folder, "missing.jsonl")], "no such file");
    await refused(["--results", folder], "expected a folder with the study");
    await refused(["--export", "x.csv"], "--export goes with --results");
    await refused(["--results", folder, "--port", "4000"], /--results shows a study that is there/);
    await refused(["--responses", join(folder, "base.jsonl"), "--annotators", "0"], "annotators");
  });

  it("answers in a file that are none", async () => {
    const output = await judgedStudy("bad");
    const file = join(folder, "bad.csv");
    await writeFile(file, "id,annotator,system,fluency,relevance\n0,anna,base,9,1\n0,anna,tuned,1,1\n");
    await refused(["--results", output, "--import", file], /bad\.csv:[23]: /);
  });
});

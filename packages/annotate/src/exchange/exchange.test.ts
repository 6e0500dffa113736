import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readCsv } from "@lathe/data";
import { drawOf } from "../assign/seeded.js";
import { createStudy } from "../study/create-study.js";
import type { Study } from "../study/study.js";
import { answerAll, smallResponses, testFolder } from "../testing/small-study.js";
import { answerRecords } from "./answer-record.js";
import { csvCell, textOfCell } from "./csv-cell.js";
import { exportAnswers } from "./export-answers.js";
import { importAnswers } from "./import-answers.js";

async function studyWith(systems: readonly string[], seed = 0): Promise<Study> {
  const study = await createStudy(await testFolder(), smallResponses(8, systems), { repeats: 0.25, seed });
  onTestFinished(() => study.close());
  return study;
}

/** What answers say, whatever the order they were shown or stored in. */
const essence = (study: Study) =>
  answerRecords(study.data())
    .map(({ at: _at, ...record }) => JSON.stringify(record))
    .sort();

describe("answers", () => {
  it.each([
    ["csv", ["base", "tuned"]],
    ["jsonl", ["base", "tuned"]],
    ["csv", ["a", "b", "c"]],
    ["jsonl", ["only"]],
  ])("go out as %s of %j and come into another study whole, once", async (form, systems) => {
    const seed = Math.floor(Math.random() * 1e6);
    const [from, to] = [await studyWith(systems), await studyWith(systems, 99)];
    await answerAll(from, seed);
    const file = join(await testFolder(), `answers.${form}`);
    await exportAnswers(from.data(), file);
    const count = from.data().answers.length;
    // The order of replies is another one there; the repeats are of other rows and are added.
    expect(await importAnswers(to, file), `seed ${seed}`).toEqual({ stored: count, known: 0, conflicts: 0 });
    expect(essence(to), `seed ${seed}`).toEqual(essence(from));
    expect(await importAnswers(to, file), `seed ${seed}`).toEqual({ stored: 0, known: count, conflicts: 0 });
  });

  it("of annotators from elsewhere are added under their names; others' answers stay", async () => {
    const study = await studyWith(["base", "tuned"]);
    const folder = await testFolder();
    const lines = (fluency: number) =>
      [
        "id,annotator,system,fluency,relevance,preferredTo",
        `r1,anna,base,${fluency},4,`,
        `r1,anna,tuned,5,4,base`,
        "",
      ].join("\n");
    const file = join(folder, "anna.csv");
    await writeFile(file, lines(2));
    expect(await importAnswers(study, file)).toEqual({ stored: 1, known: 0, conflicts: 0 });
    await writeFile(file, lines(3));
    expect(await importAnswers(study, file)).toEqual({ stored: 0, known: 0, conflicts: 1 });
    expect(study.data().annotators).toContain("anna");
    expect(answerRecords(study.data())).toMatchObject([
      { id: "r1", annotator: "anna", system: "base", fluency: 2, preferredTo: [] },
      { system: "tuned", fluency: 5, preferredTo: ["base"], tiedWith: [] },
    ]);
  });

  it.each([
    ["r9,anna,base,1,1,tuned", 'key "id": expected the id of a row, got r9'],
    ["r1,,base,1,1,tuned", 'key "annotator"'],
    ["r1,adjudicator,base,1,1,tuned", 'key "annotator"'],
    ["r1,anna,base,6,1,tuned", "expected a whole number from 1 to 5, got 6"],
    ["r1,anna,base,,1,tuned", 'key "fluency": expected a rating, got ""'],
    ["r1,anna,base,1,1,", 'key "preferredTo"'],
    ["r1,anna,other,1,1,", 'key "system": expected one line with the system base'],
  ])("in a line %j are refused with its number, and none is added", async (line, message) => {
    const study = await studyWith(["base", "tuned"]);
    const file = join(await testFolder(), "bad.csv");
    const good = ["r0,anna,base,1,1,tuned", "r0,anna,tuned,1,1,"];
    const other = line.split(",").with(2, "tuned").with(3, "2").with(5, "").join(",");
    await writeFile(
      file,
      ["id,annotator,system,fluency,relevance,preferredTo", ...good, line, other, ""].join("\n"),
    );
    const refused = importAnswers(study, file);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(/bad\.csv:[45]: /);
    expect(study.data().answers).toEqual([]);
  });
});

describe("fields of CSV", () => {
  it("hold any text, and nothing that a spreadsheet calculates", async () => {
    const seed = Math.floor(Math.random() * 1e6);
    const draw = drawOf(seed);
    const signs = ["=", "+", "-", "@", "'", '"', ",", "\n", "\r\n", " ", "a", "字", ";", "\t"];
    const texts = Array.from({ length: 300 }, () =>
      Array.from({ length: draw(1, 6) }, () => signs[draw(0, signs.length - 1)]).join(""),
    );
    const file = join(await testFolder(), "cells.csv");
    await writeFile(file, ["text,end", ...texts.map((text) => `${csvCell(text)},x`), ""].join("\r\n"));
    const back: string[] = [];
    for await (const record of readCsv(file)) {
      if ("error" in record) throw new Error(`seed ${seed}: ${JSON.stringify(record)}`);
      back.push(textOfCell((record.value as { text: string }).text));
    }
    // Line ends within a field come back as line feeds.
    expect(back, `seed ${seed}`).toEqual(texts.map((text) => text.replaceAll("\r\n", "\n")));
    for (const text of texts) expect(csvCell(text).replace(/^"/, ""), `seed ${seed}`).not.toMatch(/^[=+\-@]/);
  });

  it("end lines as RFC 4180 says", async () => {
    const study = await studyWith(["base"]);
    const file = join(await testFolder(), "none.csv");
    await exportAnswers(study.data(), file);
    expect(await readFile(file, "utf8")).toMatch(/^id,annotator,.*,at\r\n$/);
  });
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import recorded from "../../../../packages/eval/fixtures/agreement.json" with { type: "json" };
import { temporaryFolder } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

type Set = (typeof recorded.sets)[number];

async function ratings(lines: readonly string[]): Promise<string> {
  const file = join(folder, `${Math.random()}.csv`);
  await writeFile(file, ["unit,annotator,rating", ...lines, ""].join("\n"));
  return file;
}

const linesOf = ({ units }: Set): string[] =>
  units.flatMap((unit, row) =>
    unit.map((rating, annotator) => `u${row},a${annotator},${rating === null ? "" : rating}`),
  );

describe("lathe agreement", () => {
  it.each(recorded.sets)("gives the coefficients of $name", async (set) => {
    const file = await ratings(linesOf(set));
    for (const level of ["nominal", "ordinal", "interval"] as const) {
      const { code, json } = await runLathe(["agreement", "--ratings", file, "--level", level, "--json"]);
      expect(code).toBe(0);
      const { alpha, fleissKappa } = json as { alpha: number | null; fleissKappa: number | null };
      if (set.alpha[level] === null) expect(alpha).toBe(null);
      else expect(alpha).toBeCloseTo(set.alpha[level], 9);
      const kappa = set.fleiss?.kappa ?? null;
      if (kappa === null) expect(fleissKappa).toBe(null);
      else expect(fleissKappa).toBeCloseTo(kappa, 9);
    }
  });

  it("gives Cohen's kappa of two annotators", async () => {
    const set = recorded.sets.find(({ cohen, units }) => cohen !== undefined && units[0].length >= 2)!;
    const pairs = set.units.map((unit) => unit.slice(0, 2));
    const file = await ratings(linesOf({ ...set, units: pairs }));
    const kappaAt = async (level: string) =>
      (await runLathe(["agreement", "--ratings", file, "--level", level, "--json"])).json!["cohenKappa"];
    expect(await kappaAt("nominal")).toBeCloseTo(set.cohen!.unweighted, 9);
    expect(await kappaAt("ordinal")).toBeCloseTo(set.cohen!.quadratic, 9);
  });

  it("shows a table", async () => {
    const file = await ratings(["1,anna,5", "1,ben,4", "2,anna,1", "2,ben,1"]);
    const { stdout } = await runLathe(["agreement", "--ratings", file]);
    expect(stdout).toContain("Krippendorff α (ordinal)");
    expect(stdout).toContain("anna – ben, 2");
    expect(stdout).toContain("2 units, 2 annotators");
  });

  it.each([
    [["1,a,good"], 'expected a number at the ordinal level, got "good"', 2],
    [["1,a,3", "1,a,4"], "expected one rating of unit 1 by a, got a second; the first is in line 2", 3],
    [["1,a"], "expected 3 columns as in the header, got 2", 2],
    [["1,a,3", ",b,4"], 'key "unit": expected a name, got an empty cell', 3],
    [["1,a,3", "1,,4"], 'key "annotator": expected a name, got an empty cell', 3],
  ])("refuses %j, naming the line", async (lines, message, line) => {
    const file = await ratings(lines);
    const { code, stderr } = await runLathe(["agreement", "--ratings", file]);
    expect(stderr).toContain(message);
    expect(stderr).toContain(`${file}:${line}`);
    expect(code).toBe(2);
  });

  it("refuses a file without ratings", async () => {
    const { code, stderr } = await runLathe(["agreement", "--ratings", await ratings([])]);
    expect(stderr).toContain("--ratings: expected at least one rating, got none");
    expect(code).toBe(2);
  });

  it("refuses a file without the columns", async () => {
    const file = join(folder, "other.csv");
    await writeFile(file, "item,who,score\n1,a,3\n");
    const { code, stderr } = await runLathe(["agreement", "--ratings", file]);
    expect(stderr).toContain('key "rating": expected a text or a number, got a row with item, who, score');
    expect(code).toBe(2);
  });
});

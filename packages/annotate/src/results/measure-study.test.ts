import { describe, expect, it, onTestFinished } from "vitest";
import { agreementOf } from "@lathe/eval";
import type { AnswerContent, Preference } from "../answers/answer.js";
import { answerAll, smallResponses, testFolder } from "../testing/small-study.js";
import { createStudy } from "../study/create-study.js";
import type { StudyAnswer, StudyData } from "../study/study-data.js";
import { measureStudy } from "./measure-study.js";
import { requiredRows } from "./required-rows.js";

interface Said {
  readonly annotator: string;
  readonly row: number;
  /** Fluency and relevance of base and of tuned. */
  readonly ratings: readonly [[number, number], [number, number]];
  readonly preference?: Preference;
  /** Whether tuned was shown first. */
  readonly turned?: boolean;
  readonly kind?: StudyAnswer["kind"];
  readonly flags?: AnswerContent["flags"];
}

/** An answer in the order shown, from what was said of base and tuned. */
function answerOf({
  annotator,
  row,
  ratings,
  preference = 0,
  turned = false,
  kind = "row",
  flags = [],
}: Said): StudyAnswer {
  const said = ratings.map(([fluency, relevance]) => ({ fluency, relevance }));
  const swapped: Preference = preference === 0 ? 0 : preference === 1 ? -1 : 1;
  return {
    annotator,
    row,
    kind,
    seconds: 10 * (row + 1),
    at: "2026-01-01T00:00:00.000Z",
    systems: turned ? [1, 0] : [0, 1],
    content: {
      ratings: turned ? said.toReversed() : said,
      preferences: [turned ? swapped : preference],
      comment: "",
      flags,
    },
  };
}

const studyOf = (said: readonly Said[], rows = 4, more: Partial<StudyData> = {}): StudyData => ({
  systems: ["base", "tuned"],
  rows: Array.from({ length: rows }, (_, row) => ({
    id: `r${row}`,
    scores: [{ chrf: row }, { chrf: 10 + row }],
    gold: [null, null],
  })),
  annotators: ["ann", "ben", "cy"],
  answers: said.map(answerOf),
  ...more,
});

/** Three people, four rows: what ann and ben say, and cy a point below ann in fluency. */
const said: Said[] = [0, 1, 2, 3].flatMap((row) => [
  {
    annotator: "ann",
    row,
    ratings: [
      [3, 2 + (row % 2)],
      [5, 4],
    ],
    preference: 1,
  },
  {
    annotator: "ben",
    row,
    ratings: [
      [3, 3],
      [4, 4],
    ],
    preference: row === 0 ? -1 : 1,
    turned: row % 2 === 1,
  },
  {
    annotator: "cy",
    row,
    ratings: [
      [2, 2],
      [4, 5],
    ],
    preference: 0,
    turned: true,
  },
]);

describe("results", () => {
  const results = measureStudy(studyOf(said));

  it("have the mean of all ratings, and an interval around it", () => {
    const { base, tuned } = results.systems;
    expect(base.fluency).toMatchObject({ mean: (3 + 3 + 2) / 3, ratings: 12 });
    expect(tuned.fluency.mean).toBeCloseTo(13 / 3, 12);
    expect(base.relevance.mean).toBeCloseTo((2.5 + 3 + 2) / 3, 12);
    const [least, most] = base.relevance.interval!;
    expect(least).toBeLessThan(base.relevance.mean!);
    expect(most).toBeGreaterThan(base.relevance.mean!);
    // Every row has the same fluency: drawing rows anew changes nothing.
    expect(base.fluency.interval).toEqual([8 / 3, 8 / 3]);
    expect(results.answers).toBe(12);
  });

  it("do not depend on the order shown", () => {
    const turned = studyOf(said.map((one) => ({ ...one, turned: !one.turned })));
    expect(measureStudy(turned)).toEqual(results);
  });

  it("count preferences of both sides", () => {
    expect(results.systems["tuned"].preferences).toEqual({ wins: 7, ties: 4, losses: 1 });
    expect(results.systems["base"].preferences).toEqual({ wins: 1, ties: 4, losses: 7 });
  });

  it("have the agreement of the same ratings laid out as a table", () => {
    const ratings = [0, 1, 2, 3].flatMap((row) => [
      [2 + (row % 2), 3, 2],
      [4, 4, 5],
    ]);
    const table = { units: ratings.map(String), annotators: ["ann", "ben", "cy"], ratings };
    expect(results.agreement.relevance).toEqual(agreementOf(table, "ordinal"));
    expect(results.agreement.relevance.alpha).not.toBe(null);
  });

  it("tell systems apart, with the exact p-value of four rows", () => {
    const fluency = results.comparisons.find(({ question }) => question === "fluency")!;
    expect(fluency).toMatchObject({ systems: ["base", "tuned"], rows: 4 });
    expect(fluency.difference).toBeCloseTo(-5 / 3, 12);
    // All four rows point one way: 2 of 16 arrangements are as far.
    expect(fluency.pValue).toBe(2 / 16);
    const preference = results.comparisons.find(({ question }) => question === "preference")!;
    expect(preference.difference).toBeCloseTo((1 - 7) / 12, 12);
  });

  it("show who is stricter, and how fast", () => {
    const [ann, ben, cy] = results.annotators;
    // Of base 3, 3, 2 and of tuned 5, 4, 4: ann is half a point, then one above the mean of the others.
    expect(ann.bias.fluency).toBeCloseTo(0.75, 12);
    expect(ben.bias.fluency).toBeCloseTo(0, 12);
    expect(cy.bias.fluency).toBeCloseTo(-0.75, 12);
    expect(ann).toMatchObject({ answers: 4, secondsPerAnswer: 25 });
  });

  it("list the rows to adjudicate", () => {
    // Only in the first row ann and ben prefer opposite replies; nobody is two points apart.
    expect(results.disputed).toEqual([
      { row: 0, id: "r0", spread: 1, opposed: true, flags: [], isSettled: false },
    ]);
    const flagged = measureStudy(
      studyOf([
        ...said.slice(3),
        { ...said[0], flags: ["harmful"] },
        {
          ...said[1],
          ratings: [
            [1, 1],
            [4, 4],
          ],
        },
      ]),
    );
    expect(flagged.disputed).toEqual([
      { row: 0, id: "r0", spread: 2, opposed: true, flags: ["harmful"], isSettled: false },
    ]);
  });

  it("put the adjudicator's answer in place of the others'", () => {
    expect(results.adjudicated).toBe(null);
    const settled = measureStudy(
      studyOf([
        ...said,
        {
          annotator: "adjudicator",
          row: 0,
          kind: "adjudication",
          ratings: [
            [1, 1],
            [1, 1],
          ],
        },
      ]),
    );
    expect(settled.systems).toEqual(results.systems);
    expect(settled.agreement).toEqual(results.agreement);
    expect(settled.disputed[0].isSettled).toBe(true);
    // Three rows with three ratings of mean 8/3, one with a single 1.
    expect(settled.adjudicated!["base"].fluency.mean).toBeCloseTo((9 * (8 / 3) + 1) / 10, 12);
  });

  it("go with automatic scores where people do", () => {
    const { spearman, replies } = results.correlations.find(
      ({ metric, question }) => metric === "chrf" && question === "fluency",
    )!;
    expect(replies).toBe(8);
    // Two values of four replies each, which the scores order: the greatest rank correlation that such ties allow.
    expect(spearman!.coefficient).toBeCloseTo(4 / Math.sqrt(21), 12);
  });

  it("leave repeats and gold questions out, and measure annotators by them", () => {
    const gold = [{ fluency: [3, 3] as const, relevance: [1, 2] as const }, null];
    const base = studyOf(said);
    const data: StudyData = {
      ...studyOf([
        ...said,
        {
          annotator: "ann",
          row: 1,
          kind: "repeat",
          ratings: [
            [3, 3],
            [3, 4],
          ],
        },
      ]),
      rows: base.rows.map((row) => (row.id === "r3" ? { ...row, gold } : row)),
    };
    const measured = measureStudy(data);
    expect(measured.answers).toBe(9);
    expect(measured.systems["base"].fluency.ratings).toBe(9);
    const [ann, , cy] = measured.annotators;
    expect(ann.repeats).toEqual({ ratings: 4, same: 3 / 4, meanDistance: 2 / 4 });
    expect(ann.gold).toEqual({ ratings: 2, within: 1 / 2 });
    expect(cy.gold).toEqual({ ratings: 2, within: 1 / 2 });
    expect(cy.repeats).toEqual({ ratings: 0, same: null, meanDistance: null });
  });

  it("of nothing are empty rather than wrong", () => {
    const empty = measureStudy(studyOf([]));
    expect(empty.systems["base"].fluency).toEqual({ mean: null, interval: null, ratings: 0 });
    expect(empty).toMatchObject({ answers: 0, comparisons: [], disputed: [], adjudicated: null });
    expect(empty.agreement.fluency).toMatchObject({ alpha: null, fleissKappa: null, cohenKappa: null });
  });
});

it("random answers of a whole study agree as chance does", async () => {
  const seed = Math.floor(Math.random() * 1e6);
  const study = await createStudy(await testFolder(), smallResponses(150, ["a", "b", "c"]), { repeats: 0 });
  onTestFinished(() => study.close());
  await answerAll(study, seed);
  const { agreement, answers, systems } = measureStudy(study.data());
  expect(answers).toBe(450);
  // Some five standard errors: 450 replies of three ratings each.
  expect(Math.abs(agreement.fluency.alpha!), `seed ${seed}`).toBeLessThan(0.15);
  expect(Math.abs(agreement.preference.fleissKappa!), `seed ${seed}`).toBeLessThan(0.15);
  expect(Math.abs(systems["b"].fluency.mean! - 3), `seed ${seed}`).toBeLessThan(0.35);
});

describe("required rows", () => {
  // A difference of half a standard deviation: 31.4 rows by the normal approximation, a textbook's number.
  it("of half a standard deviation are 32", () => {
    const unit = [-1, 1].map((sign) => 0.5 + sign * Math.SQRT1_2);
    expect(requiredRows(unit)).toBe(32);
  });

  it("grow with the square of the spread and shrink with that of the difference", () => {
    const noise = Array.from({ length: 500 }, (_, row) => ((row * 7919) % 101) / 50.5 - 1);
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    const rows = (shift: number, scale: number) =>
      requiredRows(noise.map((value) => shift + scale * (value - mean)))!;
    expect(rows(0.02, 2) / rows(0.02, 1)).toBeCloseTo(4, 2);
    expect(rows(0.01, 1) / rows(0.02, 1)).toBeCloseTo(4, 2);
  });

  it("cannot be told of no difference, one row, or rows that are all the same", () => {
    expect(requiredRows([1, -1])).toBe(null);
    expect(requiredRows([1])).toBe(null);
    expect(requiredRows([1, 1, 1])).toBe(null);
  });
});

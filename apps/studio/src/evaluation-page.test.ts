/** The page of an evaluation in a real browser, opened from the disk as people do. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type EvaluationReport, evaluationReport } from "@lathe/report";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { seriousFaults } from "./testing/browser-faults.js";
import { chromiumPath } from "./testing/room.js";
import { testFolder } from "./testing/study-folder.js";

/** What a model may say to get at who reads it. */
const hostile = [
  `<script>window.ran = 1</script><img src=x onerror="window.ran = 2"><svg onload="window.ran = 3">`,
  `</p></div></main><style>main { display: none }</style><iframe src="http://127.0.0.1:9/"></iframe>`,
  `<a href="javascript:window.ran = 4">a</a><form action="http://127.0.0.1:9/"><meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/">`,
  `</script><script>window.ran = 5</script><!--<script>`,
  "\u202Ereversed\u2066isolated \u0000 \u001B[31m",
];

function reportOf(texts: readonly string[]): EvaluationReport {
  const all = texts.join("\n");
  const system = (name: string) => ({
    name,
    bytePerplexity: 2,
    characterPerplexity: 3,
    pace: { replies: 2, tokens: 10, tokensPerSecond: 5, firstTokenSeconds: 0.1, batchSize: 9, cut: 0 },
    rowScores: [0.1, 0.9],
    labels: {
      labels: [{ label: all, support: 2, precision: 1, recall: 0.5, f1: 2 / 3 }],
      confusion: [[1]],
    },
    otherRule: { rule: "keep" as const, rows: 1, scores: { chrf: 1 } },
    rowTokens: [3, 7],
    run: {
      facts: { [all]: all },
      metrics: [
        { step: 1, loss: 2 },
        { step: 2, loss: 1 },
      ],
    },
  });
  const rows = texts.map((text, row) => ({
    row: row + 1,
    prompt: text,
    reference: all,
    replies: [
      { text, score: 0.1 },
      { text: `${text} and more`, score: 0.9 },
    ],
  }));
  return {
    title: all,
    language: "en",
    rows: 2,
    peakResidentBytes: 2 ** 27,
    systems: [system(`base ${all}`), system(`tuned ${all}`)],
    metrics: [
      {
        name: "chrf",
        signature: all,
        scores: [
          { score: 1, interval: [0, 2] },
          { score: 2, interval: [1, 3] },
        ],
        differences: [{ system: `tuned ${all}`, difference: 1, interval: [0, 2], pValue: 0.5 }],
      },
    ],
    judge: { facts: { [all]: all }, prompts: [{ hash: "ab", text: all }] },
    best: rows,
    worst: rows,
    changed: rows,
    contamination: [{ folder: all, rows: 2, changed: [all], leaks: [{ test: all, train: all, text: all }] }],
  };
}

describe.skipIf(chromiumPath === null)(
  `the page of an evaluation in Chromium (${chromiumPath ?? "skipped: none is installed"})`,
  { timeout: 120_000 },
  () => {
    let browser: Browser;

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox"] });
    }, 60_000);
    afterAll(() => browser.close());

    /** Opens the page, and says what it asked for besides itself. */
    async function open(report: EvaluationReport): Promise<{ page: Page; asked: string[] }> {
      const folder = await testFolder();
      await mkdir(folder, { recursive: true });
      const file = join(folder, "report.html");
      await writeFile(file, evaluationReport(report));
      const context = await browser.newContext({ locale: "en-GB" });
      onTestFinished(() => context.close());
      const page = await context.newPage();
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(pathToFileURL(file).href);
      return { page, asked: asked.slice(1) };
    }

    it("shows scripts, markup and controls of direction as text, asks for nothing, and draws its charts", async () => {
      const { page, asked } = await open(reportOf(hostile));
      await page.locator(".uplot canvas").first().waitFor();
      expect(await page.evaluate(() => (globalThis as { ran?: number }).ran)).toBe(undefined);
      expect(
        await page
          .locator("main script, main style, main img, main svg, main iframe, main form, main meta, main a")
          .count(),
      ).toBe(0);
      expect(await page.locator("h1").isVisible()).toBe(true);
      const shown = (await page.locator("main").textContent())!;
      for (const text of hostile.slice(0, 4)) expect(shown).toContain(text);
      expect(shown).toContain("⟦U+202E⟧reversed⟦U+2066⟧isolated ⟦U+0000⟧ ⟦U+001B⟧[31m");
      expect(shown).not.toMatch(/[\u202e\u2066]/);
      expect(shown).toContain("More than eight replies at one time are rounded otherwise");
      expect(asked).toEqual([]);
      expect(await seriousFaults(page)).toEqual([]);
    });

    it("stands texts of 1 MB", async () => {
      const { page, asked } = await open(reportOf([`${"x<b>".repeat(250_000)}`, "y ".repeat(500_000)]));
      await page.locator(".uplot canvas").first().waitFor();
      expect(await page.locator("main b").count()).toBe(0);
      expect((await page.locator("main").textContent())!.length).toBeLessThan(2_000_000);
      expect(asked).toEqual([]);
    });
  },
);

/** The studio in a real browser, served by the built command. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { seriousFaults } from "./testing/browser-faults.js";
import { chromiumPath } from "./testing/room.js";
import { lineOf, makeRun, metricsOf } from "./testing/run-folders.js";
import { RunningStudio, startCommand } from "./testing/running-studio.js";
import { testFolder } from "./testing/study-folder.js";

/** A small model of stories, with its tokenizer. */
const storiesModel = fileURLToPath(new URL("../../../packages/model/fixtures/stories260k", import.meta.url));

let browser: Browser;

async function newContext(options: Parameters<Browser["newContext"]>[0] = {}): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  onTestFinished(() => context.close());
  return context;
}

async function openStudio(studio: RunningStudio, context?: BrowserContext): Promise<Page> {
  const page = await (context ?? (await newContext())).newPage();
  await page.goto(studio.link);
  return page;
}

const figure = (page: Page, name: string) =>
  page
    .locator(".figures > div", { has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) })
    .locator("dd");

const connection = (page: Page, name: string) =>
  page.locator(`[data-connection="${name}"]`).waitFor({ state: "attached" });

/** Words of the command that trains the small model for so many steps. */
async function training(
  runs: string,
  name: string,
  steps: number,
  words: readonly string[] = [],
): Promise<string[]> {
  const data = join(runs, "rows.jsonl");
  const rows = Array.from({ length: 8 }, () => ({ input: "Once upon a time", output: "zebra zebra zebra" }));
  await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return [
    ...["train", "--model", storiesModel, "--data", data, "--output", join(runs, name)],
    ...["--max-steps", String(steps), "--batch-size", "4", "--gradient-accumulation", "1"],
    ...["--learning-rate", "0.02", ...words],
  ];
}

async function trained(runs: string, name: string): Promise<void> {
  const child = startCommand(
    await training(runs, name, 6, ["--validation", join(runs, "rows.jsonl"), "--eval-every", "3"]),
  );
  child.stdout!.resume();
  let faults = "";
  child.stderr!.on("data", (chunk: Buffer) => (faults += chunk.toString()));
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(faults);
}

describe.skipIf(chromiumPath === null)(
  `the studio in Chromium (${chromiumPath ?? "skipped: none is installed"})`,
  () => {
    // A browser on a busy machine takes its time.
    vi.setConfig({ testTimeout: 240_000 });
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox"] });
    });
    afterAll(() => browser?.close());

    it("follows a run from before it begins, over a server that is killed and started again", async () => {
      const runs = await testFolder();
      const studio = await RunningStudio.open(runs);
      const page = await openStudio(studio);
      await page.getByText("There is no run in this folder yet.").waitFor();
      const child = startCommand(await training(runs, "live", 100_000));
      for (const stream of [child.stdout!, child.stderr!]) stream.resume();
      await page.locator(".state.running").waitFor();
      await page.getByRole("link", { name: "live", exact: true }).click();
      await page.locator(".chart canvas").first().waitFor();
      const stepNow = async () => Number(await figure(page, "Steps").textContent());
      const first = await stepNow();
      await expect.poll(stepNow, { timeout: 60_000 }).toBeGreaterThan(first);
      await studio.kill();
      await connection(page, "lost");
      await page.getByText("No connection.").waitFor();
      const before = await stepNow();
      await studio.start();
      await connection(page, "open");
      await expect.poll(stepNow, { timeout: 60_000 }).toBeGreaterThan(before);
      child.kill("SIGKILL");
      await page.locator("h1 .state.interrupted").waitFor();
    });

    it("compares runs in one chart, with the settings that differ", async () => {
      const runs = await testFolder();
      const settings = (rank: number) =>
        JSON.stringify({ method: "lora", model: "models/tiny", rank, seed: 0 });
      await makeRun(runs, "low", { "config.json": settings(4), "metrics.jsonl": metricsOf(40) });
      await makeRun(runs, "high", { "config.json": settings(64), "metrics.jsonl": metricsOf(25) });
      await makeRun(runs, "other", { "metrics.jsonl": metricsOf(3) });
      const page = await openStudio(await RunningStudio.open(runs));
      await page.getByLabel("Filter").fill("h");
      await page.getByText("2 of 3").waitFor();
      await page.getByLabel("Filter").fill("");
      await page.getByLabel("Choose low").check();
      await page.getByLabel("Choose high").check();
      await page.getByRole("link", { name: "Compare 2" }).click();
      await page.locator(".chart canvas").waitFor();
      expect(await page.locator(".u-legend .u-label").allTextContents()).toEqual(["step", "low", "high"]);
      const different = page.getByRole("region", { name: "Settings that differ" });
      expect(await different.locator("tbody tr").allTextContents()).toEqual(["rank464"]);
      // Who goes by keys is where the new content begins.
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Comparison");
      await page.getByLabel("Measure").selectOption({ label: "Tokens a second" });
      await page.getByRole("heading", { name: "Tokens a second" }).waitFor();
      await page.goBack();
      await page.getByRole("heading", { name: "Runs", exact: true }).waitFor();
    });

    it("has replies over time, the report in a frame of its own, and a chat with both sides", async () => {
      const runs = await testFolder();
      await trained(runs, "small");
      const page = await openStudio(await RunningStudio.open(runs));
      await page.getByRole("link", { name: "small", exact: true }).click();
      await page.getByText("before training").first().waitFor();
      await page.locator(".sample", { hasText: "step 6" }).first().waitFor();
      await page.getByRole("link", { name: "Run: small/report.html" }).click();
      const frame = page.frameLocator("iframe");
      await frame.locator(".uplot canvas").first().waitFor();
      // Its scripts draw, and reach nothing of this page.
      const inner = page.frames().find((one) => one !== page.mainFrame())!;
      expect(await inner.evaluate(() => globalThis.origin)).toBe("null");
      await page.goBack();
      await page.getByRole("link", { name: "Chat" }).click();
      const sides = (name: string) => page.locator(`[data-side="${name}"]`);
      await page.getByLabel("New tokens at most").fill("16");
      await page.getByLabel("Message").fill("Once upon a time");
      await page.keyboard.press("Enter");
      for (const side of ["base", "tuned"]) {
        await page
          .locator(`[data-side="${side}"]:is([data-progress="done"], [data-progress="cut"])`)
          .waitFor();
      }
      const said = async (side: string) =>
        (await sides(side).locator(".turn.assistant .text").allTextContents()).at(-1)!;
      expect(await said("tuned")).toContain("zebra");
      expect(await said("base")).not.toContain("zebra");
      // A long reply ends when it is told to, and the next is answered all the same.
      await page.getByLabel("New tokens at most").fill("4000");
      await page.getByLabel("Message").fill("There was");
      await page.getByRole("button", { name: "Send" }).click();
      await page
        .locator('[data-side="base"][data-progress="answering"] .turn.assistant .text')
        .nth(1)
        .waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.locator('[data-side="base"][data-progress="stopped"]').waitFor();
      await page.getByLabel("New tokens at most").fill("4");
      await page.getByLabel("Message").fill("And then");
      await page.getByRole("button", { name: "Send" }).click();
      await page.locator('[data-side="tuned"][data-progress="cut"]').waitFor();
      expect(await sides("tuned").locator(".turn.user").count()).toBe(3);
    });

    it("scripts, markup, controls of direction and long texts of runs do nothing", async () => {
      const runs = await testFolder();
      const hostile = `<script>window.ran = 1</script><img src=x onerror="window.ran = 2">\u202Ereversed`;
      await makeRun(runs, "a<img src=x onerror=ran=3>", {
        "config.json": JSON.stringify({ model: hostile, method: hostile, [hostile]: hostile }),
        "metrics.jsonl": metricsOf(3),
        "samples.jsonl": `${JSON.stringify({ step: 0, replies: [hostile, "x".repeat(1_000_000)], prompts: [{ prompt: hostile }] })}\n`,
        "report.json": JSON.stringify({ passport: { [hostile]: hostile } }),
        "report.html": `<p>page</p><script>parent.ran = 4; document.title = "ran"; fetch("http://127.0.0.1:9/")</script>`,
      });
      await makeRun(runs, "bad", { "config.json": hostile, "metrics.jsonl": `${hostile}\n${lineOf(1)}` });
      const page = await openStudio(await RunningStudio.open(runs));
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.locator(".fault").waitFor();
      const { host } = new URL(page.url());
      for (const link of await page.locator("table.runs a").all()) {
        await link.click();
        await page.getByRole("heading", { name: "Reports" }).waitFor();
        for (const summary of await page.locator("summary").all()) await summary.click();
        expect(await page.locator("main img, main script, main style").count()).toBe(0);
        expect((await page.locator("main").textContent())!.length).toBeLessThan(40_000);
        const report = page.getByRole("link", { name: /^Run: / });
        if ((await report.count()) > 0) {
          await page.locator(".sample", { hasText: "⟦U+202E⟧reversed" }).first().waitFor();
          await report.click();
          await page.frameLocator("iframe").getByText("page").waitFor();
          expect(await page.frames()[1].title()).not.toBe("ran");
        }
        await page.getByRole("link", { name: "All runs" }).click();
        await page.locator("table.runs").waitFor();
      }
      expect(await page.evaluate(() => (globalThis as { ran?: number }).ran)).toBe(undefined);
      expect(asked.filter((url) => new URL(url).host !== host)).toEqual([]);
    });

    it.each(["light", "dark"] as const)(
      "axe-core finds nothing serious, %s, also on a phone and in Chinese",
      async (colorScheme) => {
        const runs = await testFolder();
        const samples = {
          step: 0,
          replies: ["A reply."],
          prompts: [{ prompt: "A question?", reference: "An answer." }],
        };
        await makeRun(runs, "one", {
          "metrics.jsonl": metricsOf(100),
          "report.json": JSON.stringify({ steps: 100, passport: { node: "v20" } }),
          "samples.jsonl": `${JSON.stringify(samples)}\n`,
        });
        await makeRun(runs, "two", { "config.json": '{"rank":16}', "metrics.jsonl": metricsOf(60) });
        await makeRun(runs, "bad", { "config.json": "{" });
        await mkdir(join(runs, "scores"));
        await writeFile(
          join(runs, "scores/report.html"),
          "<!doctype html><html lang=en><title>s</title><main><h1>s</h1></main>",
        );
        const studio = await RunningStudio.open(runs);
        const phone = {
          viewport: { width: 375, height: 700 },
          isMobile: true,
          hasTouch: true,
          locale: "zh-CN",
        };
        for (const more of [{}, phone]) {
          const page = await openStudio(studio, await newContext({ colorScheme, ...more }));
          await page.locator("table.runs").waitFor();
          expect(await page.locator("html").getAttribute("lang")).toBe("locale" in more ? "zh-CN" : "en");
          for (const view of [
            "",
            "/run/one",
            "/compare/one/two",
            "/chat/one",
            "/page/scores%2Freport.html",
          ]) {
            await page.goto(studio.link + view);
            await page.locator(view === "" ? "table.runs" : ".crumbs").waitFor();
            if (view.startsWith("/run")) {
              await page.locator(".sample").waitFor();
              for (const summary of await page.locator("summary").all()) await summary.click();
            }
            if (view.startsWith("/compare")) await page.locator("table").nth(2).waitFor();
            expect([view, await seriousFaults(page)]).toEqual([view, []]);
            // Nothing sticks out of a narrow screen.
            const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            expect([view, Math.max(0, width)]).toEqual([view, 0]);
          }
        }
      },
    );

    it("a link without its secret, or with another one, opens nothing", async () => {
      const studio = await RunningStudio.open(await testFolder());
      const page = await (await newContext()).newPage();
      const { origin } = new URL(studio.link);
      await page.goto(`${origin}/`);
      await page.getByRole("alert").waitFor();
      await page.goto(`${origin}/#${"x".repeat(43)}`);
      await page.getByText("This link is not known here.").waitFor();
    });
  },
);

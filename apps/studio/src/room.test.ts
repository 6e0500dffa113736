/** The room in a real browser, served by the built command. */
import { join } from "node:path";
import { readStudy } from "@lathe/annotate";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { seriousFaults } from "./testing/browser-faults.js";
import { atTask, chromiumPath, judge, plainRows, RunningRoom, save } from "./testing/room.js";

let browser: Browser;

async function newContext(options: Parameters<Browser["newContext"]>[0] = {}): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  onTestFinished(() => context.close());
  return context;
}

async function openLink(context: BrowserContext, room: RunningRoom, name: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(room.links.get(name)!);
  return page;
}

const answersIn = async (room: RunningRoom) => (await readStudy(join(room.folder, "study"))).answers;

const state = (page: Page, name: string) => page.locator(`.status[data-state="${name}"]`).waitFor();

describe.skipIf(chromiumPath === null)(
  `the room in Chromium (${chromiumPath ?? "skipped: none is installed"})`,
  () => {
    // A browser on a busy machine takes its time.
    vi.setConfig({ testTimeout: 240_000 });
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox"] });
    });
    afterAll(() => browser?.close());

    it("three annotators at once, in three contexts: every answer is stored once", async () => {
      const room = await RunningRoom.open(plainRows(5), ["--repeats", "0"]);
      const judgeAll = async (number: number): Promise<void> => {
        const page = await openLink(await newContext(), room, `annotator-${number}`);
        for (let task = 1; task <= 5; task++) {
          await atTask(page, task);
          await judge(page, number + 1);
          await save(page);
        }
        await page.getByRole("heading", { name: "All done. Thank you!" }).waitFor();
      };
      await Promise.all([1, 2, 3].map(judgeAll));
      const answers = await answersIn(room);
      expect(answers).toHaveLength(15);
      for (const number of [1, 2, 3]) {
        const own = answers.filter(({ annotator }) => annotator === `annotator-${number}`);
        expect(new Set(own.map(({ row }) => row)).size).toBe(5);
        expect(
          own.every(({ content }) => content.ratings.every(({ fluency }) => fluency === number + 1)),
        ).toBe(true);
      }
    });

    it("the server killed in mid-answer: the page waits, and the answer is stored once", async () => {
      const room = await RunningRoom.open(plainRows(3), ["--repeats", "0"]);
      const page = await openLink(await newContext(), room, "annotator-1");
      await atTask(page, 1);
      await judge(page, 4);
      // The first try reaches the server, but its acknowledgement never the page.
      await page.route(
        "**/api/answers",
        async (route) => {
          await route.fetch();
          await room.kill();
          await route.abort();
        },
        { times: 1 },
      );
      await save(page);
      await state(page, "waiting");
      expect(await answersIn(room)).toHaveLength(1);
      await room.start();
      await atTask(page, 2);
      await judge(page, 2);
      await room.kill();
      await save(page);
      await state(page, "waiting");
      await room.start();
      await atTask(page, 3);
      const answers = await answersIn(room);
      expect(answers.map(({ content }) => content.ratings[0].fluency)).toEqual([4, 2]);
    });

    it("a lost connection, and a page closed meanwhile: the answer comes when the page does", async () => {
      const room = await RunningRoom.open(plainRows(3), ["--repeats", "0"]);
      const context = await newContext();
      const page = await openLink(context, room, "annotator-1");
      await atTask(page, 1);
      await judge(page, 3);
      await context.setOffline(true);
      await save(page);
      await state(page, "waiting");
      await context.setOffline(false);
      await atTask(page, 2);
      await judge(page, 5);
      await context.setOffline(true);
      await save(page);
      await state(page, "waiting");
      // A browser ends being offline with the page: what is on its way then may still come, and nothing comes twice.
      expect(await answersIn(room)).toHaveLength(1);
      await page.close();
      await context.setOffline(false);
      await atTask(await openLink(context, room, "annotator-1"), 3);
      expect(await answersIn(room)).toHaveLength(2);
    });

    it("a browser closed in the middle of a task: what was chosen is there again", async () => {
      const room = await RunningRoom.open(plainRows(2));
      const context = await newContext();
      const page = await openLink(context, room, "annotator-1");
      await atTask(page, 1);
      await page.locator('[data-slot="rating-0-fluency"]').getByRole("radio").nth(3).check();
      await page.getByLabel("Comment (not required)").fill("half a thought");
      await page.close();
      const again = await openLink(context, room, "annotator-1");
      await atTask(again, 1);
      expect(
        await again.locator('[data-slot="rating-0-fluency"]').getByRole("radio").nth(3).isChecked(),
      ).toBe(true);
      expect(await again.getByLabel("Comment (not required)").inputValue()).toBe("half a thought");
    });

    it("two windows of one annotator: the other goes on as well, and in another browser nothing is replaced unseen", async () => {
      const room = await RunningRoom.open(plainRows(3), ["--repeats", "0"]);
      const context = await newContext();
      const [first, second] = [
        await openLink(context, room, "annotator-1"),
        await openLink(context, room, "annotator-1"),
      ];
      const elsewhere = await openLink(await newContext(), room, "annotator-1");
      for (const page of [first, second, elsewhere]) await atTask(page, 1);
      await judge(first, 4);
      await save(first);
      await atTask(first, 2);
      await atTask(second, 2);
      await judge(elsewhere, 1);
      await save(elsewhere);
      await state(elsewhere, "conflict");
      expect((await answersIn(room)).map(({ content }) => content.ratings[0].fluency)).toEqual([4]);
      await save(elsewhere);
      await atTask(elsewhere, 2);
      expect((await answersIn(room)).map(({ content }) => content.ratings[0].fluency)).toEqual([1]);
    });

    it("keys alone: a task judged, saved, and gone back to", async () => {
      const room = await RunningRoom.open(plainRows(2), ["--repeats", "0"]);
      const page = await openLink(await newContext(), room, "annotator-1");
      await atTask(page, 1);
      for (const key of ["5", "4", "3", "2"]) await page.keyboard.press(key);
      await page.keyboard.press("3");
      await page.keyboard.press("Enter");
      await atTask(page, 2);
      await page.keyboard.press("Enter");
      await page.getByRole("alert").waitFor();
      await page.keyboard.press("u");
      await atTask(page, 1);
      await page.keyboard.press("k");
      await page.keyboard.press("1");
      await page.keyboard.press("Enter");
      await atTask(page, 2);
      const [{ content }] = await answersIn(room);
      expect(content.preferences).toEqual([1]);
      expect(content.ratings.flatMap(({ fluency, relevance }) => [fluency, relevance])).toHaveLength(4);
      expect(content.ratings[0]).toEqual({ fluency: 5, relevance: 4 });
    });

    it("scripts, markup, controls of direction and a megabyte of text do nothing", async () => {
      const hostile = [
        `<script>window.ran = 1; fetch("http://127.0.0.1:9/")</script><img src=x onerror="window.ran = 2">`,
        `"><svg onload="window.ran = 3"></svg><style>body { display: none }</style><a href="javascript:window.ran = 4">x</a>`,
        "\u202Ereversed\u2066isolated \u0000 \u001b[31m",
        `${"long ".repeat(200_000)}end`,
      ];
      const rows = hostile.map((text, row) => {
        const of = (response: string) => ({ id: `r${row}`, prompt: text.slice(0, 1000), response });
        return [of(text), of(`<b>${row}</b>`)] as const;
      });
      const room = await RunningRoom.open(rows, ["--repeats", "0"]);
      const page = await openLink(await newContext(), room, "annotator-1");
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      page.on("dialog", (dialog) => void dialog.dismiss());
      const seen: string[] = [];
      for (let task = 1; task <= rows.length; task++) {
        await atTask(page, task);
        seen.push((await page.locator(".replies").textContent())!);
        expect(
          await page
            .locator(".card img, .card svg, .card script, .card style, .card a, .card b:not(legend b)")
            .count(),
        ).toBe(0);
        await judge(page, 3);
        await save(page);
      }
      await page.getByRole("heading", { name: "All done. Thank you!" }).waitFor();
      expect(await page.evaluate(() => (globalThis as { ran?: number }).ran)).toBe(undefined);
      const { host } = new URL(room.links.get("annotator-1")!);
      expect(asked.filter((url) => new URL(url).host !== host)).toEqual([]);
      const all = seen.join();
      expect(all).toContain("<script>window.ran = 1");
      expect(all).toContain("⟦U+202E⟧reversed⟦U+2066⟧isolated ⟦U+0000⟧ ⟦U+001B⟧[31m");
      expect(all).toContain(`Show all ${(1_000_003).toLocaleString("en-GB")} characters`);
      expect(all.length).toBeLessThan(60_000);
    });

    it.each(["light", "dark"] as const)(
      "axe-core finds nothing serious, %s, also on a phone and in Chinese",
      async (colorScheme) => {
        const room = await RunningRoom.open(plainRows(2), ["--repeats", "0"]);
        const phone = {
          viewport: { width: 375, height: 700 },
          isMobile: true,
          hasTouch: true,
          locale: "zh-CN",
        };
        for (const more of [{}, phone]) {
          const context = await newContext({ colorScheme, ...more });
          const page = await openLink(context, room, "annotator-1");
          await page.locator("fieldset").first().waitFor();
          expect(await page.locator("html").getAttribute("lang")).toBe("locale" in more ? "zh-CN" : "en");
          expect(await seriousFaults(page)).toEqual([]);
          // Nothing sticks out of a narrow screen.
          expect(
            await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
          ).toBeLessThanOrEqual(0);
        }
        for (const [number, rating] of [
          [1, 5],
          [2, 1],
        ] as const) {
          const page = await openLink(await newContext(), room, `annotator-${number}`);
          for (const task of [1, 2]) {
            await atTask(page, task);
            await judge(page, rating);
            await save(page);
          }
          await page.getByRole("heading", { name: "All done. Thank you!" }).waitFor();
          expect(await seriousFaults(page)).toEqual([]);
        }
        const context = await newContext({ colorScheme });
        const results = await openLink(context, room, "to see the results");
        await results.getByRole("heading", { name: "Rows to adjudicate" }).waitFor();
        expect(await seriousFaults(results)).toEqual([]);
        const settle = await openLink(context, room, "to settle disagreements");
        await settle.locator("fieldset").first().waitFor();
        expect(await seriousFaults(settle)).toEqual([]);
        await judge(settle, 3);
        await settle.getByRole("button", { name: "Settle this row" }).click();
        await settle.getByText("1 of 2 rows open").waitFor();
        expect((await answersIn(room)).filter(({ kind }) => kind === "adjudication")).toHaveLength(1);
      },
    );

    it("says nothing of a secret but its links, whatever is asked and whatever fails", async () => {
      const room = await RunningRoom.open(plainRows(2), ["--repeats", "0"]);
      const secrets = [...room.links.values()].map((link) => new URL(link).hash.slice(1));
      expect(new Set(secrets).size).toBe(room.links.size);
      const addresses: string[] = [];
      const page = await (await newContext()).newPage();
      page.on("request", (request) => addresses.push(request.url()));
      await page.goto(room.links.get("annotator-1")!);
      await atTask(page, 1);
      await judge(page, 4);
      await save(page);
      await atTask(page, 2);
      const { origin } = new URL(page.url());
      // Wrong paths, bodies and secrets, of which a server might write down what came.
      for (const secret of [...secrets, "x".repeat(32)]) {
        const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json", origin };
        await fetch(`${origin}/${secret}`, { headers });
        await fetch(`${origin}/api/answers`, { method: "POST", headers, body: "{" });
        await fetch(`${origin}/api/answers`, { method: "POST", headers, body: "{}" });
      }
      expect(addresses.length).toBeGreaterThan(2);
      // An address of a request is what proxies and browsers keep: what stands behind # is not in it.
      for (const secret of secrets) {
        expect(room.said).not.toContain(secret);
        for (const address of addresses) expect(address.split("#")[0]).not.toContain(secret);
      }
    });

    it("a link without its secret, or with another one, opens nothing", async () => {
      const room = await RunningRoom.open(plainRows(1));
      const context = await newContext();
      const page = await context.newPage();
      const { origin } = new URL(room.links.get("annotator-1")!);
      await page.goto(`${origin}/`);
      await page.getByRole("alert").waitFor();
      await page.goto(`${origin}/#${"x".repeat(32)}`);
      await page.getByText("This link is not known here.").waitFor();
    });
  },
);

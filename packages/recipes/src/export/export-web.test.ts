/** Bundles for browsers, in a real one. */
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasGateProgram } from "@lathe/export/gate";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { openModel } from "../model/open-model.js";
import { respond } from "../respond.js";
import { serveFolder, type StaticServer } from "../testing/static-server.js";
import { exportModel } from "./export-model.js";

const at = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const chinese = at("examples/customer-service/base-model");
const babyllama = at("packages/model/fixtures/babyllama105");
const browserPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  existsSync,
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-web-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a bundle", () => {
  it("is refused without what runs it, and other formats have no size", async () => {
    vi.stubEnv("LATHE_GATE", join(folder, "empty"));
    const output = join(folder, "without");
    try {
      await expect(exportModel({ model: chinese, to: "web", output })).rejects.toThrow(
        "expected transformers.js, which goes into the bundle",
      );
    } finally {
      vi.unstubAllEnvs();
    }
    await expect(exportModel({ model: chinese, to: "onnx", maxSize: "1MB", output })).rejects.toThrow(
      "maxSize goes with web, not with onnx",
    );
    await expect(exportModel({ model: chinese, to: "web", maxSize: "much", output })).rejects.toThrow(
      "maxSize: expected a size such as 300MB, got much",
    );
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });
});

describe.skipIf(!(await hasGateProgram("transformers.js")))("with transformers.js", () => {
  /** Bytes of a folder. */
  async function sizeOf(place: string): Promise<number> {
    const entries = await readdir(place, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const sizes = await Promise.all(
      files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  it("takes the most exact type that fits, and says what would where none does", async () => {
    const whole = join(folder, "whole");
    const exact = await exportModel({ model: chinese, to: "web", output: whole, gate: false });
    expect(exact.type).toBe("fp32");
    // What is said before anything is written is no less than what is, and little more: page, graph and configs are not counted singly.
    const written = await sizeOf(whole);
    expect(written).toBeLessThanOrEqual(exact.bytes!);
    expect(written).toBeGreaterThan(exact.bytes! - 200_000);
    const packed = join(folder, "packed");
    const maxSize = `${Math.ceil(exact.bytes! / 1e6) - 2}MB`;
    const small = await exportModel({ model: chinese, to: "web", maxSize, output: packed, gate: false });
    expect(small.type).toBe("q4");
    expect(await sizeOf(packed)).toBeLessThan(Number.parseInt(maxSize) * 1e6);
    const output = join(folder, "refused");
    const refused = exportModel({ model: chinese, to: "web", maxSize: "20MB", output });
    await expect(refused).rejects.toThrow(
      /at most 20\.0 MB, got \d+\.\d MB in q4, 2\d\.\d MB of them the runtime; allow \d+\.\d MB/,
    );
    await expect(stat(output)).rejects.toThrow("ENOENT");
  }, 120_000);

  describe.skipIf(browserPath === undefined)("in Chromium", () => {
    vi.setConfig({ testTimeout: 240_000 });
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: browserPath!, args: ["--no-sandbox"] });
    });
    afterAll(() => browser.close());

    interface Opened {
      readonly page: Page;
      readonly server: StaticServer;
      /** What the browser complained of, and addresses elsewhere that it asked. */
      readonly complaints: readonly string[];
    }

    async function openBundle(bundle: string, locale: string): Promise<Opened> {
      const server = await serveFolder(bundle);
      const context = await browser.newContext({ locale, viewport: { width: 390, height: 800 } });
      onTestFinished(async () => {
        await context.close();
        server.close();
      });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
      });
      context.on("request", (request) => {
        if (!request.url().startsWith(server.url)) complaints.push(request.url());
      });
      await page.goto(server.url);
      await page.locator("#form:not([hidden]), #status.fault").first().waitFor({ timeout: 120_000 });
      expect(await page.locator("#status.fault").allTextContents()).toEqual([]);
      return { page, server, complaints };
    }

    async function ask(page: Page, text: string, maxNewTokens: number): Promise<string> {
      const turns = await page.locator(".turn.assistant").count();
      await page.locator("#tokens").fill(String(maxNewTokens));
      await page.locator("#prompt").fill(text);
      await page.locator("#send").click();
      await page.locator("#send").waitFor({ timeout: 120_000 });
      expect(await page.locator("#status.fault").allTextContents()).toEqual([]);
      return (await page.locator(".turn.assistant").nth(turns).textContent())!;
    }

    it("answers a dialogue as the model does, in Chinese, from plain files alone", async () => {
      const output = join(folder, "chat");
      const { gate } = await exportModel({ model: chinese, to: "web", output });
      expect(gate?.passed).toBe(true);
      const { page, complaints, server } = await openBundle(output, "zh-CN");
      expect(await page.locator("#status").textContent()).toContain("已就绪");
      const model = await openModel(chinese, { engine: "native", precision: "fp32", cache: "fp32" });
      const messages: { role: "user" | "assistant"; content: string }[] = [];
      for (const question of ["你好，附近有什么好吃的？", "请问订单什么时候发货？"]) {
        messages.push({ role: "user", content: question });
        let text = "";
        const generation = { temperature: 0, maxNewTokens: 24 };
        for await (const piece of respond({ model, messages, generation })) text += piece.text;
        expect(await ask(page, question, 24), question).toBe(text);
        messages.push({ role: "assistant", content: text });
      }
      model.dispose();
      await page.locator("#language").click();
      expect(await page.locator("#send").textContent()).toBe("Send");
      expect(await page.evaluate("document.documentElement.lang")).toBe("en");
      // A phone shows it without scrolling aside.
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      expect(complaints).toEqual([]);
      expect(server.missing).toEqual([]);
    });

    it("continues texts of a model without a template, and shows a name and a reply as text", async () => {
      const hostile = join(folder, "<img src=x onerror=alert(1)>");
      await cp(babyllama, hostile, { recursive: true });
      const output = join(folder, "text");
      await exportModel({ model: hostile, to: "web", output, gate: false });
      const { page, complaints } = await openBundle(output, "en-GB");
      expect(await page.locator("#title").textContent()).toBe("<img src=x onerror=alert(1)>");
      const model = await openModel(babyllama, { engine: "native", precision: "fp32", cache: "fp32" });
      let text = "";
      const generation = { temperature: 0, maxNewTokens: 32 };
      for await (const piece of respond({ model, prompt: "Once upon a time", generation })) {
        text += piece.text;
      }
      model.dispose();
      expect(await ask(page, "Once upon a time", 32)).toBe(text);
      expect(await page.locator("main img").count()).toBe(0);
      expect(complaints).toEqual([]);
    });

    it("ends prompts as the model has learnt it", async () => {
      const taught = join(folder, "taught");
      await cp(chinese, taught, { recursive: true });
      await writeFile(join(taught, "lathe.json"), '{"reasoning":"empty","lossOn":"all"}');
      const output = join(folder, "taught-web");
      await exportModel({ model: taught, to: "web", output, gate: false });
      expect(JSON.parse(await readFile(join(output, "bundle.json"), "utf8"))).toMatchObject({
        name: "taught",
        reasoning: "empty",
      });
      const { page } = await openBundle(output, "en-GB");
      const model = await openModel(taught, { engine: "native", precision: "fp32", cache: "fp32" });
      let text = "";
      const messages = [{ role: "user" as const, content: "你好" }];
      for await (const piece of respond({
        model,
        messages,
        generation: { temperature: 0, maxNewTokens: 16 },
      })) {
        text += piece.text;
      }
      model.dispose();
      expect(await ask(page, "你好", 16)).toBe(text);
    });
  });
});

/** Runs the built command as a shell does. */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { storiesModel } from "./testing/folders.js";

const lathe = fileURLToPath(new URL("../dist/main.js", import.meta.url));
if (!existsSync(lathe)) throw new Error("build the command first: npm run build");

const FULL = "/dev/full";

describe.skipIf(!existsSync(FULL))("an output that cannot be written (skipped: no /dev/full)", () => {
  it.each([
    ["en_US.UTF-8", "lathe: the output could not be written: no space is left on the device"],
    ["zh_CN.UTF-8", "lathe: 无法写出结果：设备空间不足"],
  ])("is one sentence and exit code 1 under %s", (locale, sentence) => {
    const full = openSync(FULL, "w");
    try {
      const { status, stderr } = spawnSync(process.execPath, [lathe, "--help"], {
        stdio: ["ignore", full, "pipe"],
        env: { ...process.env, LC_ALL: locale },
        encoding: "utf8",
      });
      expect(stderr).toBe(`${sentence}\n`);
      expect(status).toBe(1);
    } finally {
      closeSync(full);
    }
  });
});

describe("what is said of an interrupt", () => {
  it.each([
    [{ LANG: "zh_CN.UTF-8" }, ["--language", "en"], "interrupted: finishing up"],
    [{ LANG: "zh_CN.UTF-8" }, ["--language=en"], "interrupted: finishing up"],
    [{ LANG: "zh_CN.UTF-8" }, [], "已中断"],
    [{ LANG: "en_US.UTF-8" }, ["--language", "zh"], "已中断"],
    [{ LANG: "en_US.UTF-8" }, ["--language", "zh", "--language", "en"], "interrupted: finishing up"],
  ])("under %j with %j is %s", async (env, flags, text) => {
    const child = spawn(process.execPath, [lathe, "chat", "--model", storiesModel, ...flags], {
      // The prompt of a conversation waits for a line that never comes.
      stdio: ["pipe", "ignore", "pipe"],
      env: { ...process.env, LC_ALL: "", LC_MESSAGES: "", ...env },
    });
    let stderr = "";
    let isSent = false;
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
      // The first word is said once the handlers stand.
      if (!isSent) child.kill("SIGTERM");
      isSent = true;
    });
    await new Promise((resolve) => child.on("close", resolve));
    expect(stderr).toContain(text);
  });
});

it("begins without TensorFlow.js, which a verb brings that computes", () => {
  const hooks = `export async function load(url, context, next) { console.error(url); return next(url, context); }`;
  const address = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
  const register = `import { register } from "node:module"; register(${JSON.stringify(address(hooks))});`;
  const { status, stderr } = spawnSync(process.execPath, ["--import", address(register), lathe, "--help"], {
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(stderr).toContain("/cli/dist/main.js");
  expect(stderr).not.toMatch(/@tensorflow|\/undici\//);
});

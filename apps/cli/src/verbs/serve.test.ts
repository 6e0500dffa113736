/** Serves with the built command, and stops it as a service manager does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";

const lathe = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const model = fileURLToPath(new URL("../../../../examples/customer-service/base-model/", import.meta.url));

/** Tokens of each reply: long enough to be under way when the signal comes. */
const TOKENS = 900;

beforeAll(() => {
  if (!existsSync(lathe)) throw new Error("build the command first: npm run build");
});

/** The command while it serves. */
async function serving() {
  const words = ["serve", "--model", model, "--name", "base", "--port", "0", "--json"];
  const child = spawn(process.execPath, [lathe, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const exit = once(child, "close") as Promise<[code: number | null]>;
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (said.stdout += piece));
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      said.stderr += piece;
      const [found] = /http:\/\/[\w.:[\]]+/.exec(said.stderr) ?? [];
      if (found !== undefined) resolve(found);
    });
    void exit.then(() => reject(new Error(said.stderr)));
  });
  return { child, exit, said, url };
}

const ask = async (url: string, maxTokens: number): Promise<Response> =>
  await fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      // The token that ends a text is ruled out.
      model: "base",
      prompt: "你好",
      max_tokens: maxTokens,
      logit_bias: { 1: -100 },
      stream: true,
      stream_options: { include_usage: true },
    }),
  });

describe.each(["SIGTERM", "SIGINT"] as const)("lathe serve, by %s", (signal) => {
  it("ends the replies under way, refuses new ones, and exits with 0", async () => {
    const { child, exit, said, url } = await serving();
    const replies = await Promise.all([1, 2, 3].map(async () => await ask(url, TOKENS)));
    const readers = replies.map(({ body }) => body!.pipeThrough(new TextDecoderStream()).getReader());
    const texts = await Promise.all(readers.map(async (reader) => (await reader.read()).value ?? ""));
    child.kill(signal);
    // Between two steps of the batch the signal has come.
    let refused: number | null = null;
    while (refused === null || refused === 200) {
      const answer = await fetch(`${url}/health`).catch(() => null);
      refused = answer?.status ?? 0;
      if (refused === 503) expect(await answer!.json()).toMatchObject({ status: "stopping", running: 3 });
    }
    const late = await ask(url, 1).catch(() => null);
    if (late) expect(late.status).toBe(503);
    for (const [index, reader] of readers.entries()) {
      for (let next = await reader.read(); !next.done; next = await reader.read()) texts[index] += next.value;
      expect(texts[index]).toMatch(/data: \[DONE\]\n\n$/);
      expect(texts[index]).toContain(`"completion_tokens":${TOKENS}`);
    }
    expect((await exit)[0], said.stderr).toBe(0);
    expect(refused).toBe(503);
    expect(JSON.parse(said.stdout)).toMatchObject({ url, names: ["base"] });
  });
});

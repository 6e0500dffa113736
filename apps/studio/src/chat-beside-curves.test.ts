/** The built command goes on to serve while a model answers, which is in a thread of its own. */
import { appendFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { type ServerEvent, serverEvents } from "./page/live/server-events.js";
import { lineOf, makeRun, metricsOf } from "./testing/run-folders.js";
import { RunningStudio } from "./testing/running-studio.js";
import { testFolder } from "./testing/study-folder.js";

const storiesModel = fileURLToPath(new URL("../../../packages/model/fixtures/stories260k", import.meta.url));

it("tells a curve and answers requests while a model is loaded and between the pieces of its reply", async () => {
  const root = await testFolder();
  const config = JSON.stringify({ model: storiesModel, method: "full" });
  const run = await makeRun(root, "run", { "config.json": config, "metrics.jsonl": metricsOf(3) });
  await symlink(storiesModel, join(run, "model"));
  const { link } = await RunningStudio.open(root);
  const { origin, hash } = new URL(link);
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const ask = async (path: string, body?: object): Promise<Response> =>
    await fetch(origin + path, {
      signal: leaving.signal,
      headers: { Authorization: `Bearer ${hash.slice(1)}`, "Content-Type": "application/json" },
      ...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
    });
  const curves = serverEvents((await ask("/api/live?run=run")).body!);
  const steps = async (): Promise<number[]> => {
    for (;;) {
      const event = (await curves.next()).value as ServerEvent;
      const { points } = JSON.parse(event.data) as { readonly points?: readonly { readonly step: number }[] };
      if (points) return points.map(({ step }) => step);
    }
  };
  expect(await steps()).toEqual([1, 2, 3]);

  const messages = [{ role: "user", content: "Once upon a time" }];
  const sides = ["base", "tuned"].map((side) => ({ side, messages }));
  const chat = await ask("/api/chat", { run: "run", sides, maxNewTokens: 200, temperature: 0 });
  const said: string[] = [];
  for await (const { name, data } of serverEvents(chat.body!)) {
    said.push(name);
    expect(name, data).not.toBe("fault");
    if (said.filter((one) => one === name).length > 1) continue;
    // At the beginning, at the first piece and at the end of a side.
    const step = said.filter((one) => one !== "piece").length + 3;
    await appendFile(join(run, "metrics.jsonl"), lineOf(step));
    expect((await steps()).at(-1)).toBe(step);
    expect((await ask("/api/details?run=run")).status).toBe(200);
  }
  expect(said.filter((name) => name !== "piece")).toEqual(["begin", "end", "begin", "end"]);
  expect(said.filter((name) => name === "piece").length).toBeGreaterThan(20);
}, 60_000);

import { appendFile, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zh as filesZh } from "@lathe/files/zh";
import { zh as recipesZh } from "@lathe/recipes/zh";
import { RunsFolder } from "@lathe/report";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ServerEvent, serverEvents } from "../page/live/server-events.js";
import { lineOf, makeRun, metricsOf } from "../testing/run-folders.js";
import { testFolder } from "../testing/study-folder.js";
import { ChatDesk } from "./chat-desk.js";
import { allowedHosts } from "./guard.js";
import { LiveRuns } from "./live-runs.js";
import { pageLink, runsApp } from "./runs-app.js";
import { Speaker } from "./speaker.js";
import { StudioKey } from "./studio-key.js";
import { zh } from "../zh.js";

const HOST = "127.0.0.1:4000";
const files = { "/": { type: "text/html; charset=utf-8", text: "<!doctype html>page" } };

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

async function studioOf(root: string) {
  const folder = await RunsFolder.open(root);
  const key = await StudioKey.of(root);
  const live = new LiveRuns(folder, (id) => pageLink(key, id));
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const app = runsApp({
    folder,
    live,
    key,
    page: files,
    signal: ending.signal,
    desk: new ChatDesk({}),
    speaker: new Speaker({ ...filesZh, ...recipesZh, ...zh }),
    hosts: () => allowedHosts("127.0.0.1", 4000),
  });
  const own = { Authorization: `Bearer ${key.secret}` };
  const ask = async (path: string, { headers = {}, ...init }: Asked = {}) =>
    app.request(`http://${HOST}${path}`, { ...init, headers: { Host: HOST, ...headers } });
  const events = async (path: string) => {
    const leaving = new AbortController();
    const reply = await ask(path, { headers: own, signal: leaving.signal });
    const stream = serverEvents(reply.body!);
    onTestFinished(async () => {
      await stream.return();
    });
    const next = async (name: string): Promise<any> => {
      for (;;) {
        const { value, done } = await stream.next();
        if (done) throw new Error("the stream has ended");
        const event: ServerEvent = value;
        if (event.name === name) return JSON.parse(event.data);
      }
    };
    return { reply, next, stream };
  };
  return { folder, key, live, ending, ask, own, events };
}

async function someRuns(): Promise<string> {
  const root = await testFolder();
  await makeRun(root, "first", { "metrics.jsonl": metricsOf(30), "report.json": '{"steps":30}' });
  await makeRun(root, "second", { "metrics.jsonl": metricsOf(5) });
  await makeRun(root, "bad", { "config.json": "{", "metrics.jsonl": "nonsense\n" });
  return root;
}

describe("a folder of runs over HTTP", () => {
  it("is told whole at first, then what changes: steps, new runs, and those that go", async () => {
    const root = await someRuns();
    const { events } = await studioOf(root);
    const { reply, next } = await events("/api/live?run=second");
    expect(reply.headers.get("Content-Type")).toMatch(/^text\/event-stream/);
    const first = await next("runs");
    expect(first).toMatchObject({ isWhole: true, gone: [], isCut: false });
    expect(first.changed.map(({ id }: any) => id).toSorted()).toEqual(["bad", "first", "second"]);
    expect(first.changed.find(({ id }: any) => id === "bad").fault.kind).toBe("config");
    const curve = await next("curve");
    expect(curve).toMatchObject({ run: "second", from: 0, totals: { step: 5 }, badLines: 0 });
    expect(curve.points.map(({ step }: any) => step)).toEqual([1, 2, 3, 4, 5]);
    await appendFile(join(root, "second/metrics.jsonl"), lineOf(6));
    await makeRun(root, "third");
    const more = await next("curve");
    expect([more.from, more.points.map(({ step }: any) => step)]).toEqual([4, [5, 6]]);
    let changed: string[] = [];
    while (!changed.includes("third")) {
      const event = await next("runs");
      expect(event.isWhole).toBe(false);
      changed = [...changed, ...event.changed.map(({ id }: any) => id)];
    }
    expect(changed).not.toContain("first");
  });

  it("begins a curve anew where a run goes on from a checkpoint", async () => {
    const root = await someRuns();
    const { events } = await studioOf(root);
    const { next } = await events("/api/live?run=second");
    await next("curve");
    await writeFile(join(root, "second/metrics.jsonl"), metricsOf(3));
    const curve = await next("curve");
    expect([curve.from, curve.points.length, curve.totals.step]).toEqual([0, 3, 3]);
  });

  it("tells of metrics that cannot be read, and of none for a run that is not there", async () => {
    const root = await someRuns();
    const { events, live } = await studioOf(root);
    const { next } = await events("/api/live?run=none&run=bad&run=__proto__");
    expect(await next("curve")).toMatchObject({ run: "bad", points: [], badLines: 1 });
    expect(live.held).toBe(1);
  });

  it("holds no metrics when nobody watches any longer, and ends all streams at its end", async () => {
    const { events, live, ending } = await studioOf(await someRuns());
    const [one, two] = [await events("/api/live?run=first"), await events("/api/live?run=first&run=second")];
    await one.next("curve");
    await two.next("curve");
    expect(live.held).toBe(2);
    ending.abort();
    for (const { stream } of [one, two]) while (!(await stream.next()).done);
    await expect.poll(() => live.held).toBe(0);
  });

  it("tells 100,000 steps in a thousand points", async () => {
    const root = await testFolder();
    const lines = Array.from({ length: 100_000 }, (_, at) => `{"step":${at + 1},"loss":${at % 2}}\n`);
    await makeRun(root, "long", { "metrics.jsonl": lines.join("") });
    const { events } = await studioOf(root);
    const { next } = await events("/api/live?run=long");
    const points: unknown[] = [];
    for (let step = 0; step < 100_000;) {
      const curve = await next("curve");
      points.splice(curve.from, points.length, ...curve.points);
      step = curve.totals.step;
    }
    expect(points.length).toBeLessThanOrEqual(1000);
    expect(points.length).toBeGreaterThan(500);
    expect(points.at(-1)).toMatchObject({ step: 100_000 });
  });

  it("says what a run says of itself", async () => {
    const { ask, own } = await studioOf(await someRuns());
    const details = await (await ask("/api/details?run=first", { headers: own })).json();
    expect(details).toMatchObject({ settings: { rank: 8 }, report: { steps: 30 }, samples: [], faults: [] });
    const bad: any = await (await ask("/api/details?run=bad", { headers: own })).json();
    expect(bad.faults[0].kind).toBe("config");
    expect((await ask("/api/details?run=none", { headers: own })).status).toBe(404);
    expect((await ask("/api/details?run=../first", { headers: own })).status).toBe(404);
  });

  it("hands out pages by their own addresses alone, as documents of no origin in which no foreign script runs", async () => {
    const root = await someRuns();
    await writeFile(join(root, "first/report.html"), "<script>alert(1)</script>the page");
    await writeFile(join(root, "rows é#?-report.html"), "rows");
    const { ask, events } = await studioOf(root);
    const { pages } = await (await events("/api/live")).next("runs");
    expect(pages.map(({ id, kind }: any) => [id, kind]).toSorted()).toEqual([
      ["first/report.html", "run"],
      ["rows é#?-report.html", "data"],
    ]);
    const { link } = pages.find(({ kind }: any) => kind === "run");
    const reply = await ask(link);
    expect(await reply.text()).toContain("the page");
    const policy = reply.headers.get("Content-Security-Policy")!;
    expect(policy).toMatch(/sandbox allow-scripts$/);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'sha256-[^;]+'; /);
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(await (await ask(pages.find(({ kind }: any) => kind === "data").link)).text()).toBe("rows");
    const [, , signature] = link.split("/");
    for (const other of [
      ...[
        `/page/${signature}/rows`,
        `/page/${signature}/first/report.json`,
        `/page/${signature}/first%2Freport.html/`,
      ],
      ...[`/page/${"A".repeat(43)}/first/report.html`, "/page/x/first/report.html"],
    ]) {
      expect([other, (await ask(other)).status]).toEqual([other, 401]);
    }
    expect((await ask("/page//first/report.html")).status).toBe(404);
  });

  it("never follows a link out of the folder", async () => {
    const root = await someRuns();
    const outside = await testFolder();
    await writeFile(join(outside, "secret"), "secret");
    await symlink(join(outside, "secret"), join(root, "first/report.html"));
    const { ask, key } = await studioOf(root);
    expect((await ask(pageLink(key, "first/report.html"))).status).toBe(404);
    for (const id of ["../secret", "..%2fsecret", join(outside, "secret"), "first/metrics.jsonl"]) {
      expect((await ask(pageLink(key, id))).status).not.toBe(200);
    }
  });
});

describe("the secret of the studio", () => {
  it("is kept in the folder for its owner alone, with the port", async () => {
    const root = await testFolder();
    const key = await StudioKey.of(root);
    expect(key.port).toBe(null);
    await key.keep(root, 4321);
    const again = await StudioKey.of(root);
    expect([again.secret, again.port]).toEqual([key.secret, 4321]);
    expect(again.matches(key.secret)).toBe(true);
    expect((await stat(join(root, ".lathe-studio.json"))).mode & 0o077).toBe(0);
    expect(await readFile(join(root, ".lathe-studio.json"), "utf8")).toContain(key.secret);
  });

  it.each(["", "{", '{"secret":"short"}', '{"secret":7,"port":"x"}', "[]"])(
    "is another one where the file holds none: %s",
    async (text) => {
      const root = await testFolder();
      await writeFile(join(root, ".lathe-studio.json"), text);
      expect((await StudioKey.of(root)).secret).toMatch(/^[\w-]{43}$/);
    },
  );
});

describe("what is refused", () => {
  it.each([
    ["no secret", {}],
    ["an empty one", { Authorization: "Bearer " }],
    ["a wrong one", { Authorization: `Bearer ${"x".repeat(43)}` }],
    ["one of a megabyte", { Authorization: `Bearer ${"x".repeat(1 << 20)}` }],
  ])("%s: 401", async (_, headers) => {
    const { ask } = await studioOf(await someRuns());
    const asked = { headers: headers as unknown as Record<string, string> };
    for (const path of ["/api/live", "/api/details?run=first"])
      expect((await ask(path, asked)).status).toBe(401);
    const post = { ...asked, method: "POST", body: "{}" };
    expect((await ask("/api/chat", post)).status).toBe(401);
  });

  it.each(["evil.example", "127.0.0.1:4001", ""])("the host %j", async (host) => {
    const { ask, own } = await studioOf(await someRuns());
    expect((await ask("/", { headers: { Host: host } })).status).toBe(421);
    expect((await ask("/api/live", { headers: { ...own, Host: host } })).status).toBe(421);
  });

  it.each([{ Origin: "http://evil.example" }, { Origin: "null" }, { "Sec-Fetch-Site": "cross-site" }])(
    "a request of another site: %j",
    async (foreign) => {
      const { ask, own } = await studioOf(await someRuns());
      const headers = { ...own, ...(foreign as unknown as Record<string, string>) };
      expect((await ask("/api/details?run=first", { headers })).status).toBe(403);
      expect((await ask("/api/chat", { method: "POST", headers, body: "{}" })).status).toBe(403);
    },
  );

  it("too many runs at once, other methods, other paths, and a change by GET", async () => {
    const { ask, own } = await studioOf(await someRuns());
    const many = Array.from({ length: 13 }, (_, at) => `run=${at}`).join("&");
    expect((await ask(`/api/live?${many}`, { headers: own })).status).toBe(422);
    for (const method of ["PUT", "DELETE", "OPTIONS"]) {
      expect((await ask("/api/details?run=first", { method, headers: own })).status).toBe(405);
    }
    for (const path of ["/../package.json", "/first/config.json", "/.lathe-studio.json", "//etc/passwd"]) {
      expect((await ask(path, { headers: own })).status).toBe(404);
    }
    expect((await ask("/api/chat?run=first", { headers: own })).status).toBe(404);
  });

  const chat = {
    run: "first",
    maxNewTokens: 8,
    temperature: 0,
    sides: [{ side: "base", messages: [{ role: "user", content: "Hello" }] }],
  };
  it.each([
    ["a form", JSON.stringify(chat), "application/x-www-form-urlencoded", 415],
    ["no JSON", "{", "application/json", 400],
    ["a prototype", '{"__proto__":{"run":"first"}}', "application/json", 400],
    ["another shape", "[]", "application/json", 422],
    [
      "no turn",
      JSON.stringify({ ...chat, sides: [{ side: "base", messages: [] }] }),
      "application/json",
      422,
    ],
    ["another side", JSON.stringify(chat).replace("base", "other"), "application/json", 422],
    ["a role that is none", JSON.stringify(chat).replace("user", "tool"), "application/json", 422],
    [
      "a turn of the model at the end",
      JSON.stringify(chat).replace("user", "assistant"),
      "application/json",
      422,
    ],
    ["tokens without end", JSON.stringify({ ...chat, maxNewTokens: 1e9 }), "application/json", 422],
    ["a temperature below 0", JSON.stringify({ ...chat, temperature: -1 }), "application/json", 422],
    ["a run that is not there", JSON.stringify({ ...chat, run: "../x" }), "application/json", 404],
    ["too large a body", JSON.stringify({ ...chat, more: "x".repeat(1 << 20) }), "application/json", 413],
  ])("a conversation with %s", async (_, body, type, status) => {
    const { ask, own } = await studioOf(await someRuns());
    const headers = { ...own, "Content-Type": type };
    expect((await ask("/api/chat", { method: "POST", headers, body })).status).toBe(status);
  });

  it("a run with nothing to answer: said in a sentence, on the stream", async () => {
    const { ask, own } = await studioOf(await someRuns());
    const headers = { ...own, "Content-Type": "application/json" };
    const reply = await ask("/api/chat", { method: "POST", headers, body: JSON.stringify(chat) });
    expect(reply.status).toBe(200);
    expect(await reply.text()).toMatch(/^event: fault\ndata: .*no adapter or model yet/);
  });

  it("in Chinese to a page in Chinese", async () => {
    const { ask, own } = await studioOf(await someRuns());
    const send = async (body: string, language: string): Promise<string> => {
      const headers = { ...own, "Content-Type": "application/json", "Accept-Language": language };
      return await (await ask("/api/chat", { method: "POST", headers, body })).text();
    };
    for (const body of [JSON.stringify(chat), "[]", JSON.stringify({ ...chat, temperature: 3 }), "{"]) {
      expect(await send(body, "zh-CN")).toMatch(/[\u4e00-\u9fff]/);
      expect(await send(body, "zh-CN")).not.toMatch(/expected|model|there is/);
      expect(await send(body, "en")).not.toMatch(/[\u4e00-\u9fff]/);
    }
    const { error } = await (
      await ask("/api/details?run=none", { headers: { ...own, "Accept-Language": "zh" } })
    ).json();
    expect(error).toEqual({ name: "RunError", message: zh["expected the id of a run"] });
  });

  it("nothing without the headers that keep a browser in bounds", async () => {
    const { ask } = await studioOf(await someRuns());
    for (const asked of [ask("/"), ask("/none"), ask("/api/live"), ask("/", { headers: { Host: "evil" } })]) {
      const { headers } = await asked;
      const policy = headers.get("Content-Security-Policy")!;
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; /);
      expect(policy).toMatch(/frame-ancestors 'none'.*frame-src 'self'$/);
      expect(policy).not.toContain("unsafe");
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(headers.get("Referrer-Policy")).toBe("no-referrer");
    }
  });
});

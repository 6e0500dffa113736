import type { Study } from "@lathe/annotate";
import { zh as annotateZh } from "@lathe/annotate/zh";
import { zh as filesZh } from "@lathe/files/zh";
import { describe, expect, it } from "vitest";
import { testStudy } from "../testing/study-folder.js";
import { allowedHosts } from "./guard.js";
import { zh } from "../zh.js";
import { Speaker } from "./speaker.js";
import { studyApp } from "./study-app.js";

const HOST = "127.0.0.1:4000";
const page = { "/": { type: "text/html; charset=utf-8", text: "<!doctype html>page" } };

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function roomOf(rows = 4) {
  const study = await testStudy(rows, { repeats: 0 });
  const app = studyApp({
    study,
    page,
    speaker: new Speaker({ ...annotateZh, ...filesZh, ...zh }),
    hosts: () => allowedHosts("127.0.0.1", 4000),
  });
  const ask = async (path: string, { headers = {}, ...init }: Asked = {}) =>
    app.request(`http://${HOST}${path}`, { ...init, headers: { Host: HOST, ...headers } });
  return { study, ask };
}

const secretOf = (study: Study, name: string): string =>
  study.members().find((one) => one.name === name)!.secret!;
const bearer = (secret: string) => ({ Authorization: `Bearer ${secret}` });

const answer = (position: number, more: object = {}) => ({
  client: `client:${position}`,
  position,
  revision: 0,
  seconds: 5,
  content: {
    ratings: [1, 2].map((fluency) => ({ fluency, relevance: 3 })),
    preferences: [1],
    comment: "",
    flags: [],
  },
  ...more,
});

describe("the room over HTTP", () => {
  it("shows tasks, takes answers once, and goes on", async () => {
    const { study, ask } = await roomOf();
    const headers = { ...bearer(secretOf(study, "annotator-1")), "Content-Type": "application/json" };
    const session = await (await ask("/api/session", { headers })).json();
    expect(session).toMatchObject({
      name: "annotator-1",
      role: "annotator",
      progress: { done: 0, total: 4 },
    });
    const next: unknown = await (await ask("/api/tasks/next", { headers })).json();
    expect(next).toMatchObject({ task: { position: 0, pairs: [[0, 1]], revision: 0, answer: null } });
    const send = () => ask("/api/answers", { method: "POST", headers, body: JSON.stringify(answer(0)) });
    const replies = await Promise.all([send(), send(), send()]);
    const outcomes = await Promise.all(replies.map(async (reply) => (await reply.json()).outcome));
    expect(outcomes.toSorted()).toEqual(["known", "known", "stored"]);
    expect(study.data().answers).toHaveLength(1);
    const after: any = await (await ask("/api/tasks/next", { headers })).json();
    expect(after).toMatchObject({ task: { position: 1 }, progress: { done: 1, secondsLeft: 15 } });
  });

  it("tells an annotator nothing that says which system wrote what", async () => {
    const { study, ask } = await roomOf();
    const headers = bearer(secretOf(study, "annotator-2"));
    for (const path of ["/api/session", "/api/tasks/next", "/api/tasks/2"]) {
      const text = await (await ask(path, { headers })).text();
      // The replies themselves name their system here.
      expect(text.replaceAll(/Reply of the \w+ to/g, "")).not.toMatch(/base|tuned|"row"|repeat|gold|"r\d/);
    }
  });

  it("gives results to the coordinator, disputes to the adjudicator, and either to no one else", async () => {
    const { study, ask } = await roomOf();
    const paths = {
      coordinator: ["/api/results", "/api/answers.csv", "/api/answers.jsonl"],
      adjudicator: ["/api/disputes", "/api/disputes/0"],
      "annotator-1": ["/api/tasks/next", "/api/tasks/0"],
    };
    for (const [name, own] of Object.entries(paths)) {
      for (const path of Object.values(paths).flat()) {
        const { status } = await ask(path, { headers: bearer(secretOf(study, name)) });
        expect([path, name, status]).toEqual([path, name, own.includes(path) ? 200 : 403]);
      }
    }
  });

  it("shows the adjudicator what was said in the order of the replies shown", async () => {
    const { study, ask } = await roomOf(1);
    for (const name of ["annotator-1", "annotator-2"]) {
      const member = study.members().find((one) => one.name === name)!;
      const { replies } = study.taskAt(member, 0)!;
      // Whatever the order: the base gets 1, the tuned 5.
      const ratings = replies.map((reply) => ({ fluency: reply.includes("base") ? 1 : 5, relevance: 3 }));
      await study.submit(member, {
        ...answer(0),
        client: `of:${name}`,
        content: { ...answer(0).content, ratings },
      } as any);
    }
    const headers = bearer(secretOf(study, "adjudicator"));
    const { task, judgements }: any = await (await ask("/api/disputes/0", { headers })).json();
    expect(judgements).toHaveLength(2);
    for (const { content } of judgements) {
      const fluency = content.ratings.map((rating: any) => rating.fluency);
      expect(fluency).toEqual(task.replies.map((reply: string) => (reply.includes("base") ? 1 : 5)));
    }
    expect(JSON.stringify(task.replies.length)).toBe("2");
  });

  it("writes answers out as CSV", async () => {
    const { study, ask } = await roomOf();
    const member = study.members().find(({ name }) => name === "annotator-1")!;
    await study.submit(member, answer(0) as any);
    const csv = await ask("/api/answers.csv", { headers: bearer(secretOf(study, "coordinator")) });
    expect(csv.headers.get("Content-Disposition")).toContain("attachment");
    expect((await csv.text()).trim().split("\r\n")).toHaveLength(3);
  });
});

describe("what is refused", () => {
  it.each([
    ["no secret", {}],
    ["an empty one", { Authorization: "Bearer " }],
    ["a wrong one", { Authorization: `Bearer ${"x".repeat(32)}` }],
    ["one in another form", { Authorization: "Basic eDp5" }],
    ["one of a megabyte", { Authorization: `Bearer ${"x".repeat(1 << 20)}` }],
  ])("%s: 401 for every path of the study", async (_, headers) => {
    const { ask } = await roomOf();
    for (const path of [
      "/api/session",
      "/api/tasks/next",
      "/api/tasks/0",
      "/api/results",
      "/api/answers.csv",
    ]) {
      expect((await ask(path, { headers: headers as any })).status).toBe(401);
    }
    const post = {
      method: "POST",
      headers: { ...(headers as any), "Content-Type": "application/json" },
      body: "{}",
    };
    expect((await ask("/api/answers", post)).status).toBe(401);
  });

  it.each([
    "evil.example",
    "evil.example:4000",
    "127.0.0.1",
    "127.0.0.1:4001",
    "127.0.0.1.evil.example:4000",
    "",
  ])("the host %j, for the page too", async (host) => {
    const { ask } = await roomOf();
    expect((await ask("/", { headers: { Host: host } })).status).toBe(421);
    expect((await ask("/api/session", { headers: { Host: host } })).status).toBe(421);
  });

  it.each([
    { Origin: "http://evil.example" },
    { Origin: "null" },
    { Origin: "https://127.0.0.1:4000" },
    { Origin: "http://127.0.0.1:4001" },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
  ])("a request of another site: %j", async (foreign) => {
    const { study, ask } = await roomOf();
    const headers = {
      ...bearer(secretOf(study, "annotator-1")),
      "Content-Type": "application/json",
      ...(foreign as unknown as Record<string, string>),
    };
    const reply = await ask("/api/answers", { method: "POST", headers, body: JSON.stringify(answer(0)) });
    expect(reply.status).toBe(403);
    expect((await ask("/api/session", { headers })).status).toBe(403);
    expect(study.data().answers).toEqual([]);
  });

  it("but not one of the page itself, nor a visit by a link from elsewhere", async () => {
    const { study, ask } = await roomOf();
    const headers = {
      ...bearer(secretOf(study, "annotator-1")),
      "Content-Type": "application/json",
      Origin: `http://${HOST}`,
      "Sec-Fetch-Site": "same-origin",
    };
    const reply = await ask("/api/answers", { method: "POST", headers, body: JSON.stringify(answer(0)) });
    expect(reply.status).toBe(200);
    const visit = {
      "Sec-Fetch-Site": "cross-site",
      "Sec-Fetch-Dest": "document",
      "Sec-Fetch-Mode": "navigate",
    };
    expect((await ask("/", { headers: visit })).status).toBe(200);
  });

  it.each(["PUT", "DELETE", "PATCH", "OPTIONS"])("the method %s", async (method) => {
    const { ask } = await roomOf();
    expect((await ask("/api/answers", { method })).status).toBe(405);
  });

  it("a change by GET: there is none", async () => {
    const { study, ask } = await roomOf();
    const before = study.changes;
    const paths = [
      "/api/session",
      "/api/tasks/next",
      "/api/tasks/0",
      "/api/answers",
      "/api/answers?client=x",
    ];
    for (const name of ["annotator-1", "adjudicator", "coordinator"]) {
      for (const path of paths) await ask(path, { headers: bearer(secretOf(study, name)) });
    }
    expect(study.changes).toBe(before);
    expect(study.data().answers).toEqual([]);
  });

  it.each([
    ["too large a body", JSON.stringify(answer(0, { more: "x".repeat(70_000) })), "application/json", 413],
    ["a form", "client=x", "application/x-www-form-urlencoded", 415],
    ["a simple request of a form in disguise", JSON.stringify(answer(0)), "text/plain", 415],
    ["no JSON", "{", "application/json", 400],
    ["JSON without end", "[".repeat(5000), "application/json", 400],
    ["a prototype", '{"__proto__":{"client":"x"}}', "application/json", 400],
    ["another shape", "[]", "application/json", 422],
    ["a task that is not there", JSON.stringify(answer(99)), "application/json", 422],
    [
      "a rating of 6",
      JSON.stringify(answer(0)).replace('"fluency":1', '"fluency":6'),
      "application/json",
      422,
    ],
  ])("%s", async (_, body, type, status) => {
    const { study, ask } = await roomOf();
    const headers = { ...bearer(secretOf(study, "annotator-1")), "Content-Type": type };
    const reply = await ask("/api/answers", { method: "POST", headers, body });
    expect(reply.status).toBe(status);
    expect(await reply.json()).toHaveProperty("error.message");
    expect(study.data().answers).toEqual([]);
  });

  it.each([
    ...[
      "/../package.json",
      "/..%2f..%2fetc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/studio.sqlite",
      "/index.html",
    ],
    ...[
      "/api/tasks/-1",
      "/api/tasks/1e3",
      "/api/tasks/99",
      "/api/tasks/%00",
      "/api/disputes/0/..",
      "//etc/passwd",
    ],
  ])("the path %s", async (path) => {
    const { study, ask } = await roomOf();
    expect((await ask(path, { headers: bearer(secretOf(study, "annotator-1")) })).status).toBe(404);
  });

  it("in Chinese to a page in Chinese", async () => {
    const { study, ask } = await roomOf();
    const headers = {
      ...bearer(secretOf(study, "annotator-1")),
      "Content-Type": "application/json",
      "Accept-Language": "zh-CN",
    };
    const body = JSON.stringify(answer(0, { seconds: -1 }));
    const { error } = await (await ask("/api/answers", { method: "POST", headers, body })).json();
    expect(error).toMatchObject({ name: "AnswerError", field: "seconds" });
    expect(error.message).toMatch(/^seconds：应为/);
  });

  it("nothing without the headers that keep a browser in bounds", async () => {
    const { ask } = await roomOf();
    for (const asked of [
      ask("/"),
      ask("/none"),
      ask("/api/session"),
      ask("/", { headers: { Host: "evil" } }),
    ]) {
      const { headers } = await asked;
      expect(headers.get("Content-Security-Policy")).toMatch(/^default-src 'none'; script-src 'self'; /);
      expect(headers.get("Content-Security-Policy")).not.toContain("unsafe");
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(headers.get("Referrer-Policy")).toBe("no-referrer");
      expect(headers.get("Cache-Control")).toBe("no-store");
      expect(headers.get("Access-Control-Allow-Origin")).toBe(null);
    }
  });
});

describe("hosts", () => {
  it("of this machine are its names, of an address that one", () => {
    expect([...allowedHosts("127.0.0.1", 80)]).toContain("localhost");
    expect([...allowedHosts("::1", 5)]).toContain("[::1]:5");
    expect([...allowedHosts("192.168.1.5", 5)]).toEqual(["192.168.1.5:5"]);
    expect([...allowedHosts("0.0.0.0", 5)]).toContain("127.0.0.1:5");
  });
});

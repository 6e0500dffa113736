import { appendFile, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lockWithin, takeLock } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { lineOf, makeRun, testFolder } from "../testing/run-folders.js";
import { RunsFolder } from "./runs-folder.js";

const metrics = (steps: number): string =>
  Array.from({ length: steps }, (_, at) => lineOf(at + 1, at === 4 ? { validationLoss: 2 } : {})).join("");

describe("a folder of runs", () => {
  it("has those below it, by their own files", async () => {
    const root = await testFolder();
    await makeRun(root, "first", { metrics: metrics(100), report: "{}" });
    await makeRun(root, "later/second", { metrics: metrics(7) });
    // What is a part of a run has such a name, but a run may have it as well.
    await makeRun(root, "sweep/base", { metrics: metrics(1) });
    await makeRun(root, "first/model", { metrics: metrics(1) });
    await mkdir(join(root, "models/base"), { recursive: true });
    await writeFile(join(root, "models/base/config.json"), "{}");
    const folder = await RunsFolder.open(root);
    expect(
      folder
        .runs()
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(["first", "later/second", "sweep/base"]);
    expect(folder.run("first")).toMatchObject({
      name: "first",
      state: "finished",
      fault: null,
      method: "lora",
      model: "tiny",
      step: 100,
      totalSteps: 100,
      loss: 0.04,
      validationLoss: 2,
    });
    expect(folder.run("later/second")).toMatchObject({ state: "interrupted", step: 7 });
  });

  it("may be a run itself", async () => {
    const run = await makeRun(await testFolder(), "alone", { metrics: metrics(3) });
    const folder = await RunsFolder.open(run);
    expect(folder.runs()).toMatchObject([{ id: ".", name: "alone", step: 3 }]);
  });

  it("shows a run as under way while a process holds it, first, and what has come since", async () => {
    const root = await testFolder();
    const path = await makeRun(root, "run", { metrics: metrics(5) });
    await makeRun(root, "other", { metrics: metrics(1) });
    const lock = await takeLock(lockWithin(path), path);
    const folder = await RunsFolder.open(root);
    expect(folder.runs()[0]).toMatchObject({ id: "run", state: "running", step: 5 });
    await appendFile(join(path, "metrics.jsonl"), lineOf(6));
    await makeRun(root, "new");
    await folder.refresh();
    expect(folder.run("run")).toMatchObject({ state: "running", step: 6 });
    expect(folder.run("new")).toMatchObject({ step: null, fault: null });
    await lock.release();
    await rm(join(root, "new"), { recursive: true });
    await folder.refresh();
    expect(folder.run("run")!.state).toBe("interrupted");
    expect(folder.run("new")).toBe(null);
  });

  it.each([
    ["settings cut short", { config: '{"method": "lo' }, "config"],
    ["settings that are none", { config: "[1]" }, "config"],
    ["empty settings", { config: "" }, "config"],
    ["a line of metrics that is none", { metrics: `${lineOf(1)}{"step":\n${lineOf(3)}` }, "metrics"],
    ["a line without a step", { metrics: `${lineOf(1)}{"loss":1}\n` }, "metrics"],
    ["metrics of zeros", { metrics: "\0".repeat(5000) + "\n" }, "metrics"],
  ])("with %s has a row that says so", async (_, made, kind) => {
    const root = await testFolder();
    await makeRun(root, "bad", made);
    await makeRun(root, "good", { metrics: metrics(2) });
    const folder = await RunsFolder.open(root);
    expect(folder.run("bad")).toMatchObject({ state: "interrupted", fault: { kind } });
    expect(folder.run("good")!.fault).toBe(null);
    expect(await folder.details("bad")).not.toBe(null);
    await folder.course("bad")!.read();
  });

  it("takes a last line that is half written for one on its way", async () => {
    const root = await testFolder();
    await makeRun(root, "run", { metrics: `${metrics(3)}{"step":4,"lo` });
    const folder = await RunsFolder.open(root);
    expect(folder.run("run")).toMatchObject({ fault: null, step: 3 });
    const course = folder.course("run")!;
    await course.read();
    expect(course.totals().step).toBe(3);
    expect(course.badLines).toBe(0);
  });

  it("has folders in place of files, and files without settings, as faults", async () => {
    const root = await testFolder();
    await mkdir(join(root, "odd/checkpoints"), { recursive: true });
    await mkdir(join(root, "odd/metrics.jsonl"));
    const folder = await RunsFolder.open(root);
    expect(folder.run("odd")!.fault).toEqual({ kind: "config", detail: "" });
    await mkdir(join(root, "odd/config.json"));
    await mkdir(join(root, "odd/report.json"));
    await mkdir(join(root, "odd/samples.jsonl"));
    await folder.refresh();
    expect(folder.run("odd")!.fault!.kind).toBe("config");
    const kinds = (await folder.details("odd"))!.faults.map(({ kind }) => kind);
    expect(kinds).toEqual(["config", "report", "folder"]);
  });

  it("of 500 runs is read again only where files have changed", async () => {
    const root = await testFolder();
    for (let run = 0; run < 500; run++) await makeRun(root, `run-${run}`, { metrics: metrics(3) });
    const folder = await RunsFolder.open(root);
    expect(folder.runs()).toHaveLength(500);
    const before = new Map(folder.runs().map((run) => [run.id, run]));
    await appendFile(join(root, "run-7/metrics.jsonl"), lineOf(4));
    await folder.refresh();
    const changed = folder.runs().filter((run) => before.get(run.id) !== run);
    expect(changed.map(({ id }) => id)).toEqual(["run-7"]);
  });

  it("is refused where there is none", async () => {
    const root = await testFolder();
    await expect(RunsFolder.open(join(root, "none"))).rejects.toThrow(
      /none: expected a folder with runs in it, got nothing/,
    );
    await writeFile(join(root, "file"), "");
    await expect(RunsFolder.open(join(root, "file"))).rejects.toThrow(/got a file/);
  });
});

describe("the course of a run", () => {
  it("of 100,000 steps comes to few points and true totals", async () => {
    const root = await testFolder();
    const lines: string[] = [];
    for (let step = 1; step <= 100_000; step++)
      lines.push(`{"step":${step},"loss":${step % 2},"tokens":3,"seconds":0.5}\n`);
    await makeRun(root, "long", { metrics: lines.join("") });
    const course = (await RunsFolder.open(root)).course("long")!;
    while (await course.read());
    const { points } = course.curve.since(null);
    expect(points.length).toBeLessThanOrEqual(1000);
    expect(points.at(-1)!["step"]).toBe(100_000);
    expect(points.every(({ loss }) => loss === 0.5)).toBe(true);
    expect(course.totals()).toMatchObject({ step: 100_000, tokens: 300_000, seconds: 50_000 });
  });

  it("passes over what is no step, and steps that go back", async () => {
    const root = await testFolder();
    const text = `${lineOf(1)}nonsense\n${lineOf(3)}${lineOf(2)}[1]\n${lineOf(4)}`;
    await makeRun(root, "run", { metrics: text });
    const course = (await RunsFolder.open(root)).course("run")!;
    await course.read();
    expect(course.curve.since(null).points.map(({ step }) => step)).toEqual([1, 3, 4]);
    expect(course.badLines).toBe(3);
  });

  it("begins anew where a run goes on from a checkpoint", async () => {
    const root = await testFolder();
    const path = await makeRun(root, "run", { metrics: metrics(9) });
    const course = (await RunsFolder.open(root)).course("run")!;
    await course.read();
    await writeFile(join(path, "other"), metrics(4));
    await rename(join(path, "other"), join(path, "metrics.jsonl"));
    await appendFile(join(path, "metrics.jsonl"), lineOf(5, { loss: 9 }));
    await course.read();
    expect(course.resets).toBe(1);
    expect(course.totals()).toMatchObject({ step: 5, tokens: 50 });
  });
});

describe("what a run says of itself", () => {
  it("has replies over time, of long runs the first, the last and some between", async () => {
    const root = await testFolder();
    const prompts = [{ prompt: "Hello?", reference: "Hi." }];
    const lines = Array.from({ length: 1001 }, (_, step) =>
      JSON.stringify({ step, replies: [`reply ${step}`], ...(step === 0 ? { prompts } : {}) }),
    );
    await makeRun(root, "run", { samples: `${lines.join("\n")}\n`, report: '{"steps":7}' });
    const { samples, report, settings } = (await (await RunsFolder.open(root)).details("run"))!;
    expect(samples).toMatchObject([{ prompt: "Hello?", reference: "Hi." }]);
    const steps = samples[0].replies.map(({ step }) => step);
    expect(steps[0]).toBe(0);
    expect(steps.at(-1)).toBe(1000);
    expect(steps.length).toBeLessThanOrEqual(41);
    expect(steps).toEqual(steps.toSorted((one, other) => one - other));
    expect(report).toEqual({ steps: 7 });
    expect(settings).toMatchObject({ rank: 8 });
  });
});

describe("pages", () => {
  it("are those that verbs wrote, by their ids alone", async () => {
    const root = await testFolder();
    await makeRun(root, "run");
    await writeFile(join(root, "run/report.html"), "the run");
    await mkdir(join(root, "scores"));
    await writeFile(join(root, "scores/report.html"), "the scores");
    await writeFile(join(root, "prepared-report.html"), "the rows");
    await writeFile(join(root, "index.html"), "something else");
    const folder = await RunsFolder.open(root);
    expect(new Map(folder.pages().map(({ id, kind }) => [id, kind]))).toEqual(
      new Map([
        ["run/report.html", "run"],
        ["scores/report.html", "evaluation"],
        ["prepared-report.html", "data"],
      ]),
    );
    expect(String(await folder.readPage("scores/report.html"))).toBe("the scores");
    for (const id of [
      "index.html",
      "../x",
      "run/../run/report.html",
      join(root, "run/report.html"),
      "",
      "__proto__",
    ]) {
      expect(await folder.readPage(id)).toBe(null);
    }
  });

  it("never lead out of the folder by a link, even one that was put there later", async () => {
    const root = await testFolder();
    const outside = await testFolder();
    await writeFile(join(outside, "secret"), "secret");
    await makeRun(outside, "elsewhere");
    await makeRun(root, "run");
    await symlink(join(outside, "secret"), join(root, "run/report.html"));
    await symlink(join(outside, "elsewhere"), join(root, "linked"));
    await writeFile(join(root, "a-report.html"), "rows");
    const folder = await RunsFolder.open(root);
    expect(folder.pages().map(({ id }) => id)).toEqual(["a-report.html"]);
    expect(folder.runs().map(({ id }) => id)).toEqual(["run"]);
    await rm(join(root, "a-report.html"));
    await symlink(join(outside, "secret"), join(root, "a-report.html"));
    expect(await folder.readPage("a-report.html")).toBe(null);
  });
});

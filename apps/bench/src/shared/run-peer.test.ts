import { describe, expect, it } from "vitest";
import { peerOutcome } from "./run-peer.js";
import { lastJsonObject, type ProcessEnd, runProcess } from "./run-process.js";

const end: ProcessEnd = { code: 0, signal: null, timedOut: false, startedAt: 5, stdout: "", stderr: "" };

describe("peerOutcome", () => {
  it("takes the last line, whatever was printed before", () => {
    const stdout = 'a warning\n{"step":1,"of":1}\n{"steps":[1]}\n';
    expect(peerOutcome({ ...end, stdout }, 60)).toEqual({ outcome: { steps: [1], startedAt: 5 } });
  });

  it("says how far a peer came that used up its time", () => {
    const killed = { ...end, code: null, signal: "SIGKILL" as const, timedOut: true };
    expect(peerOutcome({ ...killed, stdout: '{"step":2,"of":6,"seconds":9}\n' }, 30)).toEqual({
      failure: "not done after 30 s (2 of 6 steps)",
    });
    expect(peerOutcome(killed, 30)).toEqual({ failure: "not done after 30 s" });
  });

  it.each([
    [{ code: 1, stderr: "Traceback\n  File x\nRuntimeError: no g++\n" }, "RuntimeError: no g++"],
    [{ code: 3 }, "ended with code 3"],
    [{ code: null, signal: "SIGKILL" as const }, "ended by SIGKILL, often for want of memory"],
    [{ stdout: "hello\n" }, "printed no result"],
  ])("gives the reason of a failure: %j", (given, failure) => {
    expect(peerOutcome({ ...end, ...given }, 30)).toEqual({ failure });
  });
});

describe("lastJsonObject", () => {
  it.each(["", "[1]", "null", "7", "{", '{"a":1}\nend'])("is null for %j", (text) => {
    expect(lastJsonObject(text)).toBeNull();
  });
});

describe("runProcess", () => {
  it("ends a process and what it started when the time is over", async () => {
    const script = `
      const { spawn } = require("node:child_process");
      const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
      console.log(JSON.stringify({ pid: child.pid }));
      setInterval(() => {}, 1000);`;
    const ended = await runProcess(process.execPath, ["-e", script], { timeout: 1 });
    expect(ended).toMatchObject({ code: null, timedOut: true });
    // Its stdout was inherited, so the output would not have come to its end while the grandchild lived.
    const pid = lastJsonObject(ended.stdout)?.["pid"];
    expect(typeof pid).toBe("number");
  });

  it("rejects when there is no such program", async () => {
    await expect(runProcess("lathe-no-such-program", [])).rejects.toMatchObject({ code: "ENOENT" });
  });
});

import { describe, expect, it } from "vitest";
import { readProcessorTimes, readProcessStat, readStat, secondsOfTree } from "./processor-times.js";

describe("readStat", () => {
  it("takes what ran for busy and keeps what was stolen apart", () => {
    const text = "cpu  100 20 30 4000 500 6 7 80 9 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n";
    expect(readStat(text)).toEqual({ busy: 1.63, stolen: 0.8 });
  });

  it("has nothing stolen on a system that does not count it", () => {
    expect(readStat("cpu  100 0 0 0 0 0 0\n")).toEqual({ busy: 1, stolen: 0 });
  });
});

describe("readProcessStat", () => {
  const fields = "S 7 1 1 0 -1 4194560 1 2 3 4 150 50 25 75 20 0 1 0 9 1 1";

  it("counts a process and its children that ended", () => {
    expect(readProcessStat(`12 (node) ${fields}\n`)).toEqual({ pid: 12, parent: 7, seconds: 3 });
  });

  it("is not led astray by a name with parentheses and spaces", () => {
    expect(readProcessStat(`12 (a) S 1 (b) ${fields}`)).toEqual({ pid: 12, parent: 7, seconds: 3 });
  });
});

describe("secondsOfTree", () => {
  const all = [
    { pid: 5, parent: 4, seconds: 8 },
    { pid: 1, parent: 0, seconds: 1 },
    { pid: 3, parent: 2, seconds: 4 },
    { pid: 2, parent: 1, seconds: 2 },
    { pid: 4, parent: 3, seconds: 16 },
  ];

  it("is that of a process and of all below it, in whatever order they are found", () => {
    expect(secondsOfTree(2, all)).toBe(2 + 4 + 16 + 8);
    expect(secondsOfTree(5, all)).toBe(8);
  });

  it("is nothing of a process that is not there", () => {
    expect(secondsOfTree(99, all)).toBe(0);
  });
});

it.skipIf(process.platform !== "linux")("this process's own time grows with what it does", () => {
  const before = readProcessorTimes()!;
  const end = performance.now() + 200;
  while (performance.now() < end);
  const after = readProcessorTimes()!;
  expect(after.own).toBeGreaterThan(before.own);
  expect(after.busy - before.busy).toBeGreaterThan(0);
});

import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startProgress, type ProgressOptions } from "./progress.js";

beforeEach(() => vi.useFakeTimers({ toFake: ["performance", "Date", "setTimeout", "clearTimeout"] }));
afterEach(() => vi.useRealTimers());

function begin(options: Partial<ProgressOptions> = {}, isTTY = false, columns = 100) {
  let text = "";
  const stderr = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    }),
    { isTTY, columns, cursorTo: () => true, clearLine: () => true, moveCursor: () => true },
  );
  const progress = startProgress(
    { stderr },
    { timeLeft: (duration) => `${duration} left` },
    { label: "work", ...options },
  );
  return { progress, text: () => text };
}

describe("without a terminal", () => {
  it("is silent about what is over in a moment", () => {
    const { progress, text } = begin();
    for (let done = 1; done <= 10; done++) {
      progress.update(done, 10);
      vi.advanceTimersByTime(100);
    }
    expect(text()).toBe("");
  });

  it("says a line every few seconds, and one at the end, with the time left", () => {
    const { progress, text } = begin();
    for (let done = 0; done <= 10; done++) {
      progress.update(done, 10, "fine");
      vi.advanceTimersByTime(1500);
    }
    expect(text().split("\n")).toEqual([
      "work 2/10 · fine · 0:12 left",
      "work 6/10 · fine · 0:06 left",
      "work 10/10 · fine",
      "",
    ]);
  });

  it("says a line for the first, the last and every so many", () => {
    const { progress, text } = begin({ every: 4 });
    for (let done = 3; done <= 10; done++) progress.update(done, 10);
    progress.note("a note");
    expect(text().split("\n")).toEqual(["work 3/10", "work 4/10", "work 8/10", "work 10/10", "a note", ""]);
  });

  it("says its end once, however often it is told of it", () => {
    const { progress, text } = begin();
    progress.update(0, 10);
    vi.advanceTimersByTime(3000);
    for (let time = 0; time < 3; time++) progress.update(10, 10);
    expect(text()).toBe("work 10/10\n");
  });

  it("is never silent for long, however many units lie between two lines", () => {
    const { progress, text } = begin({ every: 1000 });
    for (let done = 1; done <= 8; done++) {
      progress.update(done, 10_000);
      vi.advanceTimersByTime(10_000);
    }
    expect(text().match(/work \d+/g)).toEqual(["work 1", "work 4", "work 7"]);
  });

  it("counts the time anew after an end", () => {
    const { progress, text } = begin({ every: 1 });
    progress.update(1, 10);
    progress.end();
    vi.advanceTimersByTime(100_000);
    progress.update(2, 10);
    vi.advanceTimersByTime(1000);
    progress.update(3, 10);
    expect(text().split("\n").slice(1)).toEqual(["work 2/10", "work 3/10 · 0:07 left", ""]);
  });
});

describe("on a terminal", () => {
  it("draws a bar once the work takes time, and takes it away for a note", () => {
    const { progress, text } = begin({}, true);
    progress.update(1, 10);
    expect(text()).toBe("");
    vi.advanceTimersByTime(2500);
    progress.update(5, 10, "half");
    expect(text()).toMatch(/work █+░+ 5\/10 · half · 0:03 left/);
    progress.note("a note");
    expect(text()).toMatch(/a note\n$/);
    progress.end();
  });

  it.each([40, 60])("keeps the first detail and the time left in %i columns", (columns) => {
    const { progress, text } = begin({ every: 1, label: "training" }, true, columns);
    for (let done = 0; done <= 1; done++) {
      progress.update(done, 10, "loss 1.2345", "100 tokens/s", "1.2 GB");
      vi.advanceTimersByTime(4000);
    }
    progress.update(2, 10, "loss 1.2345", "100 tokens/s", "1.2 GB");
    vi.advanceTimersByTime(4000);
    expect(text()).toContain("2/10 · loss 1.2345 · 0:32 left");
    progress.end();
  });
});

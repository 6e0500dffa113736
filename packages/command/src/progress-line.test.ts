import { describe, expect, it } from "vitest";
import { widthOf } from "./format.js";
import { progressLine, progressText, type ProgressFacts } from "./progress-line.js";

const facts: ProgressFacts = {
  label: "training",
  count: "1234/12345",
  details: ["loss 0.1234", "1234 tokens/s", "12.3 GB"],
  left: "12:34:56 left",
};
const chinese: ProgressFacts = {
  label: "训练",
  count: "1234/12345",
  details: ["损失 0.1234", "1234 词元/秒", "12.3 GB"],
  left: "剩余 12:34:56",
};
const bar = (width: number): string => "█".repeat(width);

describe("progressLine", () => {
  it.each([
    [100, `training ${bar(24)} 1234/12345 · loss 0.1234 · 1234 tokens/s · 12.3 GB · 12:34:56 left`],
    [90, `training ${bar(12)} 1234/12345 · loss 0.1234 · 1234 tokens/s · 12.3 GB · 12:34:56 left`],
    [80, `training ${bar(12)} 1234/12345 · loss 0.1234 · 1234 tokens/s · 12:34:56 left`],
    [70, `training ${bar(12)} 1234/12345 · loss 0.1234 · 12:34:56 left`],
    [50, "training 1234/12345 · loss 0.1234 · 12:34:56 left"],
    [40, "1234/12345 · loss 0.1234 · 12:34:56 left"],
  ])("of %i columns: %s", (columns, line) => {
    expect(progressLine(facts, columns, bar)).toBe(line);
  });

  it.each([facts, chinese])("fits every width from 40 columns on, with loss and time left", (these) => {
    for (let columns = 40; columns <= 120; columns++) {
      const line = progressLine(these, columns, bar);
      expect(widthOf(line)).toBeLessThanOrEqual(columns);
      expect(line).toContain(these.details[0]);
      expect(line).toContain(these.left);
      expect(line).toContain(these.count);
    }
  });

  it("leaves out what is not there", () => {
    expect(progressLine({ ...facts, details: [], left: "" }, 40, bar)).toBe(`training ${bar(12)} 1234/12345`);
    expect(progressText({ ...facts, details: [], left: "" })).toBe("training 1234/12345");
  });
});

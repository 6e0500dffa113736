import { describe, expect, it } from "vitest";
import { flatBatch } from "./flat-batch.js";

const row = (inputIds: number[], labels: number[]) => ({
  inputIds: Int32Array.from(inputIds),
  labels: Int32Array.from(labels),
});

describe("flatBatch", () => {
  it("lays rows end to end", () => {
    expect(flatBatch([row([5, 6, 7], [-100, 6, 7]), row([], []), row([8], [8])])).toEqual({
      tokens: Int32Array.of(5, 6, 7, 8),
      labels: Int32Array.of(-100, 6, 7, 8),
      segments: Int32Array.of(0, 3, 3, 4),
    });
  });

  it.each([
    ["fewer", [6]],
    ["more", [6, 7, 8]],
  ])("refuses %s labels than tokens, naming the row", (_which, labels) => {
    expect(() => flatBatch([row([1], [1]), row([6, 7], labels)])).toThrow(
      new RangeError(`row 1: expected 2 labels, one a token, got ${labels.length}`),
    );
  });
});

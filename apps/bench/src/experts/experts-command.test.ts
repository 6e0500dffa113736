import { expect, it } from "vitest";
import { expertsTable, speedOf } from "./experts-command.js";
import { rowsOfExperts } from "./measure-experts.js";

it("gives every expert its rows, all of them once and as evenly as they divide", () => {
  for (const [tokens, experts, perToken] of [
    [2048, 256, 8],
    [10, 7, 3],
    [1, 256, 8],
  ]) {
    const groups = rowsOfExperts(tokens, experts, perToken);
    expect(groups).toHaveLength(experts);
    expect(groups[0].start).toBe(0);
    expect(groups.at(-1)!.end).toBe(tokens * perToken);
    for (const [expert, { start, end }] of groups.entries()) {
      expect(start).toBe(expert === 0 ? 0 : groups[expert - 1].end);
      expect(Math.abs(end - start - (tokens * perToken) / experts)).toBeLessThan(1);
    }
  }
});

it("compares medians of turns", () => {
  const one = { format: "nf4" as const, direction: "forward" as const, grouped: [4, 2, 9], dense: [3, 1, 2] };
  expect(speedOf(one)).toBe(0.5);
  expect(expertsTable([one]).rows).toEqual([["nf4", "forward", "4.00", "2.00", "0.50"]]);
});

import { describe, expect, it } from "vitest";
import { availableBytes, parseBytes } from "./memory-budget.js";

describe("parseBytes", () => {
  it.each([
    ["8GB", 8e9],
    ["8 gb", 8e9],
    ["7.5GiB", 7.5 * 2 ** 30],
    ["512MB", 512e6],
    ["1tib", 2 ** 40],
  ] as const)("reads %s", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(["", "8", "GB", "-1GB", "8G", "0GB", "1e3GB", "99999999TB", "8GB8"])("refuses %j", (text) => {
    expect(parseBytes(text)).toBeNull();
  });
});

it("has more to take than it has", async () => {
  expect(await availableBytes()).toBeGreaterThan(process.memoryUsage.rss() * 0.9);
});

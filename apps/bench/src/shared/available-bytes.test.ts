import { describe, expect, it } from "vitest";
import { availableBytes, parseBytes } from "./available-bytes.js";

describe("parseBytes", () => {
  it.each([
    ["8GB", 8e9],
    ["7.5 GiB", 7.5 * 2 ** 30],
    ["512mib", 2 ** 29],
  ])("reads %s", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(["", "8", "GB", "-1GB", "0GB", "8GBs", "1e3GB"])("refuses %j", (text) => {
    expect(parseBytes(text)).toBeNull();
  });
});

describe("availableBytes", () => {
  it("is at least what the process has", async () => {
    expect(await availableBytes()).toBeGreaterThan(process.memoryUsage.rss() * 0.5);
  });
});

import { describe, expect, it } from "vitest";
import { commandLine } from "./report.js";

describe("commandLine", () => {
  it("leaves out what only this machine has", () => {
    const words = ["--size", "mini", "--python", "/opt/python", "--repeats", "2", "--save=docs/benchmarks"];
    expect(commandLine("train", words)).toBe("pnpm bench train --size mini --repeats 2");
  });
});

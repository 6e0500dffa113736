import { describe, expect, it } from "vitest";
import { describeMachine, isDisturbed } from "./machine.js";

describe("isDisturbed", () => {
  it("measures what others do by the processors there are", () => {
    const machine = { ...describeMachine(), cores: 8 };
    expect(isDisturbed({ ...machine, loadAverage: 1.9 })).toBe(false);
    expect(isDisturbed({ ...machine, loadAverage: 2.1 })).toBe(true);
  });
});

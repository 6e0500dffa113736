import { expect, it, vi } from "vitest";

it("measures llama.cpp in a process that loads nothing of Lathe's own side", async () => {
  vi.doMock("@tensorflow/tfjs-core", () => {
    throw new Error("loaded");
  });
  const { measureLlamaCpp } = await import("./measure-llama-cpp.js");
  expect(measureLlamaCpp).toBeTypeOf("function");
  vi.doUnmock("@tensorflow/tfjs-core");
});

import { availableParallelism } from "node:os";
import { expect, it } from "vitest";
import { inspectProcessor, processorFeatures } from "./processor.js";

it("reads the features of the first processor of Intel's and of Arm's lists, and leaves out what no engine looks at", () => {
  const intel =
    "model name\t: X\nflags\t\t: fpu avx avx2 avx512f avx512_bf16 hypervisor\n\nflags\t\t: amx_int8\n";
  expect(processorFeatures(intel)).toEqual(["avx", "avx2", "avx512f", "avx512_bf16"]);
  expect(processorFeatures("processor\t: 0\nFeatures\t: fp asimd asimddp sve2 bf16\n")).toEqual([
    "asimd",
    "asimddp",
    "bf16",
  ]);
});

it("tells a list without a feature from no list at all", () => {
  expect(processorFeatures("flags : fpu vme\n")).toEqual([]);
  expect(processorFeatures("flags :\nmodel : avx2\n")).toEqual([]);
  expect(processorFeatures("vmx flags\t: avx2\n")).toBeNull();
  expect(processorFeatures("")).toBeNull();
});

it("looks at the processor of this machine", async () => {
  expect(await inspectProcessor()).toMatchObject({ threads: availableParallelism() });
});

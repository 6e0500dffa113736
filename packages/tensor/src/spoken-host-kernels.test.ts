import { type HostKernels, hostKernels, SimdMemoryError } from "@lathe/kernels";
import { isInputError, isSpokenError } from "@lathe/files";
import { expect, it } from "vitest";
import { HostMemoryError } from "./errors.js";
import { spokenHostKernels } from "./spoken-host-kernels.js";

/** The kernels, of which one throws. */
const failing = (error: Error): HostKernels => ({
  ...hostKernels(),
  transpose() {
    throw error;
  },
});

it("says a want of memory in words that have translations, with what was needed", () => {
  const cause = new SimdMemoryError(3e9, 2e9);
  const { transpose } = spokenHostKernels(failing(cause));
  let thrown: unknown;
  try {
    transpose(new Float32Array(1), new Float32Array(1), 1, 1);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(HostMemoryError);
  expect(thrown).toMatchObject({ bytes: 3e9, limit: 2e9, cause });
  expect(isSpokenError(thrown) && thrown.phrases()[0].values).toEqual([2e9, 3e9]);
  expect(isInputError(thrown)).toBe(false);
});

it("leaves any other error as it is", () => {
  const error = new RangeError("other");
  const { transpose } = spokenHostKernels(failing(error));
  expect(() => transpose(new Float32Array(1), new Float32Array(1), 1, 1)).toThrow(error);
});

it("computes what the kernels compute, and has each of them", () => {
  const kernels = spokenHostKernels();
  expect(Object.keys(kernels).sort()).toEqual(Object.keys(hostKernels()).sort());
  const values = Float32Array.of(1, 2, 3, 4, 5, 6);
  const out = new Float32Array(6);
  kernels.transpose(values, out, 2, 3);
  expect([...out]).toEqual([1, 4, 2, 5, 3, 6]);
});

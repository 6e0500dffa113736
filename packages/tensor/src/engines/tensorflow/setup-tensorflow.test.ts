import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tensorFlowEnvironment } from "./check-binding.js";
import { findCompiler } from "./compile-binding.js";
import { findTensorFlow } from "./find-library.js";
import { installedBinding, installedPath } from "./installed-binding.js";
import { setupTensorFlow, type SetupStep } from "./setup-tensorflow.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-setup-"));
});
afterAll(() => rm(folder, { recursive: true }));

const library = await findTensorFlow().then(
  ({ folder: found }) => ({ folder: found, reason: null }),
  (error: unknown) => ({ folder: null, reason: (error as Error).message }),
);

describe("setupTensorFlow", () => {
  it("says that a compiler is missing, and which one CXX names", async () => {
    const environment = { PATH: join(folder, "empty") };
    await expect(findCompiler(environment)).rejects.toMatchObject({ missing: "compiler" });
    await expect(findCompiler({ ...environment, CXX: "no-such-compiler -m64" })).rejects.toThrow(
      /CXX names \(no-such-compiler -m64\) does not answer; install one/,
    );
  });

  it("says what is wrong with a library that is none", async () => {
    const place = join(folder, "fake");
    await mkdir(join(place, "include/tensorflow/c/eager"), { recursive: true });
    await mkdir(join(place, "lib"), { recursive: true });
    for (const file of [
      "lib/libtensorflow.so.2",
      "lib/libtensorflow_framework.so.2",
      "include/tensorflow/c/c_api.h",
    ]) {
      await writeFile(join(place, file), "");
    }
    const environment = { ...process.env, XDG_CACHE_HOME: join(folder, "cache") };
    await expect(setupTensorFlow({ tensorflow: place, environment })).rejects.toThrow(
      /the header tensorflow\/\S+ is missing; use a complete TensorFlow 2\.9 or newer/,
    );
    // Nothing half made is left, and no binding is in use.
    expect(await readdir(join(folder, "cache/lathe/tensorflow"))).toEqual([]);
    expect(installedBinding(environment)).toMatchObject({
      reason: { template: expect.stringMatching(/run setupTensorFlow\(\)/) as string },
    });
  });

  it.skipIf(library.folder === null)(
    `compiles, checks and keeps a binding${library.reason === null ? "" : ` (skipped: ${library.reason})`}`,
    async () => {
      const environment = { ...process.env, XDG_CACHE_HOME: join(folder, "real") };
      const steps: SetupStep[] = [];
      const onStep = (step: SetupStep) => steps.push(step);
      const first = await setupTensorFlow({ environment, onStep });
      expect(first.wasCompiled).toBe(false);
      expect(first.installed.tensorFlowVersion).toMatch(/^\d+\.\d+\.\d+/);
      expect(Object.values(first.installed.cpu.operations).filter((fault) => fault !== null)).toEqual([]);
      expect(first.installed.cpu.types["float"]).toBeNull();
      expect(installedBinding(environment)).toEqual(first.installed);
      expect(dirname(first.installed.binding)).toContain(`-node-${process.versions.modules}-`);

      expect((await setupTensorFlow({ environment, onStep })).wasCompiled).toBe(true);
      expect(steps.filter((step) => step === "compile")).toHaveLength(1);

      // A library that was replaced, and a binding that was removed, are noticed before anything is loaded.
      const path = installedPath(environment);
      const text = await readFile(path, "utf8");
      await writeFile(path, text.replace(/("libraryStamp": "[^:]+:)\d+/, "$112"));
      expect(installedBinding(environment)).toMatchObject({ reason: expect.stringMatching(/has changed/) });
      await writeFile(path, text);
      await rm(first.installed.binding);
      expect(installedBinding(environment)).toMatchObject({ reason: expect.stringMatching(/is gone/) });
      await writeFile(path, "{");
      await utimes(path, 1, 1);
      expect(installedBinding(environment)).toMatchObject({
        reason: expect.stringMatching(/cannot be read/),
      });
    },
    180_000,
  );
});

it("hides cards from the engine on the CPU, and lets the one on a card share it", () => {
  expect(tensorFlowEnvironment("cpu", { CUDA_VISIBLE_DEVICES: "1" })).toMatchObject({
    CUDA_VISIBLE_DEVICES: "-1",
  });
  expect(tensorFlowEnvironment("cuda", {})).toEqual({
    TF_CPP_MIN_LOG_LEVEL: "2",
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
  });
  expect(tensorFlowEnvironment("cuda", { TF_FORCE_GPU_ALLOW_GROWTH: "false" })).toEqual({
    TF_CPP_MIN_LOG_LEVEL: "2",
  });
});

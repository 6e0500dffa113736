import { type Phrase, sayPhrase } from "@lathe/files";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { loadNativeKernels } from "./load-native.js";
import { nativeMissing } from "./testing.js";
import { zh } from "./zh.js";

/** Why there are no kernels under such settings. */
function reasonFor(environment: Readonly<Record<string, string>>): string {
  const { reason } = loadNativeKernels({ environment }) as { readonly reason: Phrase };
  return sayPhrase(reason);
}

describe("loadNativeKernels", () => {
  it("is turned off by LATHE_NATIVE=off", () => {
    expect(reasonFor({ LATHE_NATIVE: "off" })).toBe("The native kernels are turned off by LATHE_NATIVE=off.");
  });

  it("says which paths were tried, with their errors, and what helps", () => {
    const folder = mkdtempSync(join(tmpdir(), "lathe-load-"));
    try {
      const broken = join(folder, "broken.node");
      writeFileSync(broken, "not a library");
      for (const [path, error] of [
        [join(folder, "absent.node"), "not there"],
        [broken, "file too short|invalid ELF|slice is not valid|not a valid|no such file"],
      ]) {
        const reason = reasonFor({ LATHE_NATIVE: path });
        expect(reason).toMatch(
          /^The native kernels could not be loaded\.\nThis is \w+-\w+.*, Node \d+\.\d+\.\d+\.\n/,
        );
        expect(reason).toMatch(new RegExp(`- ${path}: .*(${error})`));
        expect(reason).toMatch(/What helps:\n.*npm run build\n.*npm install @lathe\/kernels-/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses an addon that was made for another version", () => {
    const folder = mkdtempSync(join(tmpdir(), "lathe-load-"));
    try {
      const path = join(folder, "old.cjs");
      writeFileSync(path, "module.exports = { levels: ['portable'], kernels: { portable: {} } };");
      expect(reasonFor({ LATHE_NATIVE: path })).toContain(
        `${path}: made for another version of this package`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says every line of a reason in Chinese", () => {
    const { reason } = loadNativeKernels({ environment: { LATHE_NATIVE: "absent.node" } }) as {
      readonly reason: Phrase;
    };
    const lines = sayPhrase(reason, zh).split("\n");
    expect(lines).toHaveLength(sayPhrase(reason).split("\n").length);
    for (const line of lines) expect(line).toMatch(/[\u4e00-\u9fff]/);
  });

  it.each(["0", "two", "-1", "1.5"])("refuses LATHE_THREADS=%s", (value) => {
    expect(() => loadNativeKernels({ environment: { LATHE_THREADS: value } })).toThrow(
      `LATHE_THREADS: expected a count of threads from 1 on, got "${value}"`,
    );
  });
});

/** A script that has `kernels`, and three matrices big enough to keep two threads busy for some milliseconds. */
const preamble = `
  const addon = require(process.env.TEST_ADDON);
  const kernels = addon.kernels[addon.levels[0]];
  const matrix = () => new Float32Array(256 * 256).fill(0.5);
  const multiply = (c = matrix()) => { kernels.gemm(matrix(), matrix(), c, { m: 256, n: 256, k: 256 }); return c; };
`;

describe.skipIf(nativeMissing() !== null)("the addon", () => {
  const loaded = loadNativeKernels() as { path: string };
  const environment = { ...process.env, TEST_ADDON: loaded.path };

  it("takes a level by name and refuses one that is not there", () => {
    const at = (level: string): ReturnType<typeof loadNativeKernels> =>
      loadNativeKernels({ environment: { ...process.env, LATHE_CPU_LEVEL: level } });
    expect(at("portable")).toMatchObject({ kernels: { level: "portable" } });
    expect(() => at("sse9")).toThrow(
      /^level of processor features: expected one of .*portable.*, got "sse9"$/,
    );
    const { kernels } = at("portable") as Extract<ReturnType<typeof at>, { kernels: unknown }>;
    const others = ["avx512", "avx512bf16"].filter((level) => !kernels.levels.includes(level as "avx512"));
    for (const level of process.arch === "x64" ? others : []) {
      expect(() => at(level)).toThrow(/does not have it; it has .*portable|expected one of .*portable, got/);
    }
  });

  it("reads LATHE_THREADS", () => {
    const output = execFileSync(process.execPath, ["-e", `${preamble} console.log(addon.threads())`], {
      env: { ...environment, LATHE_THREADS: "3" },
      encoding: "utf8",
    });
    expect(output.trim()).toBe("3");
  });

  it("serves several worker threads at a time", async () => {
    const source = `${preamble}
      for (let i = 0; i < 30; i++) if (!multiply().every((x) => x === 64)) throw new Error("wrong product");
      require("node:worker_threads").parentPort.postMessage(addon.memory().allocatedBytes);
    `;
    const results = await Promise.all(
      Array.from(
        { length: 4 },
        () =>
          new Promise((resolve, reject) => {
            const worker = new Worker(source, { eval: true, env: environment });
            worker.once("message", resolve);
            worker.once("error", reject);
          }),
      ),
    );
    expect(results).toHaveLength(4);
  });

  it("lets the process exit while a worker thread is busy, and workers be terminated", () => {
    const busy = `${preamble} require("node:worker_threads").parentPort.postMessage(0); for (;;) multiply();`;
    const source = `
      const { Worker } = require("node:worker_threads");
      const start = () => new Promise((resolve) => {
        const worker = new Worker(${JSON.stringify(busy)}, { eval: true });
        worker.once("message", () => resolve(worker));
      });
      (async () => {
        const [first] = [await start(), await start()];
        await first.terminate();
        setTimeout(() => process.exit(7), 50);
      })();
    `;
    const { status, signal } = spawnSync(process.execPath, ["-e", source], {
      env: environment,
      timeout: 30_000,
    });
    expect({ status, signal }).toEqual({ status: 7, signal: null });
  });

  it("frees the memory of an environment with it", async () => {
    const source = `${preamble}
      globalThis.kept = [addon.allocate(1234567), addon.mapFile(${JSON.stringify(fileURLToPath(import.meta.url))})];
      require("node:worker_threads").parentPort.postMessage(0);
    `;
    const { kernels } = loadNativeKernels() as Extract<
      ReturnType<typeof loadNativeKernels>,
      { kernels: unknown }
    >;
    const before = kernels.memory();
    const worker = new Worker(source, { eval: true, env: environment });
    await new Promise((resolve) => worker.once("exit", resolve));
    const { allocatedBytes, mappings } = kernels.memory();
    expect({ allocatedBytes, mappings }).toEqual({
      allocatedBytes: before.allocatedBytes,
      mappings: before.mappings,
    });
  });
});

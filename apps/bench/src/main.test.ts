import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** The command as it is built: its contestants are processes of their own. */
const entry = fileURLToPath(new URL("../dist/main.js", import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bench(...words: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [entry, ...words], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

const lastLine = (text: string): Record<string, any> => JSON.parse(text.trimEnd().split("\n").at(-1)!);

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "lathe-bench-test-"))));
afterAll(() => rm(folder, { recursive: true }));

describe("bench train", () => {
  it("takes steps on a small model, prints one object and keeps it", async () => {
    const words = ["--size", "mini", "--batch", "2", "--sequence", "32", "--repeats", "1", "--attempts", "1"];
    words.push("--profile", "--no-peer");
    const { code, stdout, stderr } = await bench("train", ...words, "--save", folder);
    expect(stderr).toContain("tokens/s");
    expect(stderr).not.toContain("Lathe's speed");
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    const result = lastLine(stdout);
    expect(result).toMatchObject({
      case: "train",
      command: `pnpm bench train ${words.join(" ")}`,
      options: { size: "mini", base: "int8", warmUp: 1 },
      peers: [],
      ratios: [],
      fastestPeer: null,
      lathe: { step: { repeats: 1 } },
    });
    expect(result["lathe"].tokensPerSecond).toBeGreaterThan(0);
    expect(result["limit"]).toEqual({
      operations: expect.any(Number),
      seconds: expect.any(Number),
      rate: expect.any(Number),
      share: expect.any(Number),
    });
    expect(result["limit"].share).toBeGreaterThan(0);
    expect(result["quietness"]).toMatchObject({ isQuiet: result["isQuiet"], kept: 1, taken: 1 });
    if (result["engine"] === "native") expect(result["profile"].samples.threads).toBeGreaterThan(0);
    expect(stderr.includes("\nNot quiet: LoRA steps")).toBe(!result["isQuiet"]);
    expect(result["lathe"].peakResidentBytes).toBeGreaterThan(2 ** 24);
    // The first loss of random weights is about the logarithm of the vocabulary.
    expect(Math.abs(result["lathe"].firstLoss - Math.log(4096))).toBeLessThan(0.5);

    const stem = join(folder, "train-mini-int8-2x32");
    const json = await readFile(`${stem}.json`, "utf8");
    expect(JSON.parse(json)).toEqual(result);
    const page = await readFile(`${stem}.md`, "utf8");
    expect(page).toContain(result["command"]);
    expect(page).not.toContain(folder);
    for (const [text, parser] of [
      [json, "json"],
      [page, "markdown"],
    ] as const) {
      expect(await format(text, { parser, printWidth: 110 })).toBe(text);
    }
  });

  it("says in one line that there is no Python to compare with", async () => {
    const words = ["--size", "mini", "--batch", "1", "--sequence", "8", "--warm-up", "0", "--repeats", "1"];
    words.push("--attempts", "1");
    const { code, stdout, stderr } = await bench("train", ...words, "--python", "lathe-no-such-python");
    expect(code).toBe(0);
    expect(stderr.split("\n").filter((line) => line.startsWith("No peer is measured"))).toHaveLength(1);
    expect(lastLine(stdout)).toMatchObject({ peers: [], peerVersions: null });
  });
});

describe("every case", () => {
  it.each(["train", "gemm", "generate", "load"])(
    "%s: an unknown engine is one sentence and code 2",
    async (name) => {
      const cache = name === "load" ? ["--cache", folder, "--size", "mini"] : [];
      const { code, stdout, stderr } = await bench(name, "--engine", "abacus", "--no-peer", ...cache);
      expect(code).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toContain("engine abacus is unknown");
      expect(stderr).not.toContain("    at ");
    },
  );

  it.each([
    [["train", "--size", "9t"], "9t"],
    [["train", "--repeats", "0"], "--repeats"],
    [["train", "--peers", "jax"], "--peers"],
    [["train", "--rows", "no-such-file.jsonl", "--no-peer"], "no-such-file.jsonl"],
    [["gemm", "--weights", "896"], "896"],
    [["gemm", "--kinds", "int8:int4"], "int8:int4"],
    [["abacus"], "abacus"],
  ])("refuses %j with code 2", async (words, named) => {
    const { code, stderr } = await bench(...words);
    expect(stderr).toContain(named);
    expect(stderr).not.toContain("    at ");
    expect(code).toBe(2);
  });

  it("shows help with code 0", async () => {
    const { code, stdout } = await bench("train", "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("--checkpointing");
  });
});

describe("bench gemm, generate and load", () => {
  it("measures products and checks them", async () => {
    const { code, stdout } = await bench(
      ...["gemm", "--rows", "5", "--weights", "24x64", "--repeats", "1", "--rounds", "1", "--no-peer"],
    );
    expect(code).toBe(0);
    const { engine, products, ratios } = lastLine(stdout);
    expect(ratios).toEqual([]);
    expect(products.length).toBeGreaterThan(0);
    if (engine !== "native") return;
    for (const { kind, error } of products) {
      // 8-bit activations have 2⁻⁸ of a row's largest, bfloat16 has 2⁻⁹ of each; float32 sums of 64 terms have less.
      expect(error, kind).toBeLessThan(kind.endsWith("fp32") ? 1e-5 : 2e-2);
    }
  });

  it("generates tokens", async () => {
    const { code, stdout } = await bench(
      ...["generate", "--size", "mini", "--prompt", "4", "--tokens", "3", "--warm-up", "1", "--no-peer"],
    );
    expect(code).toBe(0);
    const { lathe, bandwidth } = lastLine(stdout);
    expect(lathe.token.repeats).toBe(3);
    // Layers and head in int8 with a scale a row.
    expect(lathe.weightBytes).toBeGreaterThan(4.4e6 + 256 * 4096);
    expect(bandwidth.bytesPerSecond).toBeGreaterThan(0);
    expect(lathe.bandwidthShare).toBeCloseTo(lathe.weightBytesPerSecond / bandwidth.bytesPerSecond, 9);
  });

  it("opens a folder", async () => {
    const { code, stdout } = await bench(
      ...["load", "--size", "mini", "--repeats", "1", "--cache", folder, "--no-peer"],
    );
    expect(code).toBe(0);
    const { lathe } = lastLine(stdout);
    expect(lathe.importedSeconds).toBeLessThan(lathe.loadedSeconds);
    expect(lathe.loadedSeconds).toBeLessThan(lathe.firstToken.median);
  });
});

describe("bench micro-batches and soak", () => {
  it("takes the same steps in micro-batches of several sizes", async () => {
    const words = ["--size", "tiny", "--rows", "4", "--micro-batches", "1,4", "--sequence", "8"];
    // In other precisions eight tokens are multiplied in float32 and more of them are not.
    words.push("--precision", "fp32", "--repeats", "2", "--rounds", "1");
    const { stdout, stderr } = await bench("micro-batches", ...words);
    expect(stderr).toContain("of the fastest");
    const { measured, slowdown, passed } = lastLine(stdout);
    expect(measured.map(({ microBatch }: { microBatch: number }) => microBatch)).toEqual([1, 4]);
    // The same rows and weights: only the order of sums differs.
    expect(measured[0].firstLoss).toBeCloseTo(measured[1].firstLoss, 4);
    expect(passed).toBe(slowdown <= 0.05);
    const { code, stderr: refusal } = await bench("micro-batches", "--rows", "4", "--micro-batches", "3");
    expect(code).toBe(2);
    expect(refusal).toContain("expected sizes that divide 4 rows, got 3");
  });

  it("compares what the process holds after step 100 with that at the end", async () => {
    const { stdout, stderr } = await bench("soak", "--size", "tiny", "--steps", "300", "--tokens", "4");
    expect(stderr).toMatch(/The process held -?\d+\.\d\d % more at the end than after step 100/);
    const { outcome } = lastLine(stdout);
    expect(Math.abs(outcome.heldGrowth)).toBeLessThan(1);
  });
});

describe("bench answer", () => {
  it("trains in a thread and watches the timers of the main one", async () => {
    const words = ["--size", "mini", "--steps", "2", "--batch", "2", "--sequence", "16"];
    const { stdout, stderr } = await bench("answer", ...words, "--cache", folder);
    expect(stderr).toContain("beside a run");
    const { outcome, options } = lastLine(stdout);
    expect(options).toMatchObject({ size: "mini", steps: 2, quantize: "int8" });
    expect(outcome.idle.count).toBeGreaterThan(0);
    expect(outcome.training.count).toBeGreaterThan(0);
    expect(outcome.training.most).toBeGreaterThanOrEqual(outcome.training.p99);
    expect(outcome.secondsPerStep).toBeGreaterThan(0);
  });
});

describe("bench serve", () => {
  it("asks a real server alone and together, and leaves no process", async () => {
    const words = ["--size", "tiny", "--clients", "2", "--tokens", "4", "--prompt", "3"];
    const { stdout, stderr } = await bench(
      ...["serve", ...words, "--short-prompts", "2", "--rounds", "1", "--cache", folder],
    );
    expect(stderr).toContain("times the tokens of one client");
    const { alone, together, gain, firstToken } = lastLine(stdout);
    expect(alone.tokensPerProcessorSecond).toBeGreaterThan(0);
    expect(gain).toBeCloseTo(together.tokensPerSecond / alone.tokensPerSecond, 9);
    expect(firstToken.delay).toBeCloseTo(firstToken.busy.median / firstToken.idle.median, 9);
  });
});

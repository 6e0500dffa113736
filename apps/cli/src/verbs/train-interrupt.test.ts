/** Interrupts the built command as a terminal does. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";

const lathe = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

let folder: string;
let data: string;
beforeAll(async () => {
  if (!existsSync(lathe)) throw new Error("build the command first: npm run build");
  folder = await temporaryFolder();
  const ids = Array.from({ length: 16 }, (_, i) => (i * 13) % 320);
  data = await writeJsonl(join(folder, "rows.jsonl"), [
    { input_ids: ids, labels: ids },
    { input_ids: ids.toReversed() },
  ]);
});

/** Runs the command; `watch` is called with the child every few milliseconds. */
async function runChild(
  words: readonly string[],
  watch: (kill: (signal: NodeJS.Signals) => void) => Promise<void>,
) {
  const child = spawn(process.execPath, [lathe, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const timer = setInterval(() => void watch((signal) => child.kill(signal)), 10);
  try {
    const code = await new Promise((resolve) => child.on("close", resolve));
    return { code, stdout, stderr };
  } finally {
    clearInterval(timer);
  }
}

const linesOf = async (path: string): Promise<string[]> =>
  (await readFile(path, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");

describe.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("lathe train, by %s", (signal) => {
  it("writes a checkpoint, ends with 130, and goes on to the same bits", async () => {
    const [whole, parts] = [join(folder, `whole-${signal}`), join(folder, `parts-${signal}`)];
    const words = [
      "train",
      "--model",
      tinyModel("qwen2"),
      "--data",
      data,
      "--max-steps",
      "60",
      "--batch-size",
      "1",
    ];
    const never = (): Promise<void> => Promise.resolve();
    let isSent = false;
    const cut = await runChild([...words, "--output", parts, "--json"], async (kill) => {
      const { length } = await linesOf(join(parts, "metrics.jsonl"));
      // Looked at after the reading: looks overlap, and a second signal would end the command at once.
      if (isSent || length < 3) return;
      isSent = true;
      kill(signal);
      // A terminal that closes may say so twice.
      if (signal === "SIGHUP") kill(signal);
    });
    expect(cut.code, cut.stderr).toBe(130);
    const { steps, interrupted } = JSON.parse(cut.stdout) as { steps: number; interrupted: boolean };
    expect(interrupted).toBe(true);
    expect(steps).toBeLessThan(60);
    expect(await readdir(join(parts, "checkpoints"))).toEqual([`step-${steps}`]);
    expect((await linesOf(join(parts, "metrics.jsonl"))).length).toBe(steps);
    expect(cut.stderr).toContain(`continue with --resume --output ${parts}`);

    const resumed = await runChild(["train", "--resume", "--output", parts, "--json"], never);
    expect(resumed.code, resumed.stderr).toBe(0);
    const uncut = await runChild([...words, "--output", whole, "--json"], never);
    expect(uncut.code, uncut.stderr).toBe(0);
    const adapter = "adapter/adapter_model.safetensors";
    expect(await readFile(join(parts, adapter))).toEqual(await readFile(join(whole, adapter)));
  });
});

it("ends at once when it is interrupted twice", async () => {
  const output = join(folder, "twice");
  const words = [
    "train",
    "--model",
    tinyModel("qwen2"),
    "--data",
    data,
    "--max-steps",
    "100000",
    "--output",
    output,
  ];
  let sent = 0;
  const { code } = await runChild(words, async (kill) => {
    const { length } = await linesOf(join(output, "metrics.jsonl"));
    if (length < 2 || sent > 1) return;
    sent += 1;
    kill("SIGINT");
    if (sent === 1) kill("SIGINT");
  });
  expect(code).toBe(130);
});

/** Ranks that the command launches: what it refuses before it does, and how they end when it is interrupted. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const isLauncherThere = spawnSync("mpirun.openmpi", ["--version"]).status === 0;
const skipped = isLauncherThere ? "" : " (skipped: Open MPI is not installed)";

let folder: string;
let words: string[];
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 8 }, (_, row) => ({
    input_ids: Array.from({ length: 6 }, (_unused, i) => (row * 37 + i * 11) % 320),
  }));
  const data = await writeJsonl(join(folder, "rows.jsonl"), rows);
  words = ["train", "--model", tinyModel("qwen2"), "--data", data, "--samples", "0"];
  words.push("--batch-size", "1", "--gradient-accumulation", "2");
});

describe("lathe dist run refuses", () => {
  it.each<[string, readonly string[], RegExp]>([
    ["to start nothing", ["--ranks", "2"], /expected the name of a verb, got nothing/],
    [
      "other verbs than train",
      ["--ranks", "2", "--", "doctor"],
      /expected the verb train after --, got doctor/,
    ],
    [
      "words of train that it would refuse",
      ["--ranks", "2", "--", "train", "--rank", "x"],
      /--rank: expected/,
    ],
    ["flags of train before the line", ["--output", "x", "--", "train"], /unknown flag --output/],
    ["words without --", ["train"], /unexpected argument train/],
    [
      "in its own language, whichever those words name",
      ["--language", "en", "--", "doctor", "--language", "zh"],
      /expected the verb train/,
    ],
    [
      "a machine in both lists",
      ["--hosts", "anna,berta", "--hostfile", "HOSTFILE", "--", "TRAIN", "--output", "none"],
      /--hosts and --hostfile: expected each host once, got berta twice/,
    ],
    [
      "a run that is there, and is neither to be replaced nor gone on with",
      ["--ranks", "2", "--", "TRAIN", "--output", "EARLIER"],
      /earlier: exists already/,
    ],
  ])("%s", async (_what, given, sentence) => {
    const places: Record<string, string> = {
      HOSTFILE: join(folder, "hosts"),
      EARLIER: join(folder, "earlier"),
    };
    await writeFile(places["HOSTFILE"], "berta slots=2\n");
    await mkdir(join(places["EARLIER"], "checkpoints/step-3"), { recursive: true });
    const all = given.flatMap((word) => (word === "TRAIN" ? words : [places[word] ?? word]));
    const { code, stderr } = await runLathe(["dist", "run", ...all]);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(sentence);
  });

  it.skipIf(!isLauncherThere)(`hosts that are none${skipped}`, async () => {
    const given = [
      "dist",
      "run",
      "--hosts",
      "a,-o",
      "--json",
      "--",
      ...words,
      "--output",
      join(folder, "no"),
    ];
    const { code, json } = await runLathe(given);
    expect(code).toBe(2);
    expect(json).toMatchObject({ error: { name: "LaunchError", fault: "hosts" } });
  });
});

describe.skipIf(!isLauncherThere)(`lathe dist run${skipped}`, () => {
  it("lets all ranks write a checkpoint when it is interrupted", { timeout: 400_000 }, async () => {
    const run = join(folder, "run");
    const start = (...more: string[]): ReturnType<typeof spawn> =>
      spawn(process.execPath, [main, "dist", "run", "--ranks", "2", "--json", "--", ...words, ...more], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, LC_ALL: "C" },
      });
    const ended = async (
      child: ReturnType<typeof spawn>,
      onText: (text: string) => void,
    ): Promise<{ code: number | null; json: Record<string, unknown>; stderr: string }> => {
      let [stdout, stderr] = ["", ""];
      child.stdout!.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr!.on("data", (chunk: Buffer) => {
        stderr += chunk.toString();
        onText(stderr);
      });
      const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
      return { code, json: JSON.parse(stdout) as Record<string, unknown>, stderr };
    };
    const first = start("--max-steps", "100000", "--output", run);
    let isAsked = false;
    const interrupted = await ended(first, (text) => {
      if (isAsked || !/training 1\//.test(text)) return;
      isAsked = true;
      first.kill("SIGINT");
    });
    expect(interrupted.code, interrupted.stderr).toBe(130);
    expect(interrupted.json).toMatchObject({ outcome: "interrupted", launches: 1, ranks: 2 });
    expect(interrupted.stderr).toContain("continue with --resume");
  });
});

const isMpichThere = spawnSync("mpirun.mpich", ["--version"]).status === 0;
describe.skipIf(!isMpichThere)(
  `lathe dist run by MPICH${isMpichThere ? "" : " (skipped: MPICH is not installed)"}`,
  () => {
    it("comes to the bits of one rank", { timeout: 240_000 }, () => {
      const lathe = (output: string, ...before: string[]): Buffer => {
        const steps = ["--deterministic", "--max-steps", "3", "--output", output];
        const ended = spawnSync(process.execPath, [main, ...before, ...words, ...steps], {
          env: { ...process.env, LC_ALL: "C", LATHE_THREADS: "1" },
        });
        expect(ended.status, ended.stderr.toString()).toBe(0);
        return readFileSync(join(output, "adapter/adapter_model.safetensors"));
      };
      const alone = lathe(join(folder, "alone"));
      const launch = ["dist", "run", "--launcher", "mpich", "--ranks", "2", "--restarts", "0", "--"];
      expect(lathe(join(folder, "mpich"), ...launch)).toEqual(alone);
    });
  },
);

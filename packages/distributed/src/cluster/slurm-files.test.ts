/** The script is run by a real bash with commands of Slurm that stand in, and looked at by Slurm's own where it is installed. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { LOCK_NAME } from "@lathe/files";
import { describe, expect, it } from "vitest";
import type { ClusterPlan } from "./cluster-plan.js";
import { slurmFiles } from "./slurm-files.js";

const plan = (more: Partial<ClusterPlan> = {}): ClusterPlan => ({
  name: "lathe",
  ranks: 2,
  cores: 8,
  memoryGb: 16,
  hours: 24,
  restarts: 3,
  interface: null,
  words: ["train", "--output", 'a run\'s $(id) "x"', "--data", "rows.jsonl"],
  output: 'a run\'s $(id) "x"',
  ...more,
});

interface Ran {
  readonly code: number | null;
  /** Words that srun was called with, and whether the job was put into the queue again. */
  readonly words: string[];
  readonly isRequeued: boolean;
  /** Whether what a rank of an earlier start held is held still. */
  readonly isLocked: boolean;
}

/** Runs the script. @param srun what srun does, in the folder of the run's parent */
async function run(srun: string, { restarts = 0, isBegun = false } = {}): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-slurm-"));
  const { output } = plan();
  await mkdir(join(folder, output));
  await writeFile(join(folder, output, "DONE"), "of an earlier start");
  await mkdir(join(folder, output, LOCK_NAME));
  await writeFile(join(folder, output, LOCK_NAME, "claim"), "");
  if (isBegun) await writeFile(join(folder, output, "config.json"), "{}");
  const command = async (name: string, text: string): Promise<void> => {
    await writeFile(join(folder, name), `#!/bin/bash\n${text}\n`);
    await chmod(join(folder, name), 0o755);
  };
  await command("srun", `printf '%s\\n' "$@" > words\n${srun}`);
  await command("scontrol", 'echo "$*" > requeued');
  await writeFile(join(folder, "train.sbatch"), slurmFiles(plan())["train.sbatch"]);
  const { status } = spawnSync("bash", ["train.sbatch"], {
    cwd: folder,
    env: {
      PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}`,
      SLURM_JOB_ID: "7",
      SLURM_RESTART_COUNT: String(restarts),
    },
  });
  const requeued = await readFile(join(folder, "requeued"), "utf8").catch(() => null);
  if (requeued !== null) expect(requeued).toBe("requeue 7\n");
  const words = (await readFile(join(folder, "words"), "utf8")).trimEnd().split("\n");
  const isLocked = existsSync(join(folder, output, LOCK_NAME));
  return { code: status, words, isRequeued: requeued !== null, isLocked };
}

/** What ranks do that come to the end. */
const DONE = 'touch "$7/DONE"';

describe("a batch script", () => {
  it("hands every word on as it was given, and is done by the mark of its own start", async () => {
    const { code, words, isRequeued } = await run(`${DONE}\nexit 3`);
    expect([code, isRequeued]).toEqual([0, false]);
    expect(words).toEqual([
      ...["--mpi=pmix", "--kill-on-bad-exit=1", "--cpu-bind=none", "lathe"],
      ...plan().words,
    ]);
  });

  it("goes on with what an earlier start has begun", async () => {
    expect((await run(DONE, { isBegun: true })).words.at(-1)).toBe("--resume");
  });

  it.each([
    ["ranks that were killed", "exit 137", 0, [137, true]],
    ["ranks that wrote a checkpoint before the time ran out", "exit 130", 2, [130, true]],
    ["exit code 0 without the mark", "exit 0", 0, [0, true]],
    ["input at fault", "exit 2", 0, [2, false]],
    ["too many starts", "exit 137", 3, [137, false]],
  ] as const)("after %s", async (_what, srun, restarts, expected) => {
    const { code, isRequeued } = await run(srun, { restarts });
    expect([code, isRequeued]).toEqual(expected);
  });

  it("takes back what a lost rank of an earlier start held, and nothing of others", async () => {
    expect((await run(DONE)).isLocked).toBe(true);
    expect((await run(DONE, { restarts: 1 })).isLocked).toBe(false);
  });

  it("asks for what the plan says", () => {
    const text = slurmFiles(plan({ interface: "eth0" }))["train.sbatch"];
    expect(text).toContain("#SBATCH --ntasks=2 --ntasks-per-node=1 --cpus-per-task=8\n");
    expect(text).toContain("#SBATCH --mem=16G --time=24:00:00\n");
    expect(text).toContain("--signal=TERM@600\n");
    expect(text).toContain("export OMPI_MCA_btl_tcp_if_include=eth0\n");
  });

  it.each<[Partial<ClusterPlan>, RegExp]>([
    [{ name: "a\n#SBATCH --uid=0" }, /expected a name of at most 40/],
    [{ name: "Lathe" }, /expected a name/],
    [{ ranks: 0 }, /ranks: expected a whole number from 1, got 0/],
    [{ hours: 1.5 }, /hours: expected a whole number from 1, got 1.5/],
    [{ restarts: -1 }, /restarts: expected a whole number from 0/],
    [{ interface: "eth0;id" }, /expected an interface/],
  ])("of a plan with %j is refused", (more, sentence) => {
    expect(() => slurmFiles(plan(more))).toThrow(sentence);
  });

  const canTest = spawnSync("sinfo", ["--noheader"]).status === 0;
  it.skipIf(!canTest)(
    `is taken by Slurm itself${canTest ? "" : " (skipped: no Slurm answers here)"}`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "lathe-slurm-"));
      const small = plan({ ranks: 1, cores: 1, memoryGb: 1 });
      await writeFile(join(folder, "train.sbatch"), slurmFiles(small)["train.sbatch"]);
      const { status, stderr } = spawnSync("sbatch", ["--test-only", "train.sbatch"], { cwd: folder });
      expect(status, stderr.toString()).toBe(0);
    },
  );
});

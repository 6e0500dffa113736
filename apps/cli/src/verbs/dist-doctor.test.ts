/** The built command launches itself. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const isLauncherThere = spawnSync("mpirun.openmpi", ["--version"]).status === 0;
const skipped = isLauncherThere ? "" : " (skipped: Open MPI is not installed)";

interface Found {
  readonly findings: { check: string; holds: boolean | null; text: string }[];
  readonly ranks?: { host: string; alike: Record<string, string> }[];
}

async function doctor(...words: string[]): Promise<{ code: number | null; found: Found; stderr: string }> {
  const child = spawn("timeout", ["300", process.execPath, main, "dist", "doctor", "--json", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, found: JSON.parse(stdout) as Found, stderr };
}

it("is interrupted while machines are asked", async () => {
  const folder = await temporaryFolder();
  const [shell, asked] = [join(folder, "shell"), join(folder, "asked")];
  await writeFile(shell, `#!/bin/sh\ntouch '${asked}'\nexec sleep 60\n`, { mode: 0o755 });
  const words = ["dist", "doctor", "--hosts", "berta", "--remote-shell", shell];
  const child = spawn(process.execPath, [main, ...words], { stdio: "ignore" });
  const timer = setInterval(() => {
    if (!existsSync(asked)) return;
    clearInterval(timer);
    // Once: a second one would end any program.
    child.kill("SIGINT");
  }, 50);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearInterval(timer);
  expect(code).toBe(130);
}, 60_000);

describe.skipIf(!isLauncherThere)(`lathe dist doctor${skipped}`, () => {
  it("finds ranks that come together, and that are alike", { timeout: 300_000 }, async () => {
    const data = await writeJsonl(join(await temporaryFolder(), "rows.jsonl"), [{ input_ids: [1, 2] }]);
    const { code, found, stderr } = await doctor(
      "--ranks",
      "2",
      "--model",
      tinyModel("qwen2"),
      "--data",
      data,
    );
    expect(code, stderr).toBe(0);
    expect(found.findings.map(({ check }) => check)).toEqual([
      ...["launcher", "library", "ranks", "placement"],
      ...["agreement", "agreement", "agreement", "agreement", "agreement", "agreement", "network"],
    ]);
    expect(found.findings.every(({ holds }) => holds !== false)).toBe(true);
    expect(found.ranks).toHaveLength(2);
    expect(found.ranks![0]).toMatchObject({ host: hostname(), alike: { Node: process.version } });
    expect(found.ranks![0].alike["model"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it(
    "launches nothing where a machine does not answer or the interface is none",
    { timeout: 300_000 },
    async () => {
      const folder = await temporaryFolder();
      const shell = join(folder, "shell");
      await writeFile(shell, "#!/bin/sh\nexit 255\n", { mode: 0o755 });
      const away = ["--hosts", "localhost,berta", "--remote-shell", shell, "--interface", "no-such0"];
      const { code, found } = await doctor(...away);
      expect(code).toBe(1);
      expect(found.findings.filter(({ holds }) => holds === false)).toEqual([
        {
          check: "hosts",
          holds: false,
          text: `berta: expected an answer, got none; ${shell} berta true must work without a password`,
        },
        {
          check: "interface",
          holds: false,
          text: expect.stringContaining("expected an interface with an address, got no-such0") as string,
        },
      ]);
      expect(found.ranks).toBeUndefined();
    },
  );
});

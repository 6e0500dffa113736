import { spawn, spawnSync } from "node:child_process";
import type { MpiMake } from "../src/mpi/mpi-make.js";

/** How test programs are launched, by the library's make. */
const launchers: Readonly<Record<MpiMake, string>> = { "Open MPI": "mpirun.openmpi", MPICH: "mpirun.mpich" };

/** What a launcher came to. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test says that cannot run here, or nothing where it can. */
export function skippedWithout(make: MpiMake): string {
  return isLauncherThere(make) ? "" : ` (skipped: ${make} is not installed)`;
}

/** Whether the launcher of the make is installed. */
export function isLauncherThere(make: MpiMake): boolean {
  return spawnSync(launchers[make], ["--version"]).status === 0;
}

/** How {@link runRanks} launches. */
export interface RunRanksOptions {
  readonly make?: MpiMake;
  /** What the ranks of Open MPI talk over. */
  readonly over?: "memory" | "tcp";
  readonly nodeOptions?: readonly string[];
  /** Seconds after which it counts as hanging. @defaultValue 55 */
  readonly seconds?: number;
}

/**
 * Runs a program on several ranks of the built package, and ends it where it hangs.
 * @param program text of a module; `lathe` is what the package exports, `print(value)` writes a line of JSON
 */
export async function runRanks(
  size: number,
  program: string,
  { make = "Open MPI", over = "memory", nodeOptions = [], seconds = 55 }: RunRanksOptions = {},
): Promise<Ended> {
  const dist = new URL("../dist/index.js", import.meta.url).href;
  const text = `import * as lathe from ${JSON.stringify(dist)};
    const print = (value) => process.stdout.write(JSON.stringify(value) + "\\n");
    ${program}`;
  const flags =
    make === "MPICH"
      ? ["-n", String(size)]
      : [
          ...["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", String(size)],
          ...["--mca", "pml", "ob1"],
          ...(over === "tcp" ? ["--mca", "btl", "self,tcp", "--mca", "btl_tcp_if_include", "lo"] : []),
        ];
  const node = [process.execPath, ...nodeOptions, "--input-type=module", "--eval", text];
  return await ended(launchers[make], [...flags, ...node], seconds);
}

/** Runs a command for so many seconds at most. */
async function ended(command: string, values: readonly string[], seconds: number): Promise<Ended> {
  const child = spawn("timeout", ["--kill-after=5", String(seconds), command, ...values], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

/** The lines of JSON that the ranks printed, in any order. */
export function printed<Value>({ stdout }: Ended): Value[] {
  return stdout
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Value);
}

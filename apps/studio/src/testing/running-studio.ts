import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const command = fileURLToPath(new URL("../../../cli/dist/main.js", import.meta.url));

/** Starts the command; it is killed when the test ends. */
export function startCommand(words: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [command, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** The command `lathe studio` at work, which may be killed and started again. */
export class RunningStudio {
  #process: ChildProcess | null = null;
  link = "";

  private constructor(readonly runs: string) {}

  /** Serves a folder until the test ends. */
  static async open(runs: string): Promise<RunningStudio> {
    const studio = new RunningStudio(runs);
    await studio.start();
    return studio;
  }

  /** Starts the command and waits for its link. */
  async start(): Promise<void> {
    const child = startCommand(["studio", this.runs, "--json", "--language", "en"]);
    this.#process = child;
    let faults = "";
    child.stderr!.on("data", (chunk: Buffer) => (faults += chunk.toString()));
    for await (const chunk of child.stdout!) {
      this.link = (JSON.parse(String(chunk)) as { readonly url: string }).url;
      child.stdout!.resume();
      return;
    }
    throw new Error(`the command ended: ${faults}`);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#process!;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

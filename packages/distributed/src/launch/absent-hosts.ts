import { spawn } from "node:child_process";
import { phrase } from "@lathe/files";
import { type Host, isThisMachine } from "./host.js";
import { LaunchError } from "./launch-error.js";

/** Seconds that a machine has to answer. */
const ANSWER_SECONDS = 8;

/**
 * Asks each host to run `true`; this machine itself is not asked.
 * @param remoteShell what starts a program there, with its own words apart by spaces; null for `ssh` that asks for no password
 * @param signal gives up on those that have not answered
 * @returns the hosts that do not answer
 */
export async function absentHosts(
  hosts: readonly Host[],
  remoteShell: string | null,
  signal?: AbortSignal,
): Promise<readonly Host[]> {
  const answers = await Promise.all(
    hosts.map(async ({ name }) => isThisMachine(name) || (await doesAnswer(name, remoteShell, signal))),
  );
  return hosts.filter((_, index) => !answers[index]);
}

/** What is said of hosts that do not answer. @param hosts one at least */
export function absenceError(hosts: readonly Host[], remoteShell: string | null): LaunchError {
  const names = hosts.map(({ name }) => name).join(", ");
  const tried = `${remoteShell ?? "ssh"} ${hosts[0].name} true`;
  return new LaunchError(
    "unreachable",
    phrase`${names}: expected an answer, got none; ${tried} must work without a password`,
  );
}

async function doesAnswer(
  name: string,
  remoteShell: string | null,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const [file, ...words] = remoteShell?.split(" ").filter((word) => word !== "") ?? [
    ...["ssh", "-o", "BatchMode=yes", "-o", `ConnectTimeout=${ANSWER_SECONDS - 2}`],
  ];
  return await new Promise((resolve) => {
    const child = spawn(file, [...words, name, "true"], { stdio: "ignore" });
    const giveUp = (): void => void child.kill("SIGKILL");
    const timer = setTimeout(giveUp, ANSWER_SECONDS * 1000);
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted) giveUp();
    const end = (isThere: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      resolve(isThere);
    };
    child.on("error", () => {
      end(false);
    });
    child.on("close", (code) => {
      end(code === 0);
    });
  });
}

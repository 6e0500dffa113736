import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/**
 * A process as files name it. Its number alone would not do: systems give the numbers of dead processes to others, and
 * machines that share a disk have processes of the same number.
 */
export interface ProcessIdentity {
  /** Digest of the machine's name, of 8 hexadecimal digits. */
  readonly machine: string;
  readonly pid: number;
  /** When the process started, as 12 hexadecimal digits; equal only if the same; "0" where the system does not tell. */
  readonly started: string;
}

const machine = digest(hostname(), 8);
let own: ProcessIdentity | null = null;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  // Asked when it is needed: importing the package reads nothing.
  own ??= { machine, pid: process.pid, started: startOf(process.pid) ?? "0" };
  return own;
}

/** An identity as a part of a file name: letters, digits and `-`. */
export function identityText({ machine, pid, started }: ProcessIdentity): string {
  return `${machine}-${pid}-${started}`;
}

/** Source of a pattern of what {@link identityText} writes, with a group a part. */
export const IDENTITY_PATTERN = "([0-9a-f]{8})-([1-9][0-9]{0,9})-([0-9a-f]{1,12})";

/** Whether a process may still run. One of another machine cannot be asked and counts as alive. */
export function isAlive({ machine, pid, started }: ProcessIdentity): boolean {
  const self = ownIdentity();
  if (machine !== self.machine) return true;
  if (pid === self.pid) return started === self.started;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, of another user.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const found = startOf(pid);
  return found === null || started === "0" || found === started;
}

/** Whether a process is of another machine than this one. */
export function isElsewhere(identity: ProcessIdentity): boolean {
  return identity.machine !== machine;
}

/**
 * When a process started, as a digest that no two processes of one number share; null where it cannot be told, and ""
 * for one that has ended and only waits for its parent.
 */
function startOf(pid: number): string | null {
  try {
    if (process.platform === "linux") return linuxStart(pid);
    if (process.platform === "win32") return null;
    const text = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 5000,
    }).trim();
    if (text === "") return null;
    const [state, ...start] = text.split(/\s+/);
    return state.startsWith("Z") ? "" : digest(start.join(" "), 12);
  } catch {
    return null;
  }
}

/** Clock ticks since the system was booted, with the identity of that boot. */
function linuxStart(pid: number): string {
  // pid (name) state …: the name may hold anything, also brackets. `starttime` is field 22 of proc_pid_stat(5).
  const status = readFileSync(`/proc/${pid}/stat`, "latin1");
  const [state, ...fields] = status.slice(status.lastIndexOf(")") + 2).split(" ");
  if (state === "Z" || state === "X") return "";
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return digest(`${boot} ${fields[18]}`, 12);
}

function digest(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}

import { networkInterfaces } from "node:os";
import { asPhrase, isInputError, phrase, phraseOfError } from "@lathe/files";
import { loadKoffi } from "../mpi/load-koffi.js";
import { openLibrary } from "../mpi/open-library.js";
import type { Host } from "../launch/host.js";
import { findLauncher, type Launcher, type LauncherName, makeOfLauncher } from "../launch/launcher.js";
import { absenceError, absentHosts } from "../launch/absent-hosts.js";
import type { RanksFinding } from "./ranks-report.js";

/** What is to be launched. */
export interface CheckLaunchOptions {
  /** Null for the first that is there. */
  readonly launcher: LauncherName | null;
  readonly hosts: readonly Host[] | null;
  readonly interface: string | null;
  readonly remoteShell: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the looking. */
  readonly signal?: AbortSignal | undefined;
}

/** What this machine says before anything is launched. */
export interface LaunchChecked {
  readonly findings: readonly RanksFinding[];
  /** Null where none is found. */
  readonly launcher: Launcher | null;
}

/**
 * Looks at what launching needs on this machine: a launcher, the library of its make, hosts that answer, the interface.
 * @throws the signal's reason when it aborts
 */
export async function checkLaunch(options: CheckLaunchOptions): Promise<LaunchChecked> {
  const findings: RanksFinding[] = [];
  /** Does work whose fault is a finding. */
  const found = async <Found>(
    check: RanksFinding["check"],
    work: () => Promise<{ readonly value: Found; readonly sentence: RanksFinding["sentence"] }>,
  ): Promise<Found | null> => {
    try {
      const { value, sentence } = await work();
      findings.push({ check, holds: true, sentence });
      return value;
    } catch (error) {
      if (!isInputError(error)) throw error;
      findings.push({ check, holds: false, sentence: phraseOfError(error) });
      return null;
    }
  };
  const launcher = await found("launcher", async () => {
    const value = await findLauncher(options.launcher, options.environment);
    return { value, sentence: phrase`${value.file}, ${value.name} ${value.version}` };
  });
  if (launcher !== null) {
    await found("library", async () => {
      const { file, make } = openLibrary(await loadKoffi(), makeOfLauncher[launcher.name]);
      return { value: file, sentence: phrase`${file} of ${make}, the launcher's make` };
    });
  }
  const { hosts, remoteShell, signal } = options;
  if (hosts !== null && launcher?.name !== "srun") {
    await found("hosts", async () => {
      const away = await absentHosts(hosts, remoteShell, signal);
      signal?.throwIfAborted();
      if (away.length > 0) throw absenceError(away, remoteShell);
      return { value: hosts, sentence: asPhrase("all answer") };
    });
  }
  if (options.interface !== null && !options.interface.includes("/"))
    findings.push(interfaceFinding(options.interface));
  return { findings, launcher };
}

function interfaceFinding(name: string): RanksFinding {
  const all = networkInterfaces();
  const addresses = all[name]?.map(({ address }) => address) ?? [];
  return addresses.length > 0
    ? { check: "interface", holds: true, sentence: phrase`${name} has ${addresses.join(", ")}` }
    : {
        check: "interface",
        holds: false,
        sentence: phrase`expected an interface with an address, got ${name}; this machine has ${Object.keys(all).join(", ")}`,
      };
}

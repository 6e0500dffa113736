import {
  distinctHosts,
  type Environment,
  type Host,
  type LauncherName,
  launchVariables,
  parseHosts,
  readHostFile,
} from "@lathe/distributed";
import { field, phrase } from "@lathe/files";

/** Where ranks are to run and what starts them, as people say it. */
export interface LaunchAsked {
  /** Machines and the ranks that each takes, such as `a:2,b:1`. */
  readonly hosts?: string | undefined;
  /** File of machines, a line each; they are taken together with `hosts`. */
  readonly hostfile?: string | undefined;
  readonly ranks?: number | undefined;
  readonly launcher: LauncherName | "auto";
  readonly interface?: string | undefined;
  readonly remoteShell?: string | undefined;
}

/** Places and means of a launch. */
export interface LaunchPlaces {
  /** Null for the first that is there. */
  readonly launcher: LauncherName | null;
  readonly hosts: readonly Host[] | null;
  readonly ranks: number | null;
  readonly interface: string | null;
  readonly remoteShell: string | null;
  readonly variables: readonly string[];
  readonly isRoot: boolean;
}

/** Reads where ranks are to run. @throws LaunchError, FileError */
export async function readPlaces(asked: LaunchAsked, environment: Environment): Promise<LaunchPlaces> {
  const named = asked.hosts === undefined ? [] : parseHosts(asked.hosts, phrase`${field("hosts")}`);
  const listed = asked.hostfile === undefined ? [] : await readHostFile(asked.hostfile);
  const hosts = distinctHosts([...named, ...listed], phrase`${field("hosts")} and ${field("hostfile")}`);
  return {
    launcher: asked.launcher === "auto" ? null : asked.launcher,
    hosts: hosts.length === 0 ? null : hosts,
    ranks: asked.ranks ?? null,
    interface: asked.interface ?? null,
    remoteShell: asked.remoteShell ?? null,
    variables: launchVariables(environment),
    isRoot: process.getuid?.() === 0,
  };
}

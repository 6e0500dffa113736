import { hostname, networkInterfaces } from "node:os";
import { asPhrase, type Phrase, phrase, readSmallFile } from "@lathe/files";
import { LaunchError } from "./launch-error.js";

/** A machine that ranks run on. */
export interface Host {
  /** As the network knows it: a name or an IPv4 address. */
  readonly name: string;
  /** Ranks that it takes. */
  readonly slots: number;
}

/** Letters, digits, dots, hyphens: what no launcher and no shell reads as anything but a name. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/;
const MOST_SLOTS = 1024;
const MOST_FILE_BYTES = 1_000_000;

/** @throws LaunchError where it is no name of a host */
export function checkHostName(name: string, where: string | Phrase): void {
  if (NAME.test(name)) return;
  throw new LaunchError(
    "hosts",
    phrase`${where}: expected the name of a host or an IPv4 address, got ${name}`,
  );
}

/**
 * Reads `a:2,b` as hosts with slots, one slot unless given.
 * @throws LaunchError where a part is no host, or a host stands twice
 */
export function parseHosts(text: string, where: string | Phrase = asPhrase("hosts")): Host[] {
  const hosts = text.split(",").map((part) => {
    const [name, slots, ...rest] = part.trim().split(":");
    if (rest.length > 0) {
      throw new LaunchError("hosts", phrase`${where}: expected hosts such as a:2,b:1, got ${part.trim()}`);
    }
    return hostOf(name, slots, where);
  });
  return distinctHosts(hosts, where);
}

/**
 * Reads a file of hosts, a line each: `name slots=2` as Open MPI writes it, `name:2` as MPICH does, or the name alone. What follows
 * `#` is left out.
 * @throws LaunchError where a line is no host; FileError where the file cannot be read
 */
export async function readHostFile(file: string): Promise<Host[]> {
  const bytes = await readSmallFile(file, MOST_FILE_BYTES);
  if (bytes === null)
    throw new LaunchError("hosts", phrase`${file}: expected a file of hosts, got no such file`);
  const text = new TextDecoder().decode(bytes);
  const hosts = text.split(/\r?\n/).flatMap((line, index) => {
    const said = line.replace(/#.*$/, "").trim();
    if (said === "") return [];
    const where = phrase`${file}, line ${index + 1}`;
    const [, name, colon, word] =
      /^([^\s:]+)(?::(\S+))?(?:\s+slots\s*=\s*(\S+)(?:\s+max[-_]slots\s*=\s*\d+)?)?$/.exec(said) ?? [];
    if (name === undefined || (colon !== undefined && word !== undefined)) {
      throw new LaunchError("hosts", phrase`${where}: expected a host such as nodeA slots=2, got ${said}`);
    }
    return [hostOf(name, colon ?? word, where)];
  });
  if (hosts.length === 0)
    throw new LaunchError("hosts", phrase`${file}: expected a host on some line, got none`);
  return distinctHosts(hosts, file);
}

/** Ranks that the hosts take together. */
export const slotsOf = (hosts: readonly Host[]): number => hosts.reduce((sum, { slots }) => sum + slots, 0);

/** The hosts in the form of Open MPI's files of hosts. */
export const hostFileOf = (hosts: readonly Host[]): string =>
  hosts.map(({ name, slots }) => `${name} slots=${slots}\n`).join("");

/** Whether the name is one of this machine's own, so that nobody need be asked whether it is there. */
export function isThisMachine(name: string): boolean {
  const own = hostname();
  if (name === "localhost" || name === own || name === own.split(".")[0]) return true;
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === name));
}

function hostOf(name: string, slots: string | undefined, where: string | Phrase): Host {
  checkHostName(name, where);
  const count = slots === undefined ? 1 : Number(slots);
  if (slots !== undefined && !(/^\d{1,4}$/.test(slots) && count >= 1 && count <= MOST_SLOTS)) {
    throw new LaunchError(
      "hosts",
      phrase`${where}: expected a number of ranks from 1 to ${MOST_SLOTS} for ${name}, got ${slots}`,
    );
  }
  return { name, slots: count };
}

/** @returns the hosts   @throws LaunchError where one stands twice */
export function distinctHosts(hosts: Host[], where: string | Phrase): Host[] {
  const names = hosts.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return hosts;
  throw new LaunchError(
    "hosts",
    phrase`${where}: expected each host once, got ${twice} twice; give it slots for several ranks`,
  );
}

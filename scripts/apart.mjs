// Two network namespaces of this machine that stand for two machines with a link between them, which may be cut or slow. They need root.
// As a program it runs a command in the first one, with the words that name both to `lathe dist run` and `bench scaling`:
//
//   node scripts/apart.mjs [--rate 1gbit] -- node apps/bench/dist/main.js scaling

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/**
 * Two network namespaces with a link between them, and what starts a program in the other one, as ssh would.
 * @typedef {object} Apart
 * @property {string[]} within words that run a command in the first
 * @property {string[]} hosts addresses of both
 * @property {string} shell file of the remote shell
 * @property {(isUp: boolean) => void} setLink
 * @property {() => void} remove
 */

/** @param {readonly string[]} words */
const ip = (...words) => spawnSync("ip", words).status === 0;

/**
 * Lets no more than a rate out of a namespace, in bursts that a switch would take.
 * @param {string} name
 * @param {string} rate
 */
const shape = (name, rate) =>
  spawnSync("tc", [
    ...["-n", name, "qdisc", "add", "dev", "eth0", "root", "tbf"],
    ...["rate", rate, "burst", "128kb", "latency", "50ms"],
  ]).status === 0;

/**
 * Makes two namespaces; null where that is not allowed.
 * @param {string} folder for the shell
 * @param {string | null} [rate] of the link each way, as tc has them, such as 1gbit; as fast as the machine unless given
 * @returns {Apart | null}
 */
export function makeApart(folder, rate = null) {
  const mark = `${process.pid}`;
  const [first, second] = [`latheA${mark}`, `latheB${mark}`];
  const hosts = ["10.177.0.1", "10.177.0.2"];
  const remove = () => void (ip("netns", "del", first), ip("netns", "del", second));
  const isMade =
    ip("netns", "add", first) &&
    ip("netns", "add", second) &&
    ip("link", "add", "eth0", "netns", first, "type", "veth", "peer", "name", "eth0", "netns", second) &&
    [first, second].every(
      (name, index) =>
        ip("-n", name, "addr", "add", `${hosts[index]}/24`, "dev", "eth0") &&
        ip("-n", name, "link", "set", "eth0", "up") &&
        ip("-n", name, "link", "set", "lo", "up") &&
        (rate === null || shape(name, rate)),
    );
  if (!isMade) {
    remove();
    return null;
  }
  // A machine whose link is down does not answer; each has a name of its own, as machines have.
  const shell = join(folder, "shell.sh");
  const lines = [
    "#!/bin/sh",
    // MPICH gives ssh a flag.
    '[ "$1" = -x ] && shift',
    `case "$1" in ${hosts[0]}) name=${first};; *) name=${second};; esac`,
    "shift",
    'ip -n "$name" link show eth0 | grep -q "state UP" || exit 255',
    'exec ip netns exec "$name" unshare --uts sh -c "hostname $name; $*"',
  ];
  writeFileSync(shell, lines.join("\n") + "\n", { mode: 0o755 });
  return {
    within: ["ip", "netns", "exec", first],
    hosts,
    shell,
    setLink: (isUp) => void ip("-n", second, "link", "set", "eth0", isUp ? "up" : "down"),
    remove,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: { rate: { type: "string" } },
    allowPositionals: true,
  });
  const folder = mkdtempSync(join(tmpdir(), "lathe-apart-"));
  const apart = makeApart(folder, values.rate ?? null);
  try {
    if (apart === null)
      throw new Error("no network namespaces can be made: they need root, and tc for a rate");
    const [file, ...words] = [...apart.within, ...positionals];
    const both = ["--hosts", apart.hosts.join(","), "--interface", "eth0", "--remote-shell", apart.shell];
    process.exitCode = spawnSync(file, [...words, ...both], { stdio: "inherit" }).status ?? 1;
  } finally {
    apart?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

import { describe, expect, it } from "vitest";
import { launchCommand, type LaunchPlan } from "./launch-command.js";
import type { Launcher, LauncherName } from "./launcher.js";

const launcher = (name: LauncherName, version = "4.1.4"): Launcher => ({
  name,
  file: `/opt/${name}`,
  version,
});
const plan = (more: Partial<LaunchPlan> = {}): LaunchPlan => ({
  hosts: null,
  ranks: 2,
  interface: null,
  remoteShell: null,
  variables: [],
  program: ["node", "main.js", "train", "--output", "a b;$(id)"],
  isRoot: false,
  ...more,
});
const hosts = [
  { name: "anna", slots: 1 },
  { name: "berta", slots: 2 },
];
/** The words that follow a flag, by each place where it stands. */
const after = (words: readonly string[], flag: string, count = 1): string[][] =>
  words.flatMap((word, index) => (word === flag ? [words.slice(index + 1, index + 1 + count)] : []));

describe("the command of Open MPI", () => {
  it("binds no process to a core, keeps UCX away and notices a cut link", () => {
    const { words, interrupt } = launchCommand(launcher("openmpi"), plan());
    expect(after(words, "--bind-to")).toEqual([["none"]]);
    expect(after(words, "--host")).toEqual([["localhost:2"]]);
    expect(Object.fromEntries(after(words, "--mca", 2))).toEqual({
      pml: "ob1",
      btl: "self,vader,tcp",
      oob_tcp_keepalive_time: "4",
      oob_tcp_keepalive_intvl: "2",
      oob_tcp_keepalive_probes: "3",
    });
    expect(words).not.toContain("--allow-run-as-root");
    expect(interrupt).toBe("SIGUSR2");
  });

  it("has the program last, word by word as it was given", () => {
    const { program } = plan();
    for (const name of ["openmpi", "mpich", "srun"] as const) {
      expect(launchCommand(launcher(name), plan()).words.slice(-program.length)).toEqual(program);
    }
  });

  it("names hosts, the network of both kinds of traffic, the remote shell and variables", () => {
    const { words } = launchCommand(
      launcher("openmpi"),
      plan({
        hosts,
        ranks: 3,
        interface: "eth0",
        remoteShell: "ssh -p 2222",
        variables: ["A_B"],
        isRoot: true,
      }),
    );
    expect(words[0]).toBe("--allow-run-as-root");
    expect(after(words, "--host")).toEqual([["anna:1,berta:2"]]);
    expect(Object.fromEntries(after(words, "--mca", 2))).toMatchObject({
      btl_tcp_if_include: "eth0",
      oob_tcp_if_include: "eth0",
      plm_rsh_agent: "ssh -p 2222",
    });
    expect(after(words, "-x")).toEqual([["A_B"]]);
  });

  it("speaks to the daemons of version 5 by their own names", () => {
    const given = plan({ hosts, interface: "192.168.1.0/24", remoteShell: "ssh" });
    const { words } = launchCommand(launcher("openmpi", "5.0.7"), given);
    expect(Object.fromEntries(after(words, "--mca", 2))).toEqual({
      pml: "ob1",
      btl: "self,sm,tcp",
      btl_tcp_if_include: "192.168.1.0/24",
    });
    expect(Object.fromEntries(after(words, "--prtemca", 2))).toMatchObject({
      plm_ssh_agent: "ssh",
      prte_if_include: "192.168.1.0/24",
      oob_tcp_keepalive_time: "4",
    });
  });
});

describe("the commands of others", () => {
  it("MPICH: hosts, interface and the program that starts others", () => {
    const { words, interrupt } = launchCommand(
      launcher("mpich"),
      plan({ hosts, interface: "eth0", remoteShell: "/opt/shell" }),
    );
    expect(words.slice(0, -5)).toEqual([
      ...["-bind-to", "none", "-n", "2", "-hosts", "anna:1,berta:2", "-iface", "eth0"],
      ...["-launcher", "ssh", "-launcher-exec", "/opt/shell"],
    ]);
    expect(interrupt).toBe("SIGTERM");
  });

  it("srun: PMIx, and Open MPI's settings as variables", () => {
    const { words, environment } = launchCommand(launcher("srun"), plan({ hosts, interface: "eth0" }));
    expect(words).toContain("--mpi=pmix");
    expect(words).toContain("--nodelist=anna,berta");
    expect(environment).toMatchObject({ OMPI_MCA_pml: "ob1", OMPI_MCA_btl_tcp_if_include: "eth0" });
  });
});

it.each<[Partial<LaunchPlan>, LauncherName, RegExp]>([
  [{ ranks: 0 }, "openmpi", /from 1, got 0/],
  [{ ranks: 1.5 }, "openmpi", /from 1, got 1.5/],
  [{ ranks: 4, hosts }, "openmpi", /from 1 to 3, which the hosts take, got 4.*anna:4/],
  [{ interface: "--version" }, "openmpi", /an interface such as eth0/],
  [{ interface: "eth0;id" }, "openmpi", /an interface such as eth0/],
  [{ interface: "10.0.0.0/8" }, "mpich", /MPICH takes no subnets/],
  [{ remoteShell: "ssh -o 'x y'" }, "openmpi", /without quotes/],
  [{ remoteShell: "ssh -p 22" }, "mpich", /expected one program/],
  [{ remoteShell: "ssh" }, "srun", /by itself/],
  [{ variables: ["A=B"] }, "openmpi", /names of variables, got A=B/],
])("a plan with %j is refused for %s", (more, name, sentence) => {
  expect(() => launchCommand(launcher(name), plan(more))).toThrow(sentence);
});

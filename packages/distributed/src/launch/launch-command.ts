import { phrase } from "@lathe/files";
import { type Host, slotsOf } from "./host.js";
import { LaunchError } from "./launch-error.js";
import type { Launcher } from "./launcher.js";

/** What is to run where. */
export interface LaunchPlan {
  /** Machines and the ranks that each takes; null for this one alone, or those that Slurm has given. */
  readonly hosts: readonly Host[] | null;
  readonly ranks: number;
  /** Network interface, or subnet such as `192.168.1.0/24`, that ranks talk over; null for what the library finds. */
  readonly interface: string | null;
  /** What starts a program on another machine, with its own words apart by spaces; null for `ssh`. */
  readonly remoteShell: string | null;
  /** Names of variables of this environment that ranks on other machines have as well. */
  readonly variables: readonly string[];
  /** The program and its words, the same on every machine. */
  readonly program: readonly string[];
  /** Whether this user is root, for whom Open MPI asks to be told that this is meant. */
  readonly isRoot: boolean;
}

/** A command that no shell reads: the program, its words, and variables beside those that there are. */
export interface LaunchCommand {
  readonly file: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The signal that the launcher passes on to all ranks, and waits for their end. */
  readonly interrupt: "SIGUSR2" | "SIGTERM";
}

const INTERFACE = /^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}$|^\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}$/;
const VARIABLE = /^[A-Za-z_]\w{0,127}$/;

/** Seconds: of silence before a daemon of Open MPI asks whether the other is there, between askings, and askings without answer. */
const KEEPALIVE = { time: 4, intvl: 2, probes: 3 };

/**
 * The command that launches a plan.
 *
 * For Open MPI it says what its defaults get wrong for long computations: no binding of a process with all its threads to one core,
 * transfers by its own means rather than UCX, which takes signals and memory over from V8, and a cut link noticed within ten seconds
 * rather than minutes.
 * @throws LaunchError where an option is not as it should be
 */
export function launchCommand(launcher: Launcher, plan: LaunchPlan): LaunchCommand {
  checkPlan(launcher, plan);
  const { file, name } = launcher;
  switch (name) {
    case "openmpi":
      return { file, words: openMpiWords(launcher, plan), environment: {}, interrupt: "SIGUSR2" };
    case "mpich":
      return { file, words: mpichWords(plan), environment: {}, interrupt: "SIGTERM" };
    case "srun":
      return { file, words: srunWords(plan), environment: slurmEnvironment(plan), interrupt: "SIGTERM" };
  }
}

/** @throws LaunchError where it is neither an interface nor a subnet */
export function checkInterface(network: string): void {
  if (INTERFACE.test(network)) return;
  throw new LaunchError(
    "options",
    phrase`expected an interface such as eth0, or a subnet such as 192.168.1.0/24, got ${network}`,
  );
}

function checkPlan(
  { name }: Launcher,
  { hosts, ranks, interface: network, remoteShell, variables }: LaunchPlan,
): void {
  const slots = hosts && slotsOf(hosts);
  if (!Number.isInteger(ranks) || ranks < 1 || (slots !== null && ranks > slots)) {
    throw new LaunchError(
      "options",
      slots === null
        ? phrase`expected a number of ranks from 1, got ${String(ranks)}`
        : phrase`expected a number of ranks from 1 to ${slots}, which the hosts take, got ${String(ranks)}; give hosts more slots, such as ${`${hosts![0].name}:${ranks}`}`,
    );
  }
  if (network !== null) checkInterface(network);
  if (name === "mpich" && network?.includes("/")) {
    throw new LaunchError(
      "options",
      phrase`expected an interface such as eth0, as MPICH takes no subnets, got ${network}`,
    );
  }
  if (remoteShell !== null && (remoteShell.trim() === "" || /[\n\r"'\\]/.test(remoteShell))) {
    throw new LaunchError(
      "options",
      phrase`expected what starts a program on another machine, such as ssh -p 2222, without quotes, got ${remoteShell}`,
    );
  }
  if (name === "srun" && remoteShell !== null) {
    throw new LaunchError(
      "options",
      phrase`srun starts programs on other machines by itself, got ${remoteShell}`,
    );
  }
  const odd = variables.find((variable) => !VARIABLE.test(variable));
  if (odd !== undefined) throw new LaunchError("options", phrase`expected names of variables, got ${odd}`);
}

function openMpiWords({ version }: Launcher, plan: LaunchPlan): string[] {
  // From version 5 on the daemons are PRRTE's, which has parameters of its own.
  const isNew = Number.parseInt(version, 10) >= 5;
  const daemons = isNew ? "--prtemca" : "--mca";
  const { hosts, ranks, interface: network, remoteShell, variables, program, isRoot } = plan;
  const places = (hosts ?? [{ name: "localhost", slots: ranks }]).map(
    ({ name, slots }) => `${name}:${slots}`,
  );
  return [
    ...(isRoot ? ["--allow-run-as-root"] : []),
    ...["--bind-to", "none", "-n", String(ranks), "--host", places.join(",")],
    ...["--mca", "pml", "ob1", "--mca", "btl", isNew ? "self,sm,tcp" : "self,vader,tcp"],
    ...Object.entries(KEEPALIVE).flatMap(([what, value]) => [
      daemons,
      `oob_tcp_keepalive_${what}`,
      String(value),
    ]),
    ...(network === null
      ? []
      : [
          ...["--mca", "btl_tcp_if_include", network],
          daemons,
          isNew ? "prte_if_include" : "oob_tcp_if_include",
          network,
        ]),
    ...(remoteShell === null ? [] : [daemons, isNew ? "plm_ssh_agent" : "plm_rsh_agent", remoteShell]),
    ...variables.flatMap((variable) => ["-x", variable]),
    ...program,
  ];
}

function mpichWords({ hosts, ranks, interface: network, remoteShell, program }: LaunchPlan): string[] {
  const [shell, ...shellWords] = remoteShell?.split(" ").filter((word) => word !== "") ?? [];
  if (shellWords.length > 0) {
    throw new LaunchError(
      "options",
      phrase`expected one program that starts others on another machine, as MPICH gives it no words of its own, got ${remoteShell!}`,
    );
  }
  return [
    ...["-bind-to", "none", "-n", String(ranks)],
    ...(hosts === null ? [] : ["-hosts", hosts.map(({ name, slots }) => `${name}:${slots}`).join(",")]),
    ...(network === null ? [] : ["-iface", network]),
    ...(hosts === null ? [] : ["-launcher", "ssh"]),
    ...(shell === undefined ? [] : ["-launcher-exec", shell]),
    // All variables of this environment reach the ranks.
    ...program,
  ];
}

function srunWords({ hosts, ranks, program }: LaunchPlan): string[] {
  return [
    ...srunFlags,
    `--ntasks=${ranks}`,
    ...(hosts === null ? [] : [`--nodelist=${hosts.map(({ name }) => name).join(",")}`]),
    ...program,
  ];
}

/** What `srun` is told of every program of ours: PMIx joins the ranks, one that fails ends all, and none is bound to one core. */
export const srunFlags: readonly string[] = ["--mpi=pmix", "--kill-on-bad-exit=1", "--cpu-bind=none"];

/** Variables by which Open MPI does under `srun` what its own launcher is told by flags. */
export const slurmEnvironment = ({
  interface: network,
}: Pick<LaunchPlan, "interface">): Record<string, string> => ({
  OMPI_MCA_pml: "ob1",
  OMPI_MCA_btl: "self,vader,tcp",
  ...(network === null ? {} : { OMPI_MCA_btl_tcp_if_include: network }),
});

export type { BlockingGroup, Collective, NumberArray, Reduction } from "./collective.js";
export { CollectiveError, type CollectiveFault } from "./collective-error.js";
export { broadcastBytes } from "./broadcast-bytes.js";
export { localCollective, localGroup } from "./local-group.js";
export { environmentOfRank, type Launch, launchOf } from "./mpi/launch.js";
export { mpiCollective, type MpiCollective, type MpiOptions } from "./mpi/mpi-collective.js";
export type { MpiMake } from "./mpi/mpi-make.js";
export { openCollective } from "./open-collective.js";
export { DONE_FILE, isMarkedDone, LAUNCH_VARIABLE, markDone } from "./launch/done-file.js";
export {
  checkHostName,
  distinctHosts,
  type Host,
  hostFileOf,
  isThisMachine,
  parseHosts,
  readHostFile,
} from "./launch/host.js";
export {
  keepLaunched,
  type KeepLaunchedOptions,
  type KeptLaunched,
  type LaunchedWork,
} from "./launch/keep-launched.js";
export { launchCommand, type LaunchCommand, type LaunchPlan } from "./launch/launch-command.js";
export { LaunchError, type LaunchFault } from "./launch/launch-error.js";
export { type LaunchEvent, tellLaunchEvent } from "./launch/launch-event.js";
export {
  type Environment,
  findLauncher,
  type Launcher,
  type LauncherName,
  launcherNames,
  makeOfLauncher,
} from "./launch/launcher.js";
export { launchVariables } from "./launch/launch-variables.js";
export { absentHosts } from "./launch/absent-hosts.js";
export { ranksOf, type RanksAsked } from "./launch/ranks-of.js";
export { type LauncherEnd, runLauncher, type RunLauncherOptions } from "./launch/run-launcher.js";
export { checkLaunch, type CheckLaunchOptions, type LaunchChecked } from "./doctor/check-launch.js";
export { probeRanks, type RankFacts, readRanksProbe, type RanksProbe } from "./doctor/probe-ranks.js";
export { findingsOfProbe, type RanksCheck, type RanksFinding, tellFindings } from "./doctor/ranks-report.js";
export type { ClusterFiles, ClusterPlan } from "./cluster/cluster-plan.js";
export { kubernetesFiles, type KubernetesPlan } from "./cluster/kubernetes-files.js";
export { slurmFiles } from "./cluster/slurm-files.js";
export { writeClusterFiles } from "./cluster/write-cluster-files.js";

export type { Collective, NumberArray, Reduction } from "./collective.js";
export { CollectiveError, type CollectiveFault } from "./collective-error.js";
export { broadcastBytes } from "./broadcast-bytes.js";
export { localCollective, localGroup } from "./local-group.js";
export { type Launch, launchOf } from "./mpi/launch.js";
export { mpiCollective, type MpiCollective, type MpiOptions } from "./mpi/mpi-collective.js";
export type { MpiMake } from "./mpi/mpi-make.js";
export { openCollective } from "./open-collective.js";

import type { Collective } from "./collective.js";
import { localCollective } from "./local-group.js";
import { launchOf } from "./mpi/launch.js";
import { mpiCollective, type MpiOptions } from "./mpi/mpi-collective.js";

/**
 * The ranks that this process was launched among: by `mpirun`, `srun` or an MPIJob; by itself where nothing launched it.
 * @throws CollectiveError where it was launched and the library is missing or of another make than the launcher
 */
export async function openCollective(options: MpiOptions = {}): Promise<Collective> {
  return launchOf(options.environment ?? process.env) ? await mpiCollective(options) : localCollective();
}

import type { MpiMake } from "./mpi-make.js";

/** What a launcher says to a process that it starts. */
export interface Launch {
  /** Whose library belongs to it; null where the launcher serves both. */
  readonly make: MpiMake | null;
  /** Ranks of all machines. */
  readonly size: number;
  /** Ranks on this machine; 1 where the launcher does not tell. */
  readonly localSize: number;
  /** This one among them, from 0. */
  readonly localRank: number;
}

/** What `mpirun`, `srun` or an MPIJob says to this process; null where none of them started it. */
export function launchOf(environment: Readonly<Record<string, string | undefined>>): Launch | null {
  const number = (name: string, least = 1): number | null => {
    const value = environment[name];
    return value !== undefined && /^\d{1,9}$/.test(value) && Number(value) >= least ? Number(value) : null;
  };
  const openMpi = number("OMPI_COMM_WORLD_SIZE");
  if (openMpi !== null) {
    const localSize = number("OMPI_COMM_WORLD_LOCAL_SIZE") ?? 1;
    const localRank = number("OMPI_COMM_WORLD_LOCAL_RANK", 0) ?? 0;
    return { make: "Open MPI", size: openMpi, localSize, localRank };
  }
  const local = {
    localSize: number("MPI_LOCALNRANKS") ?? number("SLURM_NTASKS_PER_NODE") ?? 1,
    localRank: number("MPI_LOCALRANKID", 0) ?? number("SLURM_LOCALID", 0) ?? 0,
  };
  // A batch script of Slurm has SLURM_NTASKS as well and is no rank: only what srun starts has a rank of PMIx or PMI.
  const slurm = number("SLURM_STEP_NUM_TASKS") ?? number("SLURM_NTASKS");
  if (slurm !== null && environment["PMIX_RANK"] !== undefined)
    return { make: "Open MPI", size: slurm, ...local };
  const pmi = number("PMI_SIZE");
  return pmi === null ? null : { make: "MPICH", size: pmi, ...local };
}

/** Threads that each of the ranks on a machine computes with, so that together they take its cores once; 1 at least. */
export const threadsOfRank = ({ localSize }: Launch, cores: number): number =>
  Math.max(1, Math.floor(cores / localSize));

/**
 * The card that a rank computes on, as `CUDA_VISIBLE_DEVICES` names it: the ranks of a machine have its cards by turns.
 * @param visible what the variable says already; undefined where it says nothing
 * @param cards of the machine
 * @returns null where there is no choice
 */
export function cardOfRank({ localRank }: Launch, visible: string | undefined, cards: number): string | null {
  const named = visible?.split(",").map((name) => name.trim());
  const names = named ?? Array.from({ length: cards }, (_, card) => String(card));
  // What follows -1 is hidden.
  const end = names.findIndex((name) => name === "-1" || name === "");
  const usable = end < 0 ? names : names.slice(0, end);
  return usable.length > 1 ? usable[localRank % usable.length] : null;
}

/**
 * What a rank's environment is to say besides, so that the ranks of a machine share its cores and cards: threads, unless they are given, and
 * the card, of which TensorFlow would otherwise take the same one in every process.
 * @param machine its cores, and its cards, of which the variables of `environment` may show fewer
 */
export function environmentOfRank(
  launch: Launch,
  environment: Readonly<Record<string, string | undefined>>,
  machine: { readonly cores: number; readonly cards: number },
): Readonly<Record<string, string>> {
  const card = cardOfRank(launch, environment["CUDA_VISIBLE_DEVICES"], machine.cards);
  return {
    LATHE_THREADS: environment["LATHE_THREADS"] ?? String(threadsOfRank(launch, machine.cores)),
    ...(card === null ? {} : { CUDA_VISIBLE_DEVICES: card }),
  };
}

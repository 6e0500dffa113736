import { describe, expect, it } from "vitest";
import { cardOfRank, environmentOfRank, launchOf, threadsOfRank } from "./launch.js";

describe("what a launcher says", () => {
  it.each([
    ["nothing", {}, null],
    [
      "mpirun of Open MPI",
      { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_LOCAL_SIZE: "2", OMPI_COMM_WORLD_LOCAL_RANK: "1" },
      { make: "Open MPI", size: 4, localSize: 2, localRank: 1 },
    ],
    [
      "mpirun of MPICH",
      { PMI_SIZE: "3", PMI_RANK: "0", MPI_LOCALNRANKS: "3", MPI_LOCALRANKID: "2" },
      { make: "MPICH", size: 3, localSize: 3, localRank: 2 },
    ],
    [
      "srun --mpi=pmix",
      { SLURM_NTASKS: "8", SLURM_STEP_NUM_TASKS: "2", PMIX_RANK: "1", SLURM_LOCALID: "0" },
      { make: "Open MPI", size: 2, localSize: 1, localRank: 0 },
    ],
    ["a batch script of Slurm, which is no rank", { SLURM_NTASKS: "8" }, null],
    ["numbers that are none", { OMPI_COMM_WORLD_SIZE: "two", PMI_SIZE: "0" }, null],
  ])("%s", (_by, environment, launch) => {
    expect(launchOf(environment)).toEqual(launch);
  });
});

it.each([
  [8, 2, 4],
  [8, 3, 2],
  [2, 4, 1],
])("%i cores for %i ranks are %i threads each", (cores, localSize, threads) => {
  expect(threadsOfRank({ make: null, size: 4, localSize, localRank: 0 }, cores)).toBe(threads);
});

it.each<[number, string | undefined, number, string | null]>([
  [0, undefined, 2, "0"],
  [1, undefined, 2, "1"],
  [2, undefined, 2, "0"],
  [1, undefined, 1, null],
  [1, undefined, 0, null],
  [1, "3, 5", 8, "5"],
  [1, "GPU-a,GPU-b", 0, "GPU-b"],
  [1, "4", 8, null],
  [1, "4,-1,5", 8, null],
  [1, "-1", 8, null],
  [1, "", 8, null],
])("rank %i of a machine that shows %j of %i cards has %j", (localRank, visible, cards, card) => {
  expect(cardOfRank({ make: null, size: 4, localSize: 4, localRank }, visible, cards)).toBe(card);
});

it("each rank of a machine has a share of its cores and a card of its own, and what is given stays", () => {
  const environments = [0, 1, 2].map((localRank) =>
    environmentOfRank({ make: null, size: 6, localSize: 3, localRank }, {}, { cores: 8, cards: 2 }),
  );
  expect(environments).toEqual([
    { LATHE_THREADS: "2", CUDA_VISIBLE_DEVICES: "0" },
    { LATHE_THREADS: "2", CUDA_VISIBLE_DEVICES: "1" },
    { LATHE_THREADS: "2", CUDA_VISIBLE_DEVICES: "0" },
  ]);
  const second = { make: null, size: 2, localSize: 2, localRank: 1 } as const;
  const given = { LATHE_THREADS: "5", CUDA_VISIBLE_DEVICES: "6,7" };
  expect(environmentOfRank(second, given, { cores: 8, cards: 8 })).toEqual({
    LATHE_THREADS: "5",
    CUDA_VISIBLE_DEVICES: "7",
  });
  expect(environmentOfRank(second, {}, { cores: 8, cards: 0 })).toEqual({ LATHE_THREADS: "4" });
});

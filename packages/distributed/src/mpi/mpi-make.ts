/** Who made an MPI library or launcher. The two must be of the same make. */
export type MpiMake = "Open MPI" | "MPICH";

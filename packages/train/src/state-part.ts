/** A part of a run's state, as run checkpoints keep it: parameters, an optimiser's moments, a loss scale. */
export interface StatePart {
  /** Paths of its files within the folder of a checkpoint that must be there and whole. */
  readonly required?: readonly string[];
  /** Writes it into the folder of a checkpoint, beside the other parts. */
  save(folder: string): Promise<void>;
  /**
   * What other processes do while one of them saves it, where its pieces lie on several; then none of them can save it by itself.
   * Left out where the one has it whole.
   */
  follow?(): Promise<void>;
  /** Takes over what is in the folder of a checkpoint. */
  load(folder: string): Promise<void>;
}

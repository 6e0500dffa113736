/** The arrays that travel: of 32-bit and 64-bit floating-point numbers, 32-bit whole numbers, and bytes. */
export type NumberArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** How values of several ranks become one: their sum, or the greatest of them. */
export type Reduction = "sum" | "max";

/**
 * Some ranks of one machine that add up in the middle of an operation: a call holds the process up until all of them have made it, so
 * that forward and backward passes, which cannot be left, may be shared.
 */
export interface BlockingGroup {
  /** This process among them, from 0. */
  readonly rank: number;
  /** How many they are. */
  readonly size: number;
  /**
   * Replaces every value by its sum over the group; the same bits on all of them. Not while a call of the {@link Collective} is under way.
   * @throws CollectiveError
   */
  sum(values: Float32Array): void;
}

/**
 * Processes that work as one, each of which is a *rank*. All ranks call the same methods in the same order with arrays of the
 * same kind; a method answers when this rank's part is done. Calls of one rank are carried out one after the other, also
 * where none is waited for. Arrays must not be changed until the answer is there.
 *
 * After a method has thrown, ranks no longer agree on where they are: the only thing left is {@link Collective.abort}.
 */
export interface Collective {
  /** This process, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /**
   * Replaces every value by what it comes to over all ranks. The same bits on all ranks; in which order values are added is the
   * library's.
   * @param values of the same length on all ranks
   */
  allReduce(values: NumberArray, reduction?: Reduction): Promise<void>;
  /**
   * Sums over all ranks, of which each keeps a part.
   * @param values as long as all counts together, on all ranks
   * @param counts how many values each rank keeps, from the first on
   * @param room where this rank's part is put, with room for it; new memory if left out
   * @returns this rank's part of the sums
   */
  reduceScatter<Values extends NumberArray>(
    values: Values,
    counts: readonly number[],
    room?: Values,
  ): Promise<Values>;
  /**
   * What every rank has, by rank; they need not have equally much.
   * @param room where all of it is put, one after the other, with room for it; new memory if left out
   */
  allGather<Values extends NumberArray>(own: Values, room?: Values): Promise<Values[]>;
  /** Replaces the values by those of one rank. @param root that rank @defaultValue 0 */
  broadcast(values: NumberArray, root?: number): Promise<void>;
  /**
   * The group of this rank, where each so many ranks after one another are one.
   * @param size of every group, a divisor of the number of ranks
   * @throws CollectiveError where it is none, where those of a group are on several machines, or where ranks are no processes of their own
   */
  blockingGroup(size: number): Promise<BlockingGroup>;
  /** Waits until all ranks are here. */
  barrier(): Promise<void>;
  /**
   * Ends all ranks, where one cannot go on. Does not return where processes of their own are the ranks.
   * @param code what the processes exit with, from 1
   */
  abort(code?: number): void;
  /** Says that this rank takes part no more; all ranks do so at the end, and none may leave without. */
  close(): Promise<void>;
}

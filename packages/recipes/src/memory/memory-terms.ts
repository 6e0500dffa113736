/** What a process takes at the worst moment of a training step, by what it is for; bytes. */
export interface MemoryTerms {
  /** Weights of the model, in the type they are held in; those that are trained in float32. */
  readonly weights: number;
  /** Activations and their gradients. */
  readonly activations: number;
  /** Logits and their gradients; 0 where the worst moment is in a layer. */
  readonly head: number;
  /** Matrices of an adapter and what it trains as a whole. */
  readonly adapter: number;
  /** Gradients of what is trained. */
  readonly gradients: number;
  /** What the optimiser remembers. */
  readonly optimizer: number;
  /** What ranks take to exchange gradients and parameters; 0 for a process by itself that adds up in any order. */
  readonly exchange: number;
  /** Pieces of memory that are too small to be used again. */
  readonly workingSpace: number;
  /** Node, its code, TensorFlow.js and what products work in. */
  readonly process: number;
}

/** All terms together. */
export const totalOf = (terms: MemoryTerms): number =>
  Object.values<number>({ ...terms }).reduce((sum, bytes) => sum + bytes, 0);

/** The program that will read an artefact, with the artefact open in it. */
export interface ArtefactRuntime {
  /** Its name and version, for reports. */
  readonly name: string;
  /** The chat template that the artefact holds; null without one. */
  readonly template: string | null;
  /** Ids of a text, special tokens written out. */
  tokenize(text: string): readonly number[] | Promise<readonly number[]>;
  /** Logits of the token after these. @returns [V] */
  logits(ids: readonly number[]): Promise<Float32Array>;
  /** The likeliest continuation, up to so many tokens or an end, which is part of it. */
  greedy(ids: readonly number[], count: number, ends: readonly number[]): Promise<readonly number[]>;
  /**
   * The likeliest token after each of the tokens from a place on, given all that stand before.
   * @returns as many as there are ids from `start` on
   */
  likeliest(ids: readonly number[], start: number): Promise<readonly number[]>;
  /** Frees the artefact. */
  close(): Promise<void>;
}

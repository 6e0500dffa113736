/** Cosines and sines of the angles by which each row is turned. */
export interface RotaryAngles {
  /** [N, d/2] */
  readonly cos: Float32Array;
  /** [N, d/2] */
  readonly sin: Float32Array;
}

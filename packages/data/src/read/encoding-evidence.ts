/** Characters beyond ASCII that a text would have in an encoding, and those of them that speak for it. */
export interface EncodingEvidence {
  readonly characters: number;
  readonly telling: number;
}

/** Lengths that a row must have to be kept. Characters are Unicode code points. */
export interface CleaningLimits {
  /** Fewest characters of all that the model is given; running text has none and passes. @defaultValue 1 */
  readonly minimumInputCharacters: number;
  /** Fewest characters of all that the model is to say. @defaultValue 1 */
  readonly minimumOutputCharacters: number;
  /** Most characters of a row, input and output together. @defaultValue 131072 */
  readonly maximumCharacters: number;
}

/** How ggml stores the numbers of a row: in blocks of a fixed count and size. */
export interface BlockFormat {
  /** Its number in the tensor table. */
  readonly id: number;
  /** Numbers in a block; a row has whole blocks. */
  readonly values: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /**
   * Encodes whole blocks.
   * @param source a multiple of `values` numbers
   * @param target as many blocks
   */
  encode(source: Float32Array, target: Uint8Array): void;
  /**
   * Decodes whole blocks.
   * @param source blocks, at the start of any element
   * @param target as many times `values` numbers
   */
  decode(source: Uint8Array, target: Float32Array): void;
}

/** Which weights of a matrix [O, I] are zero, a bit each. */
export class ZeroMask {
  /** The bit of element i is bit i mod 8 of byte ⌊i / 8⌋. */
  readonly #bits: Uint8Array;

  /** A mask without zeros. */
  constructor(readonly shape: readonly [outFeatures: number, inFeatures: number]) {
    this.#bits = new Uint8Array(Math.ceil((shape[0] * shape[1]) / 8));
  }

  /** The zeros that a matrix has. @param weight [O, I] row-major */
  static of(weight: Float32Array, shape: readonly [outFeatures: number, inFeatures: number]): ZeroMask {
    const mask = new ZeroMask(shape);
    for (let i = 0; i < weight.length; i++) if (weight[i] === 0) mask.add(i);
    return mask;
  }

  /** Makes an element zero. @param index in row-major order */
  add(index: number): void {
    this.#bits[index >> 3] |= 1 << (index & 7);
  }

  /** Whether an element is zero. @param index in row-major order */
  has(index: number): boolean {
    return (this.#bits[index >> 3] & (1 << (index & 7))) !== 0;
  }

  /** Number of zeros. */
  count(): number {
    let count = 0;
    for (let byte of this.#bits) {
      for (; byte !== 0; byte &= byte - 1) count++;
    }
    return count;
  }

  /** Sets elements of a matrix to zero, in place. @param weight [O, I] row-major */
  apply(weight: Float32Array): void {
    this.#each((index) => (weight[index] = 0));
  }

  /** Sets elements of a stored matrix to zero, in place. @param elementBytes of a type whose zero is all bits zero */
  applyToBytes(bytes: Uint8Array, elementBytes: number): void {
    this.#each((index) => bytes.fill(0, index * elementBytes, (index + 1) * elementBytes));
  }

  #each(take: (index: number) => void): void {
    const [outFeatures, inFeatures] = this.shape;
    for (let i = 0; i < outFeatures * inFeatures; i++) if (this.has(i)) take(i);
  }
}

/** Numbers of the recorded blocks: what a layer's weights look like, and rows at the edges of what a format can say. */
export function blockInputs(): Float32Array {
  const values = new Float32Array(16 * 256);
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let block = 0; block < 16; block++) {
    for (let i = 0; i < 256; i++) {
      const bell = next() + next() + next() + next() - 2;
      const value =
        block < 8
          ? bell / 16
          : [
              0,
              0.5,
              next(),
              -next(),
              bell * 2 ** -40,
              i === 77 ? 8 : bell / 64,
              i % 32 === 0 ? bell : 0,
              i < 128 ? bell : bell * 2 ** -30,
            ][block - 8];
      values[block * 256 + i] = value;
    }
  }
  return values;
}

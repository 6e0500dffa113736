/**
 * Rotary positions: the pair (x[c], x[c + d/2]) turns by the angle whose cosine and sine are given.
 *
 * @param x [rows, heads, 2 half], overwritten with the result   @param cos [rows, half]   @param sin [rows, half]
 * @param direction 1 or −1
 */
export function rotate(
  x: usize,
  cos: usize,
  sin: usize,
  rows: i32,
  heads: i32,
  half: i32,
  direction: f32,
): void {
  const width = usize(half) << 2;
  const signs = f32x4.splat(direction);
  for (let n = 0; n < rows; n++, cos += width, sin += width) {
    for (let h = 0; h < heads; h++, x += 2 * width) {
      let c: usize = 0;
      for (; c + 16 <= width; c += 16) {
        const a = v128.load(x + c);
        const b = v128.load(x + width + c);
        const co = v128.load(cos + c);
        const si = f32x4.mul(signs, v128.load(sin + c));
        v128.store(x + c, f32x4.sub(f32x4.mul(a, co), f32x4.mul(b, si)));
        v128.store(x + width + c, f32x4.add(f32x4.mul(b, co), f32x4.mul(a, si)));
      }
      for (; c < width; c += 4) {
        const a = load<f32>(x + c);
        const b = load<f32>(x + width + c);
        const co = load<f32>(cos + c);
        const si = direction * load<f32>(sin + c);
        store<f32>(x + c, a * co - b * si);
        store<f32>(x + width + c, b * co + a * si);
      }
    }
  }
}

/**
 * x[i] ← exp(x[i] − shift) for i < count, in place, four at a time.
 *
 * x = n ln 2 + r with |r| ≤ ln 2 / 2; exp(r) is its Taylor polynomial of degree 7 (next term below 2⁻²⁷), and 2ⁿ is
 * made as two factors so that subnormal results come out as well. exp(−∞) = 0, exp(∞) = ∞, NaN stays NaN.
 *
 * @param count a multiple of 4
 * @returns the sum of the results
 */
export function exponentials(x: usize, count: i32, shift: f32): f32 {
  const shifts = f32x4.splat(shift);
  const end = x + (<usize>count << 2);
  let sum = f32x4.splat(0);
  for (; x < end; x += 16) {
    // Beyond these bounds float32 is 0 or ∞ anyway, and n stays within what two exponents can hold.
    let value = f32x4.sub(v128.load(x), shifts);
    value = f32x4.min(f32x4.max(value, f32x4.splat(-105.0)), f32x4.splat(90.0));
    const n = f32x4.nearest(f32x4.mul(value, f32x4.splat(1.4426950408889634)));
    // ln 2 in two parts: the first has 9 significant bits, so its product with n is exact.
    let r = f32x4.sub(value, f32x4.mul(n, f32x4.splat(0.693359375)));
    r = f32x4.add(r, f32x4.mul(n, f32x4.splat(0.00021219444005469057)));
    let p = f32x4.splat(1.0 / 5040.0);
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 720.0));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 120.0));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 24.0));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 6.0));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.5));
    p = f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r);
    p = f32x4.add(p, f32x4.splat(1));
    const exponent = i32x4.trunc_sat_f32x4_s(n);
    const half = i32x4.shr_s(exponent, 1);
    const bias = i32x4.splat(127);
    p = f32x4.mul(p, i32x4.shl(i32x4.add(half, bias), 23));
    p = f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.sub(exponent, half), bias), 23));
    v128.store(x, p);
    sum = f32x4.add(sum, p);
  }
  return (
    f32x4.extract_lane(sum, 0) +
    f32x4.extract_lane(sum, 1) +
    (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3))
  );
}

/** The largest of `count` values, a multiple of 4; NaN if one of them is. */
export function largest(x: usize, count: i32): f32 {
  const end = x + (<usize>count << 2);
  let best = f32x4.splat(-Infinity);
  for (; x < end; x += 16) best = f32x4.max(best, v128.load(x));
  return max(
    max(f32x4.extract_lane(best, 0), f32x4.extract_lane(best, 1)),
    max(f32x4.extract_lane(best, 2), f32x4.extract_lane(best, 3)),
  );
}

/** x[i] ← x[i] · factor for i < count, a multiple of 4. */
export function scaleValues(x: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  const end = x + (<usize>count << 2);
  for (; x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), factors));
}

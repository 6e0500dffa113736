"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.exponentials = exponentials;
exports.largest = largest;
exports.scaleValues = scaleValues;
const ROUNDER = 12582912; // 1.5 · 2²³: adding it leaves the nearest integer in the low bits of the mantissa
/**
 * The constants of {@link exponentials}. V8 builds a vector constant anew, in several instructions, at every use in a
 * loop; a load that repeats one value is a single one.
 */
const CONSTANTS = memory.data([
    -105.0, // below, and above the next, float32 is 0 or ∞ anyway, and n stays within what two exponents can hold
    90.0,
    1.4426950408889634, // 1 / ln 2
    ROUNDER,
    0.693359375, // ln 2 in two parts: this has 9 significant bits, so its product with n is exact
    -0.00021219444005469057,
    1.0 / 5040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
]);
/**
 * x[i] ← exp(x[i] − shift) for i < count, in place, four at a time.
 *
 * x = n ln 2 + r with |r| ≤ ln 2 / 2; exp(r) is its Taylor polynomial of degree 7 (next term below 2⁻²⁷), and 2ⁿ is
 * made as two factors so that subnormal results come out as well. exp(−∞) = 0, exp(∞) = ∞, NaN stays NaN.
 *
 * @param count a multiple of 4
 * @returns the sum of the results
 */
function exponentials(x, count, shift) {
    const shifts = f32x4.splat(shift);
    const end = x + (usize(count) << 2);
    const rounder = v128.load32_splat(CONSTANTS, 12);
    const one = v128.load32_splat(CONSTANTS, 48);
    let sum = f32x4.splat(0);
    for (; x < end; x += 16) {
        // pmin and pmax are one instruction each and, in this order of arguments, let NaN through.
        let value = f32x4.sub(v128.load(x), shifts);
        value = f32x4.pmax(value, v128.load32_splat(CONSTANTS));
        value = f32x4.pmin(value, v128.load32_splat(CONSTANTS, 4));
        const shifted = f32x4.add(f32x4.mul(value, v128.load32_splat(CONSTANTS, 8)), rounder);
        const n = f32x4.sub(shifted, rounder);
        let r = f32x4.sub(value, f32x4.mul(n, v128.load32_splat(CONSTANTS, 16)));
        r = f32x4.sub(r, f32x4.mul(n, v128.load32_splat(CONSTANTS, 20)));
        let p = v128.load32_splat(CONSTANTS, 24);
        p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(CONSTANTS, 28));
        p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(CONSTANTS, 32));
        p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(CONSTANTS, 36));
        p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(CONSTANTS, 40));
        p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(CONSTANTS, 44));
        p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), one);
        // 2ⁿ¹ · 2ⁿ² with n1 = ⌊n / 2⌋: the exponent bits of 1 plus n1, then plus n2.
        const exponent = i32x4.sub(shifted, rounder);
        const half = i32x4.shr_s(exponent, 1);
        p = f32x4.mul(p, i32x4.add(i32x4.shl(half, 23), one));
        p = f32x4.mul(p, i32x4.add(i32x4.shl(i32x4.sub(exponent, half), 23), one));
        v128.store(x, p);
        sum = f32x4.add(sum, p);
    }
    return (f32x4.extract_lane(sum, 0) +
        f32x4.extract_lane(sum, 1) +
        (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)));
}
/** The largest of `count` values, a multiple of 4, leaving NaN out. */
function largest(x, count) {
    const end = x + (usize(count) << 2);
    let best = f32x4.splat(-Infinity);
    for (; x < end; x += 16)
        best = f32x4.pmax(best, v128.load(x));
    return max(max(f32x4.extract_lane(best, 0), f32x4.extract_lane(best, 1)), max(f32x4.extract_lane(best, 2), f32x4.extract_lane(best, 3)));
}
/** x[i] ← x[i] · factor for i < count, a multiple of 4. */
function scaleValues(x, count, factor) {
    const factors = f32x4.splat(factor);
    const end = x + (usize(count) << 2);
    for (; x < end; x += 16)
        v128.store(x, f32x4.mul(v128.load(x), factors));
}

"use strict";
/**
 * The products of attention, one register tile of 4 rows × 8 columns at a time: C[4, 8] (+)= A[4, depth] · B[depth, 8].
 * Eight accumulators, two vectors of B and one element of A fit the sixteen registers of x86.
 *
 * B lies in panels of 8 columns, [depth, 8], so it is read front to back whatever matrix it came from.
 */
Object.defineProperty(exports, "__esModule", { value: true });
exports.PANEL_ROW = void 0;
exports.tileOfRows = tileOfRows;
exports.tileOfColumns = tileOfColumns;
/** Bytes of one row of a panel. */
exports.PANEL_ROW = 32;
/**
 * A tile whose A has its depth along memory.
 *
 * @param aStride bytes between rows of A   @param cStride bytes between rows of C
 * @param accumulate adds to what C holds
 */
function tileOfRows(a, aStride, panel, depth, c, cStride, accumulate) {
    let a1 = a + aStride;
    let a2 = a1 + aStride;
    let a3 = a2 + aStride;
    let c00 = f32x4.splat(0);
    let c01 = c00;
    let c10 = c00;
    let c11 = c00;
    let c20 = c00;
    let c21 = c00;
    let c30 = c00;
    let c31 = c00;
    const end = a + (usize(depth) << 2);
    for (; a < end; a += 4, a1 += 4, a2 += 4, a3 += 4, panel += exports.PANEL_ROW) {
        const b0 = v128.load(panel);
        const b1 = v128.load(panel, 16);
        let s = v128.load32_splat(a);
        c00 = f32x4.add(c00, f32x4.mul(s, b0));
        c01 = f32x4.add(c01, f32x4.mul(s, b1));
        s = v128.load32_splat(a1);
        c10 = f32x4.add(c10, f32x4.mul(s, b0));
        c11 = f32x4.add(c11, f32x4.mul(s, b1));
        s = v128.load32_splat(a2);
        c20 = f32x4.add(c20, f32x4.mul(s, b0));
        c21 = f32x4.add(c21, f32x4.mul(s, b1));
        s = v128.load32_splat(a3);
        c30 = f32x4.add(c30, f32x4.mul(s, b0));
        c31 = f32x4.add(c31, f32x4.mul(s, b1));
    }
    const r1 = c + cStride;
    const r2 = r1 + cStride;
    const r3 = r2 + cStride;
    if (accumulate) {
        c00 = f32x4.add(c00, v128.load(c));
        c01 = f32x4.add(c01, v128.load(c, 16));
        c10 = f32x4.add(c10, v128.load(r1));
        c11 = f32x4.add(c11, v128.load(r1, 16));
        c20 = f32x4.add(c20, v128.load(r2));
        c21 = f32x4.add(c21, v128.load(r2, 16));
        c30 = f32x4.add(c30, v128.load(r3));
        c31 = f32x4.add(c31, v128.load(r3, 16));
    }
    v128.store(c, c00);
    v128.store(c, c01, 16);
    v128.store(r1, c10);
    v128.store(r1, c11, 16);
    v128.store(r2, c20);
    v128.store(r2, c21, 16);
    v128.store(r3, c30);
    v128.store(r3, c31, 16);
}
/**
 * A tile whose A is read as its transpose: four rows of A are four neighbours in memory. Always adds to C.
 *
 * @param aStride bytes between steps of the depth   @param cStride bytes between rows of C
 */
function tileOfColumns(a, aStride, panel, depth, c, cStride) {
    let c00 = f32x4.splat(0);
    let c01 = c00;
    let c10 = c00;
    let c11 = c00;
    let c20 = c00;
    let c21 = c00;
    let c30 = c00;
    let c31 = c00;
    const end = panel + usize(depth) * exports.PANEL_ROW;
    for (; panel < end; a += aStride, panel += exports.PANEL_ROW) {
        const b0 = v128.load(panel);
        const b1 = v128.load(panel, 16);
        let s = v128.load32_splat(a);
        c00 = f32x4.add(c00, f32x4.mul(s, b0));
        c01 = f32x4.add(c01, f32x4.mul(s, b1));
        s = v128.load32_splat(a, 4);
        c10 = f32x4.add(c10, f32x4.mul(s, b0));
        c11 = f32x4.add(c11, f32x4.mul(s, b1));
        s = v128.load32_splat(a, 8);
        c20 = f32x4.add(c20, f32x4.mul(s, b0));
        c21 = f32x4.add(c21, f32x4.mul(s, b1));
        s = v128.load32_splat(a, 12);
        c30 = f32x4.add(c30, f32x4.mul(s, b0));
        c31 = f32x4.add(c31, f32x4.mul(s, b1));
    }
    const r1 = c + cStride;
    const r2 = r1 + cStride;
    const r3 = r2 + cStride;
    v128.store(c, f32x4.add(c00, v128.load(c)));
    v128.store(c, f32x4.add(c01, v128.load(c, 16)), 16);
    v128.store(r1, f32x4.add(c10, v128.load(r1)));
    v128.store(r1, f32x4.add(c11, v128.load(r1, 16)), 16);
    v128.store(r2, f32x4.add(c20, v128.load(r2)));
    v128.store(r2, f32x4.add(c21, v128.load(r2, 16)), 16);
    v128.store(r3, f32x4.add(c30, v128.load(r3)));
    v128.store(r3, f32x4.add(c31, v128.load(r3, 16)), 16);
}

"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.padded = padded;
exports.copyScaled = copyScaled;
exports.packColumns = packColumns;
exports.packRows = packRows;
exports.transposeFour = transposeFour;
const tile_1 = require("./tile");
/** Copies into the panels of 8 columns that the tiles read; what lies beyond the source becomes zero. */
/** A multiple of 8 that holds `size`. */
function padded(size) {
    return (size + 7) & ~7;
}
/** Copies `size` float32 values, times a factor. */
function copyScaled(from, to, size, factor) {
    const factors = f32x4.splat(factor);
    const end = to + (usize(size) << 2);
    for (; to + 16 <= end; to += 16, from += 16)
        v128.store(to, f32x4.mul(v128.load(from), factors));
    for (; to < end; to += 4, from += 4)
        store(to, load(from) * factor);
}
/**
 * Panels of x, [rows, columns]: to[p, i, c] = x[i, 8p + c], ⌈columns / 8⌉ panels of `panelRows` rows.
 *
 * @param stride bytes between rows of x   @param panelRows at least `rows`
 */
function packColumns(x, stride, rows, columns, to, panelRows) {
    for (let start = 0; start < columns; start += 8) {
        const width = min(8, columns - start);
        let from = x + (usize(start) << 2);
        let target = to;
        for (let i = 0; i < rows; i++, from += stride, target += tile_1.PANEL_ROW) {
            if (width === 8) {
                v128.store(target, v128.load(from));
                v128.store(target, v128.load(from, 16), 16);
            }
            else {
                for (let c = 0; c < 8; c++) {
                    store(target + (usize(c) << 2), c < width ? load(from + (usize(c) << 2)) : 0);
                }
            }
        }
        memory.fill(target, 0, usize(panelRows - rows) * tile_1.PANEL_ROW);
        to += usize(panelRows) * tile_1.PANEL_ROW;
    }
}
/**
 * Panels of xᵀ for x [rows, columns]: to[p, c, i] = x[8p + i, c], ⌈rows / 8⌉ panels of `columns` rows.
 *
 * @param stride bytes between rows of x
 */
function packRows(x, stride, rows, columns, to) {
    for (let start = 0; start < rows; start += 8) {
        const height = min(8, rows - start);
        let c = 0;
        if (height === 8) {
            for (; c + 4 <= columns; c += 4) {
                const from = x + (usize(c) << 2);
                transposeFour(from, stride, to, tile_1.PANEL_ROW);
                transposeFour(from + 4 * stride, stride, to + 16, tile_1.PANEL_ROW);
                to += 4 * tile_1.PANEL_ROW;
            }
        }
        for (; c < columns; c++, to += tile_1.PANEL_ROW) {
            for (let i = 0; i < 8; i++) {
                const value = i < height ? load(x + usize(i) * stride + (usize(c) << 2)) : 0;
                store(to + (usize(i) << 2), value);
            }
        }
        x += 8 * stride;
    }
}
/** Writes the transpose of a 4 × 4 block. Strides are bytes between rows. */
function transposeFour(x, stride, to, toStride) {
    const x0 = v128.load(x);
    const x1 = v128.load(x + stride);
    const x2 = v128.load(x + 2 * stride);
    const x3 = v128.load(x + 3 * stride);
    const low01 = v128.shuffle(x0, x1, 0, 4, 1, 5);
    const high01 = v128.shuffle(x0, x1, 2, 6, 3, 7);
    const low23 = v128.shuffle(x2, x3, 0, 4, 1, 5);
    const high23 = v128.shuffle(x2, x3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle(low01, low23, 0, 1, 4, 5));
    v128.store(to + toStride, v128.shuffle(low01, low23, 2, 3, 6, 7));
    v128.store(to + 2 * toStride, v128.shuffle(high01, high23, 0, 1, 4, 5));
    v128.store(to + 3 * toStride, v128.shuffle(high01, high23, 2, 3, 6, 7));
}

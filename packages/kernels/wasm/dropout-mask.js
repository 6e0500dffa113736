"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.dropoutMask = dropoutMask;
/**
 * Inverted-dropout factors from Threefry-2x32 with 20 rounds, four counters at a time; each counter gives 16 bits to
 * each of four elements, the lower half of a word first.
 *
 * @param out room for `blocks` × 16 float32 values   @param counter the first of `blocks` × 4
 * @param dropBelow elements whose 16 bits are below become 0   @param kept what the others become
 */
function dropoutMask(out, blocks, counter, key0, key1, dropBelow, kept) {
    const k0 = i32x4.splat(key0);
    const k1 = i32x4.splat(key1);
    const k2 = i32x4.splat(0x1bd11bda ^ key0 ^ key1); // the cipher's constant keeps an all-zero key from staying zero
    const low = i32x4.splat(0xffff);
    const limit = i32x4.splat(dropBelow);
    const factors = f32x4.splat(kept);
    let counters = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3));
    for (let block = 0; block < blocks; block++, out += 64) {
        let a = i32x4.add(counters, k0);
        let b = k1;
        counters = i32x4.add(counters, i32x4.splat(4));
        // prettier-ignore
        {
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 13), i32x4.shr_u(b, 19)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 15), i32x4.shr_u(b, 17)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 26), i32x4.shr_u(b, 6)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 6), i32x4.shr_u(b, 26)), a);
            a = i32x4.add(a, k1);
            b = i32x4.add(b, i32x4.add(k2, i32x4.splat(1)));
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 17), i32x4.shr_u(b, 15)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 29), i32x4.shr_u(b, 3)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 16), i32x4.shr_u(b, 16)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 24), i32x4.shr_u(b, 8)), a);
            a = i32x4.add(a, k2);
            b = i32x4.add(b, i32x4.add(k0, i32x4.splat(2)));
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 13), i32x4.shr_u(b, 19)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 15), i32x4.shr_u(b, 17)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 26), i32x4.shr_u(b, 6)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 6), i32x4.shr_u(b, 26)), a);
            a = i32x4.add(a, k0);
            b = i32x4.add(b, i32x4.add(k1, i32x4.splat(3)));
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 17), i32x4.shr_u(b, 15)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 29), i32x4.shr_u(b, 3)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 16), i32x4.shr_u(b, 16)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 24), i32x4.shr_u(b, 8)), a);
            a = i32x4.add(a, k1);
            b = i32x4.add(b, i32x4.add(k2, i32x4.splat(4)));
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 13), i32x4.shr_u(b, 19)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 15), i32x4.shr_u(b, 17)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 26), i32x4.shr_u(b, 6)), a);
            a = i32x4.add(a, b);
            b = v128.xor(v128.or(i32x4.shl(b, 6), i32x4.shr_u(b, 26)), a);
            a = i32x4.add(a, k2);
            b = i32x4.add(b, i32x4.add(k0, i32x4.splat(5)));
        }
        // Lane n of these holds elements 4n, 4n + 1, 4n + 2 and 4n + 3: transpose, then store.
        const m0 = v128.and(factors, i32x4.ge_s(v128.and(a, low), limit));
        const m1 = v128.and(factors, i32x4.ge_s(i32x4.shr_u(a, 16), limit));
        const m2 = v128.and(factors, i32x4.ge_s(v128.and(b, low), limit));
        const m3 = v128.and(factors, i32x4.ge_s(i32x4.shr_u(b, 16), limit));
        const low01 = v128.shuffle(m0, m1, 0, 4, 1, 5);
        const high01 = v128.shuffle(m0, m1, 2, 6, 3, 7);
        const low23 = v128.shuffle(m2, m3, 0, 4, 1, 5);
        const high23 = v128.shuffle(m2, m3, 2, 6, 3, 7);
        v128.store(out, v128.shuffle(low01, low23, 0, 1, 4, 5));
        v128.store(out, v128.shuffle(low01, low23, 2, 3, 6, 7), 16);
        v128.store(out, v128.shuffle(high01, high23, 0, 1, 4, 5), 32);
        v128.store(out, v128.shuffle(high01, high23, 2, 3, 6, 7), 48);
    }
}

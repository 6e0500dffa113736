"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.crossEntropy = crossEntropy;
const exponential_1 = require("./exponential");
const BLOCK = 1024; // values summed in float32 before float64 takes over; as many as the first-level cache holds
/**
 * Turns a row of logits into probabilities.
 *
 * @param x [count] and room up to a multiple of 4; overwritten
 * @param result two float64: the largest logit m and Σ exp(x − m), of which log Σ exp(x) = m + log Σ exp(x − m)
 */
function crossEntropy(x, count, result) {
    const rounded = (count + 3) & ~3;
    for (let c = count; c < rounded; c++)
        store(x + (usize(c) << 2), -Infinity);
    const highest = (0, exponential_1.largest)(x, rounded);
    let sum = 0;
    for (let c = 0; c < rounded; c += BLOCK) {
        sum += (0, exponential_1.exponentials)(x + (usize(c) << 2), min(BLOCK, rounded - c), highest);
    }
    (0, exponential_1.scaleValues)(x, rounded, f32(1 / sum));
    store(result, highest);
    store(result, sum, 8);
}

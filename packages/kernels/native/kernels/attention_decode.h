// One query over a cache of keys and values: bound by reading the cache, which is cut into pieces of kDecodeKeys that are
// attended to side by side and then joined in order.
#pragma once

#include "attention.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kDecodeKeys = 256;

static void attentionDecode(const float* q, const float* k, const float* v, float* out, std::int64_t length,
                            std::int64_t heads, std::int64_t keyValueHeads, std::int64_t headSize, float scale) {
  const std::int64_t group = heads / keyValueHeads;
  const std::int64_t d = headSize;
  const std::int64_t stride = keyValueHeads * d;
  const std::int64_t pieces = ceilDivide(length, kDecodeKeys);
  const std::int64_t padded = roundUp(d, W);
  // partial [G, pieces, group, 2 + padded]: largest score, sum of exponentials, weighted sum of values
  const std::int64_t record = 2 + padded;
  float* const partial = scratchFloats(Scratch::partials, keyValueHeads * pieces * group * record);
  parallel(keyValueHeads * pieces, [&](std::int64_t job) {
    const std::int64_t head = job / pieces;
    const std::int64_t start = job % pieces * kDecodeKeys;
    const std::int64_t keys = smaller(kDecodeKeys, length - start);
    float* const scores = scratchFloats(Scratch::scores, group * kDecodeKeys);
    const float* keyRows = k + start * stride + head * d;
    const float* valueRows = v + start * stride + head * d;
    for (std::int64_t j = 0; j < keys; j++) {
      for (std::int64_t h = 0; h < group; h++) {
        const float* query = q + (head * group + h) * d;
        F sum = {};
        for (std::int64_t c = 0; c < d; c += W) {
          sum = fma(loadUpTo(query + c, d - c), loadUpTo(keyRows + j * stride + c, d - c), sum);
        }
        scores[h * kDecodeKeys + j] = sumOf(sum) * scale;
      }
    }
    for (std::int64_t h = 0; h < group; h++) {
      float* const row = scores + h * kDecodeKeys;
      float* const result = partial + (job * group + h) * record;
      float largest = row[0];
      for (std::int64_t j = 1; j < keys; j++) largest = row[j] > largest || row[j] != row[j] ? row[j] : largest;
      float total = 0;
      for (std::int64_t j = 0; j < keys; j += W) {
        const std::int64_t n = smaller(W, keys - j);
        float lanes[W];
        store(lanes, exponential(loadUpTo(row + j, n) - splat(largest)));
        for (std::int64_t i = 0; i < n; i++) total += row[j + i] = lanes[i];
      }
      result[0] = largest;
      result[1] = total;
    }
    for (std::int64_t c = 0; c < d; c += W) {
      const std::int64_t n = smaller(W, d - c);
      for (std::int64_t h = 0; h < group; h++) {
        F sum = {};
        for (std::int64_t j = 0; j < keys; j++) {
          sum = fma(splat(scores[h * kDecodeKeys + j]), loadUpTo(valueRows + j * stride + c, n), sum);
        }
        store(partial + (job * group + h) * record + 2 + c, sum);
      }
    }
  });
  for (std::int64_t h = 0; h < heads; h++) {
    const auto at = [&](std::int64_t piece) {
      return partial + ((h / group * pieces + piece) * group + h % group) * record;
    };
    float largest = at(0)[0];
    for (std::int64_t piece = 1; piece < pieces; piece++) {
      const float here = at(piece)[0];
      largest = here > largest || here != here ? here : largest;
    }
    float total = 0;
    for (std::int64_t piece = 0; piece < pieces; piece++) total += at(piece)[1] * exponentialOfOne(at(piece)[0] - largest);
    for (std::int64_t c = 0; c < d; c += W) {
      F sum = {};
      for (std::int64_t piece = 0; piece < pieces; piece++) {
        sum = fma(load(at(piece) + 2 + c), splat(exponentialOfOne(at(piece)[0] - largest) / total), sum);
      }
      storeUpTo(out + h * d + c, sum, smaller(W, d - c));
    }
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe

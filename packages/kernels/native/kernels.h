// Every kernel, as a table of plain functions: one table a level (see cpu_level.h), all with the same meaning.
//
// Axes: N rows (tokens), I inputs, O outputs, h hidden size, V vocabulary, H query heads, G key/value heads, d head size.
// Arrays are float32 and row-major unless said otherwise. A kernel borrows its pointers for the call and keeps none. What takes
// more than four arguments takes them as a struct with the kernel's name.
// Outputs are overwritten unless `accumulate` is set, and do not overlap inputs unless said otherwise.
// Each output element is summed by one thread in a fixed order: the number of threads changes no bit.
#pragma once

#include <cstdint>

namespace lathe {

enum class Format { fp32, bf16, fp16, int8, nf4, fp8 };

constexpr std::int64_t kNf4Block = 64;         // weights that share a scale, as in QLoRA (arXiv:2305.14314)
constexpr std::int64_t kNf4ScaleGroup = 256;   // scales that share a scale of their own (double quantisation)
constexpr std::int64_t kGatedBlock = 64;       // kept numbers of a gated linear that share a scale

constexpr std::int64_t kFp8Block = 128;        // columns of a row of 8-bit floats that share a scale; in files rows too

constexpr std::int64_t kHeadBlock = 256;       // columns of an output head that are computed again together, or a multiple

// Rows [firstRow, firstRow + rows) of a matrix of 8-bit floats (e4m3) with a scale for each block of kFp8Block rows and columns
// of the matrix, blocks of a row of blocks one after the other.
struct Fp8Blocks {
  const std::uint8_t* codes;  // [rows, columns]
  const float* scales;        // of the matrix as a whole
  std::int64_t firstRow, rows, columns;
};

// Activations in memory: float32 or bfloat16.
struct Values {
  Format format;
  const void* data;
};

// Rows that a pass kept: float32, bfloat16, or int8 with a scale for each.
struct KeptRows {
  Format format;
  const void* data;
  const float* scales;
};

// Bytes that gatedLinear keeps of N rows of f columns: gate and up, one byte a number, and float32 scales of blocks.
static inline std::int64_t gatedCodeBytes(std::int64_t N, std::int64_t f) { return (2 * N * f + 3) / 4 * 4; }
static inline std::int64_t gatedBytes(std::int64_t N, std::int64_t f) {
  return gatedCodeBytes(N, f) + 2 * N * ((f + kGatedBlock - 1) / kGatedBlock) * 4;
}

// A weight matrix [rows, columns], row-major codes.
// int8: weight = scales[row] * code.
// nf4:  two codes a byte, the first in the high half, ceil(columns / 2) bytes a row; weight = scale of its block *
//       codebook[code], blocks of kNf4Block starting anew in each row. The scale of block b is scales[b], or where scales
//       is nullptr scaleOffset + groupScales[b / kNf4ScaleGroup] * scaleMap[scaleCodes[b]].
// fp8:  8-bit floats (e4m3); weight = scale of its block * code, rounded to bfloat16; blocks of kFp8Block starting anew in each row.
struct Weight {
  Format format;
  const void* codes;
  const float* scales;  // int8: [rows]; fp8: [blocks]; nf4: [blocks] or nullptr; else nullptr
  std::int64_t rows;
  std::int64_t columns;
  const std::uint8_t* scaleCodes;  // nf4: [blocks]
  const float* groupScales;        // nf4: [ceil(blocks / kNf4ScaleGroup)]
  const float* scaleMap;           // nf4: [256]
  float scaleOffset;
};

// How products multiply. fp32: float32 factors. bf16: activations may be rounded to bfloat16 where the level multiplies that
// faster and the weights are exact in it. int8: activations are rounded to 8 bits with a scale a row, except in columns
// with outliers, gradients with dither; weights that are not int8 are rounded to it with a scale for each output of the
// product and each block of its depth, or multiplied in bf16 where the level has tile registers and they are bf16 or nf4.
enum class Precision { fp32, bf16, int8 };

// left [N, rank] times right, scaled and added to a product before it leaves the cache: the update of a low-rank adapter.
// right is [O, rank] for linear and [rank, I] for linearInputGradient. rank 0: none.
struct LowRank {
  const float* left;
  const float* right;
  std::int64_t rank;
  float scale;
};

struct ProductOptions {
  float alpha;
  bool accumulate;
  Precision precision;
  float outlierRatio;  // an element beyond so many times the root mean square of its row is an outlier; infinity: none
};

// One of several products with the same activations.
struct LinearOutput {
  Weight weight;
  const float* bias;  // [O] or nullptr
  float* y;           // [N, O]
  LowRank lowRank;
};

// y [N, O] = alpha * x [N, I] W^T + bias [O], for each of `count` weights [O, I], added to y where `accumulate`
struct Linear {
  Values x;
  const LinearOutput* outputs;
  std::int64_t count;
  std::int64_t N;
  ProductOptions options;
};

// dx [N, I] = alpha * dy [N, O] W
struct LinearInputGradient {
  Values dy;
  Weight weight;
  float* dx;
  LowRank lowRank;
  std::int64_t N;
  ProductOptions options;
};

// hidden [N, f] = silu(gate) * up, rounded to bfloat16, with gate and up the products of x [N, I] with two weights [f, I]
struct GatedLinear {
  const float* x;
  LinearOutput gate, up;  // without a y
  std::uint8_t* kept;     // gatedBytes, or nullptr
  std::uint16_t* hidden;
  std::int64_t N;
  ProductOptions options;
};

// dGate and dUp [N, f] in bfloat16, from the gradient dy [N, O] of hidden Wd^T, Wd [O, f], and what gatedLinear kept
struct GatedLinearBackward {
  const float* dy;
  Weight down;
  LowRank lowRank;
  const std::uint8_t* kept;
  std::uint16_t* dGate;  // may lie where the codes of `kept` do
  std::uint16_t* dUp;
  std::int64_t N;
  ProductOptions options;
};

// c = alpha * op(a) op(b), added to c where `accumulate`
struct Gemm {
  std::int64_t m, n, k;
  const float* a;  // [m, k], or [k, m] where transposeA
  const float* b;  // [k, n], or [n, k] where transposeB
  float* c;        // [m, n]
  bool transposeA, transposeB;
  float alpha;
  bool accumulate;
};

// y [N, h] = x / sqrt(mean(x^2) + epsilon) * weight [h]
struct RmsNormForward {
  const float* x;
  const float* weight;
  float* y;  // may be x
  std::int64_t N, h;
  float epsilon;
};

// dx [N, h] and dWeight [h], each nullptr where not wanted
struct RmsNormBackward {
  Values x;  // as a pass kept it
  const float* weight;
  const float* dy;
  float* dx;  // may be dy
  float* dWeight;
  std::int64_t N, h;
  float epsilon;
};

// The pair (x[c], x[c + d/2]) of every head turned by the angle of cos, sin [N, d/2]
struct Rotate {
  const float* x;  // [N, heads, d]
  float* out;      // may be x
  const float* cos;
  const float* sin;
  std::int64_t N, heads, headSize;
  float direction;  // 1 or -1
};

// Gradients of silu(gate) * up, each nullptr where not wanted
struct SwigluBackward {
  Format kept;  // of gate and up: fp32 or bf16
  const void* gate;
  const void* up;
  const float* dOut;
  float* dGate;  // may be gate
  float* dUp;    // may be up or dOut
  std::int64_t length;
};

// out [N, width] = factors [N] * x [N, width] row by row
struct ScaleRows {
  const float* x;
  const float* factors;
  float* out;  // may be x
  std::int64_t N, width;
};

// sums [width] of the rows of x [N, width], added to sums where `accumulate`
struct SumRows {
  const float* x;
  float* sums;
  std::int64_t N, width;
  bool accumulate;
};

// How a row is sampled, as JavaScript lays it out.
struct SamplingChoice {
  double temperature;  // 0: the likeliest, of equals the first
  double topK;         // a whole number; 0: all
  double topP;         // in (0, 1]
  double place;        // in [0, 1): of the draw, among the tokens that are left in the order of their ids
};

// ids [N]: tokens drawn from rows of logits; -1 - id where the logit of id is NaN or infinity, or where all are -infinity
struct SampleRows {
  const float* logits;            // [N, V]
  const SamplingChoice* choices;  // [N]
  std::int32_t* ids;
  std::int64_t N, V;
};

// codes [N, width] = x / scales, scales [N] the largest magnitude of each row / 127 (0 for rows of zeros)
struct ToInt8Rows {
  const float* x;
  std::int8_t* codes;
  float* scales;
  std::int64_t N, width;
};

// dTable [rows, width] += dOut [N, width] at rows `ids`, in order of N
struct ScatterAddRows {
  const float* dOut;
  const std::int32_t* ids;
  float* dTable;
  std::int64_t N, width;
};

// out = x * mask, added to out where `accumulate`; the mask of Threefry-2x32 under the key: 0 where 16 random bits are
// below dropBelow, else kept
struct Dropout {
  const float* x;
  float* out;  // may be x
  std::int64_t length;
  std::uint32_t key0, key1;
  std::uint32_t dropBelow;
  float kept;
  bool accumulate;
};

// How attention is laid out over sequences, one after the other, and how it multiplies.
struct AttentionShape {
  std::int64_t heads, keyValueHeads, headSize;
  float scale;
  Precision precision;  // fp32, or else factors may be rounded to bfloat16 where the level multiplies that faster
  const std::int32_t* querySegments;  // [sequences + 1], from 0 to N
  const std::int32_t* keySegments;    // [sequences + 1], from 0 to M
  std::int64_t sequences;
};

// out [N, H, d] = causal attention of q [N, H, d] over k, v [M, G, d]
struct AttentionForward {
  const float* q;
  const float* k;
  const float* v;
  float* out;
  float* logSumExp;  // [N, H] or nullptr
  AttentionShape shape;
};

// dq [N, H, d], dk [M, G, d], dv [M, G, d], from what the forward gave and dOut [N, H, d]
struct AttentionBackward {
  Format kept;  // of q, k and v: fp32 or bf16
  const void* q;
  const void* k;
  const void* v;
  KeptRows out;  // rows of one head each
  const float* logSumExp;
  const float* dOut;
  float* dq;
  float* dk;
  float* dv;
  AttentionShape shape;
};

// The first `length` rows of keys and values [M, G, d] of one sequence; for int8 each head of each row has a scale in
// keyScales and valueScales [M, G].
struct KeyValueCache {
  Format format;  // fp32, bf16 or int8
  const void* keys;
  const void* values;
  const float* keyScales;
  const float* valueScales;
  std::int64_t length;
};

// out [S, H, d] = attention of S queries [S, H, d], each over a cache of its own; caches of one format, none empty
struct AttentionDecode {
  const float* q;
  const KeyValueCache* caches;  // [S]
  float* out;
  std::int64_t S;
  std::int64_t heads, keyValueHeads, headSize;
  float scale;
};

// losses [M] = log sum exp(logits [M, V]) - logits[target]; dLogits [M, V] = gradientScale * (softmax - one-hot)
struct CrossEntropyRows {
  const float* logits;
  const std::int32_t* targets;
  float* losses;
  float* dLogits;  // or nullptr; may be logits
  std::int64_t M, V;
  float gradientScale;
};

// losses [N] as crossEntropyRows gives them of logits hidden [N, h] W^T + bias, W [V, h], and dHidden [N, h], the gradient of
// their sum, or nullptr. For dHidden a workspace [N, workspaceColumns], fp32 or bf16, is wanted. Of V columns it keeps the
// exponentials of the forward pass; of fewer, a multiple of kHeadBlock, so many of the gradient at a time, whose logits are
// computed again.
struct HeadLosses {
  const float* hidden;
  Weight weight;
  const float* bias;
  const std::int32_t* targets;
  float* losses;
  float* dHidden;
  Values workspace;
  std::int64_t workspaceColumns;
  std::int64_t N;
  ProductOptions options;
};

// Adam with decoupled weight decay.
struct AdamW {
  double learningRate, beta1, beta2, epsilon, weightDecay, gradientScale;
  std::int64_t step;  // 1 for the first
};

struct AdamWTensor {
  float* parameter;
  const float* gradient;
  float* first;
  float* second;
  std::int64_t length;
};

constexpr std::int64_t kMomentBlock = 256;     // codes of a moment that share a scale

// Values within [-1, 1] that are stored as 8 bits: 256, ascending; between each two of them the largest number that is stored
// as the lower one; and for the upper 16 bits of a float32 the index of the least number that begins with them, of which at
// most one other is stored as the next.
struct DynamicCode {
  const float* values;         // [256]
  const float* middles;        // [256], the last infinite
  const std::uint8_t* starts;  // [65536]
};

// A moment in 8 bits: codes, and the largest magnitude of each block of kMomentBlock.
struct PackedMoment {
  std::uint8_t* codes;
  float* scales;
};

struct AdamW8bitTensor {
  float* parameter;
  const float* gradient;
  PackedMoment first, second;
  std::int64_t length;
};

// Adam with decoupled weight decay over moments in 8 bits. A second moment above 0 is stored as one above 0.
struct AdamW8bit {
  AdamW step;
  DynamicCode first, second;  // of numbers with and without a sign; 0 is the first code of `second`
};

// Adafactor without a first moment and with a rate from outside.
struct Adafactor {
  double learningRate, weightDecay, gradientScale;
  double kept;  // share of the second moments that stays
};

// A vector of `columns` elements, `rows` 1 and `matrices` 1, has its squares in columnMoments and rowMoments nullptr.
struct AdafactorTensor {
  float* parameter;        // [matrices, rows, columns]
  const float* gradient;
  float* rowMoments;       // [matrices, rows]
  float* columnMoments;    // [matrices, columns]
  std::int64_t matrices, rows, columns;
};

struct Span {
  const float* data;
  std::int64_t length;
};

// What a kernel computes is said at its struct, or here where it has none.
struct Kernels {
  const char* level;

  void (*linear)(const Linear&);
  void (*linearInputGradient)(const LinearInputGradient&);
  void (*gatedLinear)(const GatedLinear&);
  void (*gatedLinearBackward)(const GatedLinearBackward&);
  // hidden [N, f] again, from what gatedLinear kept
  void (*gatedHidden)(const std::uint8_t* kept, std::uint16_t* hidden, std::int64_t N, std::int64_t f);
  void (*gemm)(const Gemm&);

  void (*rmsNormForward)(const RmsNormForward&);
  void (*rmsNormBackward)(const RmsNormBackward&);
  void (*rotate)(const Rotate&);

  // out = silu(gate) * up, elementwise; out may be gate or up
  void (*swigluForward)(const float* gate, const float* up, float* out, std::int64_t length);
  void (*swigluBackward)(const SwigluBackward&);
  // out = a + b; out may be either
  void (*add)(const float* a, const float* b, float* out, std::int64_t length);
  // out = a * b; out may be either
  void (*multiply)(const float* a, const float* b, float* out, std::int64_t length);
  // out = factor * x; out may be x
  void (*scale)(const float* x, float factor, float* out, std::int64_t length);
  // y += factor * x
  void (*addScaled)(float* y, const float* x, float factor, std::int64_t length);
  // y = e^x; out may be x
  void (*exponential)(const float* x, float* out, std::int64_t length);

  void (*scaleRows)(const ScaleRows&);
  void (*sumRows)(const SumRows&);
  // out [n, m] = x [m, n] transposed
  void (*transpose)(const float* x, float* out, std::int64_t m, std::int64_t n);
  // out [N, columns] = rows `ids` of the table, widened
  void (*gatherRows)(const Weight& table, const std::int32_t* ids, float* out, std::int64_t N);
  void (*scatterAddRows)(const ScatterAddRows&);
  void (*sampleRows)(const SampleRows&);

  // codes = x rounded to bfloat16, nearest and ties to even; NaN stays NaN
  void (*toBf16)(const float* x, std::uint16_t* codes, std::int64_t length);
  // x = codes widened
  void (*fromBf16)(const std::uint16_t* codes, float* x, std::int64_t length);
  void (*toInt8Rows)(const ToInt8Rows&);
  // codes [rows, columns] = source / scales [rows], of a source in fp32, bf16 or fp16; NaN is the scale of a row that is not
  // finite, whose codes are zeros
  void (*toInt8Weights)(const Weight& source, std::int8_t* codes, float* scales);

  // out [rows, columns] = codes * scales rounded to bfloat16, nearest and ties to even
  void (*fromFp8Blocks)(const Fp8Blocks&, std::uint16_t* out);

  void (*dropout)(const Dropout&);

  void (*attentionForward)(const AttentionForward&);
  void (*attentionBackward)(const AttentionBackward&);
  void (*attentionDecode)(const AttentionDecode&);

  void (*crossEntropyRows)(const CrossEntropyRows&);
  void (*headLosses)(const HeadLosses&);

  // one step for many tensors
  void (*adamW)(const AdamWTensor* tensors, std::int64_t count, const AdamW& config);
  void (*adamW8bit)(const AdamW8bitTensor* tensors, std::int64_t count, const AdamW8bit& config);
  void (*adafactor)(const AdafactorTensor* tensors, std::int64_t count, const Adafactor& config);
  // sum of the squares of all elements
  double (*sumOfSquares)(const Span* tensors, std::int64_t count);
};

}  // namespace lathe

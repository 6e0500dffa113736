// Holds every level that runs here to the portable one, on random shapes. The tests in TypeScript do more, but want a Node of the
// same architecture; this program needs an emulator at most:
//
//   cd packages/kernels/native
//   CXX="aarch64-linux-gnu-g++ -O2 -std=c++17 -ffp-contract=off -static -pthread"
//   $CXX -DLATHE_LEVEL=portable -DLATHE_PORTABLE -c level.cc -o /tmp/portable.o
//   $CXX -DLATHE_LEVEL=neon -c level.cc -o /tmp/neon.o
//   $CXX -DLATHE_HAS_neon=1 tests/levels_test.cc {cpu_level,thread_pool,core_count,scratch,selection}.cc /tmp/{portable,neon}.o -o /tmp/test
//   qemu-aarch64 /tmp/test
#include "../cpu_level.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace lathe;
using Floats = std::vector<float>;

std::mt19937 generator(20251123);

std::int64_t between(std::int64_t least, std::int64_t most) {
  return std::uniform_int_distribution<std::int64_t>(least, most)(generator);
}
Floats normals(std::int64_t length) {
  std::normal_distribution<float> normal;
  Floats values(static_cast<std::size_t>(length));
  for (float& value : values) value = normal(generator);
  return values;
}

int failures = 0;

// |a - b| <= bound * (1 + largest magnitude of b)
void compare(const char* level, const std::string& what, const Floats& a, const Floats& b, double bound) {
  double largest = 0;
  for (const float value : b) largest = std::fmax(largest, std::fabs(static_cast<double>(value)));
  for (std::size_t i = 0; i < b.size(); i++) {
    const double error = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (error <= bound * (1 + largest)) continue;
    std::printf("%s, %s: element %zu is %g, portable has %g\n", level, what.c_str(), i, static_cast<double>(a[i]),
                static_cast<double>(b[i]));
    failures++;
    return;
  }
}

struct OwnedWeight {
  std::vector<std::uint8_t> codes;
  Floats scales;
  Weight weight;
};

OwnedWeight randomWeight(Format format, std::int64_t rows, std::int64_t columns) {
  OwnedWeight owned;
  const std::int64_t bytes = format == Format::fp32   ? 4 * columns
                             : format == Format::int8 ? columns
                             : format == Format::nf4  ? (columns + 1) / 2
                                                      : 2 * columns;
  owned.codes.resize(static_cast<std::size_t>(rows * bytes));
  if (format == Format::fp32) {
    const Floats values = normals(rows * columns);
    std::memcpy(owned.codes.data(), values.data(), owned.codes.size());
  } else if (format == Format::bf16 || format == Format::fp16) {
    for (std::int64_t i = 0; i < rows * columns; i++) {
      const auto code = static_cast<std::uint16_t>(format == Format::bf16 ? between(0x3e00, 0x4000) : between(0, 0x43ff));
      const auto signedCode = static_cast<std::uint16_t>(code | (between(0, 1) << 15));
      std::memcpy(owned.codes.data() + 2 * i, &signedCode, 2);
    }
  } else {
    for (std::uint8_t& code : owned.codes) code = static_cast<std::uint8_t>(between(0, 255));
  }
  if (format == Format::int8) owned.scales = normals(rows);
  if (format == Format::nf4) owned.scales = normals(rows * ((columns + kNf4Block - 1) / kNf4Block));
  owned.weight = {format, owned.codes.data(), owned.scales.empty() ? nullptr : owned.scales.data(), rows, columns, nullptr, nullptr, nullptr, 0};
  return owned;
}

void products(const Kernels& level, const Kernels& portable) {
  // Of activations, in place of eight: steps twice as wide.
  const bool hasSevenBits = std::strcmp(level.level, "avx2") == 0 || std::strcmp(level.level, "avx512") == 0;
  for (int round = 0; round < 60; round++) {
    const auto format = static_cast<Format>(between(0, 4));
    const std::int64_t N = between(1, 30), I = between(1, 300), O = between(1, 100), rank = between(0, 9);
    OwnedWeight w = randomWeight(format, O, I);
    const Floats x = normals(N * I), dy = normals(N * O), bias = normals(O), left = normals(N * rank), right = normals(rank * O);
    for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
      const ProductOptions options = {0.5f, between(0, 1) == 1, precision, 2.0f};
      Floats y[2] = {normals(N * O), {}}, dx[2] = {normals(N * I), {}};
      y[1] = y[0], dx[1] = dx[0];
      int side = 0;
      for (const Kernels* kernels : {&level, &portable}) {
        const LinearOutput output = {w.weight, bias.data(), y[side].data(), {left.data(), right.data(), rank, 2.0f}};
        kernels->linear({{Format::fp32, x.data()}, &output, 1, N, options});
        kernels->linearInputGradient({{Format::fp32, dy.data()}, w.weight, dx[side].data(), {}, N, options});
        side++;
      }
      const std::string what = "format " + std::to_string(static_cast<int>(format)) + " precision " +
                               std::to_string(static_cast<int>(precision)) + " [" + std::to_string(N) + ", " +
                               std::to_string(I) + "] x " + std::to_string(O);
      const double bound = precision == Precision::fp32 ? 1e-5 : precision == Precision::int8 && hasSevenBits ? 4e-2 : 2e-2;
      compare(level.level, "linear " + what, y[0], y[1], bound);
      compare(level.level, "linearInputGradient " + what, dx[0], dx[1], bound);
    }
    for (int transposes = 0; transposes < 4; transposes++) {
      const Floats a = normals(N * I), b = normals(I * O);
      Floats c[2] = {Floats(static_cast<std::size_t>(N * O)), Floats(static_cast<std::size_t>(N * O))};
      level.gemm({N, O, I, a.data(), b.data(), c[0].data(), (transposes & 1) != 0, (transposes & 2) != 0, 1, false});
      portable.gemm({N, O, I, a.data(), b.data(), c[1].data(), (transposes & 1) != 0, (transposes & 2) != 0, 1, false});
      compare(level.level, "gemm", c[0], c[1], 1e-5);
    }
  }
}

void attention(const Kernels& level, const Kernels& portable) {
  for (int round = 0; round < 20; round++) {
    const std::int64_t G = between(1, 3), H = G * between(1, 5), d = between(1, 70);
    std::vector<std::int32_t> queries = {0}, keys = {0};
    for (std::int64_t s = between(1, 4); s > 0; s--) {
      const std::int64_t n = between(0, 80);
      queries.push_back(static_cast<std::int32_t>(queries.back() + n));
      keys.push_back(static_cast<std::int32_t>(keys.back() + n + between(0, 70)));
    }
    const std::int64_t N = queries.back(), M = keys.back();
    const AttentionShape shape = {H, G, d, 0.3f, Precision::fp32, queries.data(), keys.data(), static_cast<std::int64_t>(queries.size()) - 1};
    const Floats q = normals(N * H * d), k = normals(M * G * d), v = normals(M * G * d), dOut = normals(N * H * d);
    Floats out[2], sums[2], dq[2], dk[2], dv[2];
    int side = 0;
    for (const Kernels* kernels : {&level, &portable}) {
      out[side] = q, dq[side] = q, dk[side] = k, dv[side] = k, sums[side] = Floats(static_cast<std::size_t>(N * H));
      kernels->attentionForward({q.data(), k.data(), v.data(), out[side].data(), sums[side].data(), shape});
      kernels->attentionBackward({Format::fp32, q.data(), k.data(), v.data(), {Format::fp32, out[side].data(), nullptr},
                                  sums[side].data(), dOut.data(), dq[side].data(), dk[side].data(), dv[side].data(), shape});
      side++;
    }
    compare(level.level, "attention", out[0], out[1], 1e-5);
    compare(level.level, "attention, logSumExp", sums[0], sums[1], 1e-5);
    compare(level.level, "attention, dq", dq[0], dq[1], 1e-4);
    compare(level.level, "attention, dk", dk[0], dk[1], 1e-4);
    compare(level.level, "attention, dv", dv[0], dv[1], 1e-4);
    if (M == 0) continue;
    Floats decoded[2] = {Floats(static_cast<std::size_t>(2 * H * d)), Floats(static_cast<std::size_t>(2 * H * d))};
    const Floats query = normals(2 * H * d);
    const KeyValueCache caches[2] = {{Format::fp32, k.data(), v.data(), nullptr, nullptr, M},
                                     {Format::fp32, v.data(), k.data(), nullptr, nullptr, between(1, M)}};
    level.attentionDecode({query.data(), caches, decoded[0].data(), 2, H, G, d, 0.3f});
    portable.attentionDecode({query.data(), caches, decoded[1].data(), 2, H, G, d, 0.3f});
    compare(level.level, "attentionDecode", decoded[0], decoded[1], 1e-5);
  }
}

void elementwise(const Kernels& level, const Kernels& portable) {
  for (int round = 0; round < 20; round++) {
    const std::int64_t N = between(1, 40), h = between(1, 200), length = N * h;
    const Floats a = normals(length), b = normals(length), dy = normals(length), weight = normals(h), half = normals(N * h);
    const OwnedWeight source = randomWeight(std::vector{Format::fp32, Format::bf16, Format::fp16}[round % 3], N, h);
    std::vector<std::int32_t> targets;
    for (std::int64_t n = 0; n < N; n++) targets.push_back(static_cast<std::int32_t>(between(0, h - 1)));
    std::vector<Floats> results[2];
    int side = 0;
    for (const Kernels* k : {&level, &portable}) {
      const auto next = [&](std::int64_t count) -> float* {
        results[side].push_back(Floats(static_cast<std::size_t>(count)));
        return results[side].back().data();
      };
      results[side].reserve(32);
      k->rmsNormForward({a.data(), weight.data(), next(length), N, h, 1e-6f});
      float* dx = next(length);
      k->rmsNormBackward({{Format::fp32, a.data()}, weight.data(), dy.data(), dx, next(h), N, h, 1e-6f});
      k->swigluForward(a.data(), b.data(), next(length), length);
      float* dGate = next(length);
      k->swigluBackward({Format::fp32, a.data(), b.data(), dy.data(), dGate, next(length), length});
      k->add(a.data(), b.data(), next(length), length);
      k->transpose(a.data(), next(length), N, h);
      k->exponential(a.data(), next(length), length);
      k->dropout({a.data(), next(length), length, 1, 2, 20000, 1.5f, false});
      k->scaleRows({a.data(), b.data(), next(length), N, h});
      k->sumRows({a.data(), next(h), N, h, false});
      float* losses = next(N);
      k->crossEntropyRows({a.data(), targets.data(), losses, next(length), N, h, 1.0f});
      if (h % 2 == 0) k->rotate({a.data(), next(length), half.data(), b.data(), N, 1, h, 1.0f});
      std::vector<std::uint16_t> codes(static_cast<std::size_t>(length));
      k->toBf16(a.data(), codes.data(), length);
      k->fromBf16(codes.data(), next(length), length);
      std::vector<std::int8_t> bytes(static_cast<std::size_t>(length));
      k->toInt8Rows({a.data(), bytes.data(), next(N), N, h});
      const auto widen = [&] {
        float* const wide = next(length);
        for (std::int64_t i = 0; i < length; i++) wide[i] = bytes[static_cast<std::size_t>(i)];
      };
      widen();
      k->toInt8Weights(source.weight, bytes.data(), next(N));
      widen();
      std::vector<SamplingChoice> choices;
      std::vector<std::int32_t> ids(static_cast<std::size_t>(N));
      for (std::int64_t row = 0; row < N; row++) {
        choices.push_back({row % 4 == 0 ? 0.0 : 0.7, static_cast<double>(row % 3 * 2), row % 2 == 0 ? 1.0 : 0.8,
                           static_cast<double>(row) / static_cast<double>(N)});
      }
      k->sampleRows({a.data(), choices.data(), ids.data(), N, h});
      float* const tokens = next(N);
      for (std::int64_t row = 0; row < N; row++) tokens[row] = static_cast<float>(ids[static_cast<std::size_t>(row)]);
      float* parameter = next(length);
      std::memcpy(parameter, a.data(), static_cast<std::size_t>(length) * 4);
      float* first = next(length);
      const AdamWTensor tensor = {parameter, dy.data(), first, next(length), length};
      k->adamW(&tensor, 1, {1e-2, 0.9, 0.99, 1e-8, 0.1, 1, 1});
      float* matrix = next(length);
      std::memcpy(matrix, a.data(), static_cast<std::size_t>(length) * 4);
      float* rowMoments = next(N);
      const AdafactorTensor factored = {matrix, dy.data(), rowMoments, next(h), 1, N, h};
      k->adafactor(&factored, 1, {1e-2, 0.1, 1, 0});
      const Span span = {a.data(), length};
      next(1)[0] = static_cast<float>(k->sumOfSquares(&span, 1));
      side++;
    }
    for (std::size_t i = 0; i < results[0].size(); i++) {
      compare(level.level, "elementwise result " + std::to_string(i), results[0][i], results[1][i], 5e-6);
    }
  }
}

}  // namespace

int main() {
  const auto& levels = availableLevels();
  const Kernels* portable = nullptr;
  for (const Kernels* level : levels) {
    if (std::strcmp(level->level, "portable") == 0) portable = level;
  }
  for (const Kernels* level : levels) {
    if (level == portable) continue;
    products(*level, *portable);
    attention(*level, *portable);
    elementwise(*level, *portable);
    std::printf("%s: compared with portable\n", level->level);
  }
  return failures == 0 ? 0 : 1;
}

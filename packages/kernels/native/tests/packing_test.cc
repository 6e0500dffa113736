// Holds the panels of a level to what they are defined to hold, bit for bit, on random shapes; with the argument `time`, says
// how long packing a weight takes. One level a build:
//
//   cd packages/kernels/native
//   FLAGS="-O2 -std=c++17 -ffp-contract=off -pthread"
//   g++ $FLAGS -DLATHE_LEVEL=avx2 -mavx2 -mfma -mf16c -mbmi2 tests/packing_test.cc {thread_pool,core_count,scratch,selection}.cc -o /tmp/test
//   /tmp/test && /tmp/test time
#include "../kernels/product.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include <time.h>

// The level's own choice of float32 where that is faster has no part in how panels look.
bool lathe::hasSlowBf16Vectors() { return false; }

namespace {

using namespace lathe;
using namespace lathe::LATHE_LEVEL;

constexpr unsigned kSeed = 20251128;
std::mt19937 generator(kSeed);
int failures = 0;

std::int64_t between(std::int64_t least, std::int64_t most) {
  return std::uniform_int_distribution<std::int64_t>(least, most)(generator);
}

constexpr Format kFormats[] = {Format::fp32, Format::bf16, Format::fp16, Format::int8, Format::nf4};
constexpr const char* kFormatNames[] = {"fp32", "bf16", "fp16", "int8", "nf4"};

struct OwnedWeight {
  std::vector<std::uint8_t> codes, scaleCodes;
  std::vector<float> scales, groupScales, scaleMap;
  Weight weight;
};

// Every code there is, so that all of int8 is among them; the scales of nf4 plain or quantised themselves.
OwnedWeight randomWeight(Format format, std::int64_t rows, std::int64_t columns) {
  OwnedWeight owned;
  const std::int64_t bytes = format == Format::fp32   ? 4 * columns
                             : format == Format::int8 ? columns
                             : format == Format::nf4  ? (columns + 1) / 2
                                                      : 2 * columns;
  owned.codes.resize(static_cast<std::size_t>(rows * bytes));
  std::normal_distribution<float> normal;
  for (std::int64_t i = 0; i < rows * columns; i++) {
    const float value = normal(generator);
    if (format == Format::fp32) std::memcpy(owned.codes.data() + 4 * i, &value, 4);
    else if (format == Format::bf16) std::memcpy(owned.codes.data() + 2 * i, reinterpret_cast<const char*>(&value) + 2, 2);
    else if (format == Format::fp16) owned.codes[static_cast<std::size_t>(2 * i + 1)] = static_cast<std::uint8_t>(between(0x30, 0x43));
  }
  if (format == Format::int8 || format == Format::nf4) {
    for (std::uint8_t& code : owned.codes) code = static_cast<std::uint8_t>(between(0, 255));
  }
  owned.weight = {format, owned.codes.data(), nullptr, rows, columns, nullptr, nullptr, nullptr, 0};
  const std::int64_t blocks = format == Format::nf4 ? rows * ((columns + kNf4Block - 1) / kNf4Block) : format == Format::int8 ? rows : 0;
  if (blocks == 0) return owned;
  if (format == Format::nf4 && between(0, 1) == 1) {
    for (std::int64_t i = 0; i < blocks; i++) owned.scaleCodes.push_back(static_cast<std::uint8_t>(between(0, 255)));
    for (std::int64_t i = 0; i <= blocks / kNf4ScaleGroup; i++) owned.groupScales.push_back(0.01f * std::fabs(normal(generator)));
    for (int i = 0; i < 256; i++) owned.scaleMap.push_back(static_cast<float>(i - 128) / 128);
    owned.weight.scaleCodes = owned.scaleCodes.data();
    owned.weight.groupScales = owned.groupScales.data();
    owned.weight.scaleMap = owned.scaleMap.data();
    owned.weight.scaleOffset = 0.05f;
  } else {
    for (std::int64_t i = 0; i < blocks; i++) owned.scales.push_back(0.01f + std::fabs(normal(generator)));
    owned.weight.scales = owned.scales.data();
  }
  return owned;
}

float weightAt(const Weight& w, std::int64_t row, std::int64_t column) {
  const auto* const bytes = static_cast<const std::uint8_t*>(w.codes);
  if (w.format == Format::int8) return static_cast<float>(static_cast<std::int8_t>(bytes[row * w.columns + column]));
  if (w.format == Format::nf4) {
    const std::uint8_t pair = bytes[row * ((w.columns + 1) / 2) + column / 2];
    const float value = kNf4Codebook[column % 2 == 0 ? pair >> 4 : pair & 15];
    return value * scaleOfBlock(w, row * ceilDivide(w.columns, kNf4Block) + column / kNf4Block);
  }
  const std::int64_t at = row * w.columns + column;
  float value = 0;
  if (w.format == Format::fp32) {
    std::memcpy(&value, bytes + 4 * at, 4);
  } else if (w.format == Format::bf16) {
    std::memcpy(reinterpret_cast<char*>(&value) + 2, bytes + 2 * at, 2);
  } else {
    std::uint16_t half;
    std::memcpy(&half, bytes + 2 * at, 2);  // normal numbers
    value = std::ldexp(1.0f + static_cast<float>(half & 1023) / 1024, (half >> 10 & 31) - 15) * (half >> 15 ? -1.0f : 1.0f);
  }
  return value;
}

std::uint32_t bf16Of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

// A step of depth from k on, as 32 bits
template <class Steps, class At>
std::uint32_t stepOf(At&& at, std::int64_t k, std::int64_t depth, float factor) {
  std::uint32_t step = 0;
  for (int i = 0; i < Steps::depth; i++) {
    const float value = k + i < depth ? at(k + i) : 0.0f;
    if constexpr (Steps::isInteger) {
      constexpr int bits = 32 / Steps::depth;
      step |= (static_cast<std::uint32_t>(static_cast<std::int32_t>(std::nearbyint(value * factor))) & ((1u << bits) - 1)) << (bits * i);
    } else if constexpr (Steps::depth == 2) {
      step |= bf16Of(value) << (16 * i);
    } else {
      std::memcpy(&step, &value, 4);
    }
  }
  return step;
}

template <class Steps>
bool goesInto(Format format) {
  if (Steps::isInteger || Steps::depth == 1) return true;
  return format == Format::bf16 || format == Format::int8 || format == Format::nf4;
}

template <class Steps>
void checkPanels(const char* name) {
  for (int round = 0; round < 400; round++) {
    const Format format = kFormats[between(0, 4)];
    if (!goesInto<Steps>(format)) continue;
    const bool isTransposed = between(0, 1) == 1;
    const std::int64_t depthOfAll = between(1, 700);
    const std::int64_t panels = between(1, 3);
    const std::int64_t width = between(0, 2) == 0 ? panels * NR : between(1, panels * NR);
    const OwnedWeight owned = randomWeight(format, isTransposed ? width : depthOfAll, isTransposed ? depthOfAll : width);
    const Factor factor = {owned.weight, isTransposed, nullptr, nullptr, {}};
    const std::int64_t from = between(0, (depthOfAll - 1) / kChunk) * kChunk;
    const std::int64_t depth = between(0, 1) == 0 ? depthOfAll - from : between(1, depthOfAll - from);
    const std::int64_t first = between(0, (width - 1) / NR) * NR;
    const std::int64_t columns = smaller(NR, width - first);
    const std::int64_t steps = stepsOf<Steps>(depth);
    // What lies behind a panel is not its own.
    constexpr float kBehind = 12345.0f;
    std::vector<float> panel(static_cast<std::size_t>((steps + (Steps::isInteger ? kIntegerTail : 0) + 1) * NR), kBehind);
    packPanelOf<Steps>(format)(factor, first, columns, from, depth, panel.data());
    bool isRight = true;
    for (std::int64_t c = 0; c < columns && isRight; c++) {
      const auto at = [&](std::int64_t k) {
        return isTransposed ? weightAt(owned.weight, first + c, from + k) : weightAt(owned.weight, from + k, first + c);
      };
      float scaling = 1.0f;
      if (Steps::isInteger) {
        float largest = 0;
        for (std::int64_t k = 0; k < depth; k++) largest = std::fmax(largest, std::fabs(at(k)));
        float scale = isTransposed ? owned.weight.scales == nullptr ? 0 : owned.weight.scales[first + c] : 1.0f;
        if (format != Format::int8) {
          scaling = largest > kLeastMagnitude ? kInt8LargestWeight / largest : 0.0f;
          scale = largest / kInt8LargestWeight;
        }
        if (std::memcmp(&panel[static_cast<std::size_t>((steps + 1) * NR + c)], &scale, 4) != 0) isRight = false;
      }
      std::int32_t sum = 0;
      for (std::int64_t step = 0; step < steps && isRight; step++) {
        const std::uint32_t expected = stepOf<Steps>(at, step * Steps::depth, depth, scaling);
        std::uint32_t found;
        std::memcpy(&found, &panel[static_cast<std::size_t>(step * NR + c)], 4);
        for (int byte = 0; byte < 4; byte++) sum += static_cast<std::int8_t>(expected >> (8 * byte));
        if (found == expected) continue;
        isRight = false;
        std::printf("step %ld of column %ld is %08x, expected %08x\n", static_cast<long>(step), static_cast<long>(c), found, expected);
      }
      if (kIsCompensated<Steps> && isRight) {
        const std::int32_t expected = kInt8Offset * sum;
        if (std::memcmp(&panel[static_cast<std::size_t>(steps * NR + c)], &expected, 4) != 0) isRight = false;
      }
    }
    for (std::size_t i = panel.size() - NR; i < panel.size(); i++) isRight = isRight && panel[i] == kBehind;
    if (isRight) continue;
    failures++;
    std::printf("seed %u: %s of %s, %s, %ld columns from %ld, depth %ld from %ld of %ld\n", kSeed, name,
                kFormatNames[static_cast<int>(format)], isTransposed ? "rows" : "columns", static_cast<long>(columns),
                static_cast<long>(first), static_cast<long>(depth), static_cast<long>(from), static_cast<long>(depthOfAll));
    return;
  }
}

// Processor time of this thread, which other work on the machine lengthens less than time itself.
double now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// Matrices of the 0.5B model, many enough to come from beyond the second-level cache
template <class Steps>
void timePanels(const char* name) {
  constexpr std::int64_t matrices = 4;
  for (const Format format : kFormats) {
    if (!goesInto<Steps>(format)) continue;
    std::vector<OwnedWeight> weights;
    for (std::int64_t i = 0; i < matrices; i++) {
      weights.push_back(i % 2 == 0 ? randomWeight(format, 4864, 896) : randomWeight(format, 896, 4864));
    }
    const PackPanel pack = packPanelOf<Steps>(format);
    std::vector<float> panel(static_cast<std::size_t>((VectorCut::depthBlock + 64) * NR));
    for (const bool isTransposed : {true, false}) {
      double least = 1e30;
      for (int round = 0; round < 10; round++) {
        const double before = now();
        for (const OwnedWeight& weight : weights) {
          const Factor factor = {weight.weight, isTransposed, nullptr, nullptr, {}};
          const std::int64_t block = Steps::depth * VectorCut::depthBlock;
          for (std::int64_t first = 0; first < factor.columns(); first += NR) {
            for (std::int64_t from = 0; from < factor.depth(); from += block) {
              pack(factor, first, smaller(NR, factor.columns() - first), from, smaller(block, factor.depth() - from), panel.data());
            }
          }
        }
        least = std::fmin(least, now() - before);
      }
      std::printf("%-8s of %s, %-7s %.3f ns a weight\n", name, kFormatNames[static_cast<int>(format)],
                  isTransposed ? "rows" : "columns", least / (4864.0 * 896.0 * matrices));
    }
  }
}

template <class Steps>
void run(const char* name, bool isTimed) {
  if (isTimed) return timePanels<Steps>(name);
  checkPanels<Steps>(name);
}

}  // namespace

int main(int count, char** arguments) {
  const bool isTimed = count > 1 && std::strcmp(arguments[1], "time") == 0;
  run<Float32Steps>("float32", isTimed);
  if constexpr (kMultipliesBf16) run<Bf16Steps>("bfloat16", isTimed);
  run<Int8Steps>("integers", isTimed);
  if (failures == 0 && !isTimed) std::printf("panels are as they should be\n");
  return failures == 0 ? 0 : 1;
}

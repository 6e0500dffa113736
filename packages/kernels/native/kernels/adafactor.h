// Adafactor (Shazeer & Stern, arXiv:1804.04235) without a first moment and with a rate from outside: the second moment of a matrix
// is the product of the means of the squares of its rows and columns.
#pragma once

#include "optimiser.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr double kSquareEpsilon = 1e-30;        // added to squared gradients
constexpr double kLargestUpdate = 1;            // root mean square that an update is brought down to
constexpr std::int64_t kAdafactorJobs = 64;     // a tall matrix is cut into about so many jobs
constexpr std::int64_t kSummedTogether = 512;   // numbers that are summed in float32; such sums are added in float64
constexpr std::int64_t kColumnsOfAJob = 1024;

// How the rows of a tensor are cut into jobs: by its shape alone.
struct RowJobs {
  std::int64_t rows, ofMatrix, count;

  explicit RowJobs(const AdafactorTensor& t)
      : rows(larger(ceilDivide(t.rows, kAdafactorJobs), ceilDivide(2 * kTensorChunk, t.columns))),
        ofMatrix(ceilDivide(t.rows, rows)),
        count(t.matrices * ofMatrix) {}

  // Calls each(row, matrix) for the rows of a job, counted through all matrices.
  template <class Each>
  void forRows(const AdafactorTensor& t, std::int64_t job, Each&& each) const {
    const std::int64_t matrix = job / ofMatrix;
    const std::int64_t start = job % ofMatrix * rows;
    for (std::int64_t r = start; r < smaller(t.rows, start + rows); r++) each(matrix * t.rows + r, matrix);
  }
};

// sums [columns] += squares of the scaled row; the sum of them all is returned
LATHE_INLINE double addSquares(const float* gradient, F scale, float* sums, std::int64_t columns) {
  double total = 0;
  for (std::int64_t from = 0; from < columns; from += kSummedTogether) {
    const std::int64_t end = smaller(columns, from + kSummedTogether);
    F part = {};
    for (std::int64_t c = from; c < end; c += W) {
      const std::int64_t n = smaller(W, end - c);
      const F g = loadUpTo(gradient + c, n) * scale;
      const F square = g * g;
      storeUpTo(sums + c, loadUpTo(sums + c, n) + square, n);
      part = part + square;
    }
    total += static_cast<double>(sumOf(part));
  }
  return total;
}

static float renewed(float moment, double square, double kept) {
  return static_cast<float>(kept * static_cast<double>(moment) + (1 - kept) * (square + kSquareEpsilon));
}

// The second moments of matrices. columnFactors [matrices, columns] = 1 / sqrt of the columns' moments
static void renewMoments(const AdafactorTensor& t, const Adafactor& config, const RowJobs& jobs, float* columnFactors) {
  const std::int64_t columns = t.columns;
  const F scale = splat(static_cast<float>(config.gradientScale));
  // A job's sums of its columns in float64, and those of its latest rows in float32.
  const std::size_t bytesOfJob = static_cast<std::size_t>(columns) * (sizeof(double) + sizeof(float));
  char* const memory = static_cast<char*>(scratch(Scratch::columnSums, static_cast<std::size_t>(jobs.count) * bytesOfJob));
  double* const sums = reinterpret_cast<double*>(memory);
  float* const latest = reinterpret_cast<float*>(sums + jobs.count * columns);
  parallel(jobs.count, [&](std::int64_t job) {
    double* const sum = sums + job * columns;
    float* const part = latest + job * columns;
    for (std::int64_t c = 0; c < columns; c++) sum[c] = 0, part[c] = 0;
    std::int64_t rows = 0;
    const auto take = [&] {
      for (std::int64_t c = 0; c < columns; c++) sum[c] += static_cast<double>(part[c]), part[c] = 0;
    };
    jobs.forRows(t, job, [&](std::int64_t row, std::int64_t) {
      const double total = addSquares(t.gradient + row * columns, scale, part, columns);
      t.rowMoments[row] = renewed(t.rowMoments[row], total / static_cast<double>(columns), config.kept);
      if (++rows % kSummedTogether == 0) take();
    });
    take();
  });
  const std::int64_t across = ceilDivide(columns, kColumnsOfAJob);
  parallel(t.matrices * across, [&](std::int64_t stripe) {
    const std::int64_t matrix = stripe / across;
    const std::int64_t start = stripe % across * kColumnsOfAJob;
    const double* const own = sums + matrix * jobs.ofMatrix * columns;
    for (std::int64_t c = start; c < smaller(columns, start + kColumnsOfAJob); c++) {
      double sum = 0;
      for (std::int64_t job = 0; job < jobs.ofMatrix; job++) sum += own[job * columns + c];
      float& moment = t.columnMoments[matrix * columns + c];
      moment = renewed(moment, sum / static_cast<double>(t.rows), config.kept);
      columnFactors[matrix * columns + c] = 1 / __builtin_sqrtf(moment);
    }
  });
}

// factors [rows] = 1 / sqrt(moment / mean of the matrix's moments)
static void factorsOfRows(const AdafactorTensor& t, float* factors) {
  for (std::int64_t matrix = 0; matrix < t.matrices; matrix++) {
    const float* const moments = t.rowMoments + matrix * t.rows;
    double sum = 0;
    for (std::int64_t r = 0; r < t.rows; r++) sum += static_cast<double>(moments[r]);
    const float mean = static_cast<float>(sum / static_cast<double>(t.rows));
    for (std::int64_t r = 0; r < t.rows; r++) factors[matrix * t.rows + r] = 1 / __builtin_sqrtf(moments[r] / mean);
  }
}

// What an update of root mean square sqrt(squares / length) is multiplied by.
static F factorOf(double squares, std::int64_t length, double learningRate) {
  const double size = __builtin_sqrt(squares / static_cast<double>(length)) / kLargestUpdate;
  return splat(static_cast<float>(learningRate / (size <= 1 ? 1 : size)));
}

static double sumInOrder(const double* values, std::int64_t count) {
  double sum = 0;
  for (std::int64_t i = 0; i < count; i++) sum += values[i];
  return sum;
}

static double* partialsOf(std::int64_t count) {
  return static_cast<double*>(scratch(Scratch::partials, static_cast<std::size_t>(count) * sizeof(double)));
}

static void moveMatrices(const AdafactorTensor& t, const Adafactor& config) {
  const RowJobs jobs(t);
  const std::int64_t columns = t.columns, length = t.matrices * t.rows * columns;
  float* const columnFactors = scratchFloats(Scratch::columnFactors, t.matrices * (columns + t.rows));
  float* const rowFactors = columnFactors + t.matrices * columns;
  renewMoments(t, config, jobs, columnFactors);
  factorsOfRows(t, rowFactors);
  const F scale = splat(static_cast<float>(config.gradientScale));
  // The update at columns c ... c + n of a row.
  const auto updateAt = [&](std::int64_t row, std::int64_t matrix, std::int64_t c, std::int64_t n) __attribute__((always_inline)) {
    const F g = loadUpTo(t.gradient + row * columns + c, n) * scale;
    return g * splat(rowFactors[row]) * loadUpTo(columnFactors + matrix * columns + c, n);
  };
  double* const partials = partialsOf(jobs.count);
  parallel(jobs.count, [&](std::int64_t job) {
    double sum = 0;
    jobs.forRows(t, job, [&](std::int64_t row, std::int64_t matrix) {
      for (std::int64_t from = 0; from < columns; from += kSummedTogether) {
        const std::int64_t end = smaller(columns, from + kSummedTogether);
        F part = {};
        for (std::int64_t c = from; c < end; c += W) {
          const F update = updateAt(row, matrix, c, smaller(W, end - c));
          part = part + update * update;
        }
        sum += static_cast<double>(sumOf(part));
      }
    });
    partials[job] = sum;
  });
  const F factor = factorOf(sumInOrder(partials, jobs.count), length, config.learningRate);
  const F decay = splat(static_cast<float>(1 - config.learningRate * config.weightDecay));
  parallel(jobs.count, [&](std::int64_t job) {
    jobs.forRows(t, job, [&](std::int64_t row, std::int64_t matrix) {
      float* const parameter = t.parameter + row * columns;
      for (std::int64_t c = 0; c < columns; c += W) {
        const std::int64_t n = smaller(W, columns - c);
        storeUpTo(parameter + c, loadUpTo(parameter + c, n) * decay - updateAt(row, matrix, c, n) * factor, n);
      }
    });
  });
}

static void moveVector(const AdafactorTensor& t, const Adafactor& config) {
  const F scale = splat(static_cast<float>(config.gradientScale));
  const F kept = splat(static_cast<float>(config.kept));
  const F rest = splat(static_cast<float>(1 - config.kept));
  const F epsilon = splat(static_cast<float>(kSquareEpsilon));
  const F one = splat(1);
  const std::int64_t length = t.columns;
  const auto updateAt = [&](std::int64_t i, std::int64_t n) __attribute__((always_inline)) {
    const F g = loadUpTo(t.gradient + i, n) * scale;
    // Lanes past the end have no moment, and 0 / 0 is not a number.
    return g * (one / squareRoot(loadFilled(t.columnMoments + i, n, 1)));
  };
  const std::int64_t chunks = ceilDivide(length, kTensorChunk);
  double* const partials = partialsOf(chunks);
  parallel(chunks, [&](std::int64_t chunk) {
    const std::int64_t start = chunk * kTensorChunk, end = smaller(length, start + kTensorChunk);
    double sum = 0;
    for (std::int64_t from = start; from < end; from += kSummedTogether) {
      F part = {};
      for (std::int64_t i = from; i < smaller(end, from + kSummedTogether); i += W) {
        const std::int64_t n = smaller(W, end - i);
        const F g = loadUpTo(t.gradient + i, n) * scale;
        storeUpTo(t.columnMoments + i, loadUpTo(t.columnMoments + i, n) * kept + (g * g + epsilon) * rest, n);
        const F update = updateAt(i, n);
        part = part + update * update;
      }
      sum += static_cast<double>(sumOf(part));
    }
    partials[chunk] = sum;
  });
  const F factor = factorOf(sumInOrder(partials, chunks), length, config.learningRate);
  const F decay = splat(static_cast<float>(1 - config.learningRate * config.weightDecay));
  parallel(chunks, [&](std::int64_t chunk) {
    const std::int64_t start = chunk * kTensorChunk, end = smaller(length, start + kTensorChunk);
    for (std::int64_t i = start; i < end; i += W) {
      const std::int64_t n = smaller(W, end - i);
      storeUpTo(t.parameter + i, loadUpTo(t.parameter + i, n) * decay - updateAt(i, n) * factor, n);
    }
  });
}

// Small tensors are many and each is moved by one job; the bits are those of a tensor that is moved by many.
static void adafactor(const AdafactorTensor* tensors, std::int64_t count, const Adafactor& config) {
  const auto lengthOf = [](const AdafactorTensor& t) { return t.matrices * t.rows * t.columns; };
  const auto move = [&](const AdafactorTensor& t) {
    if (lengthOf(t) == 0) return;
    if (t.rowMoments == nullptr) moveVector(t, config);
    else moveMatrices(t, config);
  };
  const auto isSmall = [&](const AdafactorTensor& t) { return lengthOf(t) <= 8 * kTensorChunk; };
  parallel(count, [&](std::int64_t i) {
    if (isSmall(tensors[i])) move(tensors[i]);
  });
  for (std::int64_t i = 0; i < count; i++) {
    if (!isSmall(tensors[i])) move(tensors[i]);
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe

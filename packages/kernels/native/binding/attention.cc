// Attention over sequences, and over caches of keys and values.
#include "entries.h"
#include "readers.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace lathe {

static const std::int32_t* readSegments(const Arguments& a, const Array<std::int32_t>& segments, std::int64_t rows) {
  if (segments.length < 1) a.failRange(std::string("expected ") + segments.name + " to have at least the entry 0, got none");
  for (std::int64_t s = 0; s < segments.length; s++) {
    const std::int64_t before = s == 0 ? 0 : segments.data[s - 1];
    const std::int64_t here = segments.data[s];
    if ((s == 0 && here != 0) || here < before) {
      a.failRange(std::string("expected ") + segments.name + " to start at 0 and never fall, got " + std::to_string(here) +
                  " at " + std::to_string(s));
    }
  }
  if (segments.data[segments.length - 1] != rows) {
    a.failRange(std::string("expected ") + segments.name + " to end at " + std::to_string(rows) + " rows, got " +
                std::to_string(segments.data[segments.length - 1]));
  }
  return segments.data;
}

struct HeadCounts {
  std::int64_t heads, keyValueHeads, headSize;
};

static HeadCounts readHeads(const Arguments& a, napi_value shape) {
  a.expectObject(shape, "shape");
  HeadCounts counts;
  counts.heads = a.integer(a.field(shape, "headCount"), "headCount", 1, 65536);
  counts.keyValueHeads = a.integer(a.field(shape, "keyValueHeadCount"), "keyValueHeadCount", 1, 65536);
  counts.headSize = a.integer(a.field(shape, "headSize"), "headSize", 1, 4096);
  if (counts.heads % counts.keyValueHeads != 0) {
    a.failRange("expected keyValueHeadCount to divide headCount, got " + std::to_string(counts.keyValueHeads) + " and " +
                std::to_string(counts.heads));
  }
  return counts;
}

// @param queries array [N, H, d]   @param keys array [M, G, d]
template <class Elements>
static AttentionShape readAttention(const Arguments& a, int index, const Elements& queries, const Elements& keys) {
  const napi_value shape = a.value(index);
  const HeadCounts counts = readHeads(a, shape);
  AttentionShape attention;
  attention.heads = counts.heads;
  attention.keyValueHeads = counts.keyValueHeads;
  attention.headSize = counts.headSize;
  attention.scale = a.finiteFloat(a.field(shape, "scale"), "scale");
  attention.precision = readPrecision(a, shape);
  const std::int64_t queryRows = a.rowsOf(queries, counts.heads * counts.headSize, "[N, H, d]");
  const std::int64_t keyRows = a.rowsOf(keys, counts.keyValueHeads * counts.headSize, "[M, G, d]");
  const Array<std::int32_t> querySegments = a.array<std::int32_t>(a.field(shape, "querySegments"), "querySegments");
  const Array<std::int32_t> keySegments = a.array<std::int32_t>(a.field(shape, "keySegments"), "keySegments");
  attention.querySegments = readSegments(a, querySegments, queryRows);
  attention.keySegments = readSegments(a, keySegments, keyRows);
  a.expectLength(keySegments, querySegments.length, "with an entry for each of querySegments");
  attention.sequences = querySegments.length - 1;
  for (std::int64_t s = 0; s < attention.sequences; s++) {
    const std::int64_t queriesHere = attention.querySegments[s + 1] - attention.querySegments[s];
    const std::int64_t keysHere = attention.keySegments[s + 1] - attention.keySegments[s];
    if (queriesHere > keysHere) {
      a.failRange("expected no more queries than keys in a sequence, got " + std::to_string(queriesHere) + " and " +
                  std::to_string(keysHere) + " in sequence " + std::to_string(s));
    }
  }
  return attention;
}

// attentionForward(q, k, v, out, logSumExp, shape)
void callAttentionForward(const Arguments& a, napi_value*) {
  const auto q = a.array<float>(0, "q");
  const auto k = a.array<float>(1, "k");
  const auto v = a.array<float>(2, "v");
  const auto out = a.array<float>(3, "out");
  const auto logSumExp = a.arrayOrNull<float>(4, "logSumExp");
  const AttentionShape attention = readAttention(a, 5, q, k);
  a.expectLength(v, k.length, "[M, G, d]");
  a.expectLength(out, q.length, "[N, H, d]");
  if (logSumExp) a.expectLength(logSumExp, q.length / attention.headSize, "[N, H]");
  for (const auto& input : {q, k, v}) {
    a.expectApart(out, input);
    a.expectApart(logSumExp, input);
  }
  a.expectApart(logSumExp, out);
  a.kernels().attentionForward({q.data, k.data, v.data, out.data, logSumExp.data, attention});
}

// attentionBackward(q, k, v, out, logSumExp, dOut, dq, dk, dv, shape)
void callAttentionBackward(const Arguments& a, napi_value*) {
  const Kept q = a.kept(0, "q");
  const Kept k = a.kept(1, "k", &q);
  const Kept v = a.kept(2, "v", &q);
  const bool isInt8 = a.typeOf(a.value(3)) == napi_int8_array;
  const auto bytes = isInt8 ? a.array<std::int8_t>(3, "out") : Array<std::int8_t>();
  const Kept out = isInt8 ? Kept{"out", Format::int8, bytes.data, bytes.length} : a.kept(3, "out", &q);
  const auto logSumExp = a.array<float>(4, "logSumExp");
  const auto dOut = a.array<float>(5, "dOut");
  const auto dq = a.array<float>(6, "dq");
  const auto dk = a.array<float>(7, "dk");
  const auto dv = a.array<float>(8, "dv");
  const AttentionShape attention = readAttention(a, 9, q, k);
  a.expectLength(v, k.length, "[M, G, d]");
  a.expectLength(out, q.length, "[N, H, d]");
  a.expectLength(logSumExp, q.length / attention.headSize, "[N, H]");
  const napi_value scales = a.field(a.value(9), "outScales");
  const auto outScales = isInt8 ? a.array<float>(scales, "outScales") : Array<float>();
  if (isInt8) a.expectLength(outScales, logSumExp.length, "[N, H]");
  else if (!a.isNull(scales)) a.failRange("expected no outScales unless out is an Int8Array");
  a.expectLength(dOut, q.length, "[N, H, d]");
  a.expectLength(dq, q.length, "[N, H, d]");
  a.expectLength(dk, k.length, "[M, G, d]");
  a.expectLength(dv, k.length, "[M, G, d]");
  for (const auto& gradient : {dq, dk, dv}) {
    for (const auto& input : {q, k, v, out}) a.expectApart(gradient, input);
    for (const auto& input : {logSumExp, dOut, outScales}) a.expectApart(gradient, input);
  }
  a.expectApart(dq, dk);
  a.expectApart(dq, dv);
  a.expectApart(dk, dv);
  a.kernels().attentionBackward({q.format, q.data, k.data, v.data, {out.format, out.data, outScales.data}, logSumExp.data,
                                 dOut.data, dq.data, dk.data, dv.data, attention});
}

// A cache's arrays, whose memory a step writes to.
struct CacheArgument {
  KeyValueCache cache;
  std::int64_t rows;  // it has room for
  Array<char> keys, values;  // the bytes, for overlap checks
  Array<float> keyScales, valueScales;
};

// @param names of keys and values, as the caller calls them
static CacheArgument readCache(const Arguments& a, const char* const (&names)[2], napi_value k, napi_value v,
                               napi_value keyScales, napi_value valueScales, const HeadCounts& counts) {
  CacheArgument result = {};
  const std::int64_t width = counts.keyValueHeads * counts.headSize;
  const auto take = [&](auto type, Format format) {
    using Code = decltype(type);
    const auto keys = a.array<Code>(k, names[0]);
    const auto values = a.array<Code>(v, names[1]);
    result.rows = a.rowsOf(keys, width, "[M, G, d]");
    a.expectLength(values, keys.length, "[M, G, d]");
    result.keys = bytesOf(keys);
    result.values = bytesOf(values);
    result.cache.format = format;
    result.cache.keys = keys.data;
    result.cache.values = values.data;
  };
  switch (a.typeOf(k)) {
    case napi_uint16_array: take(std::uint16_t(), Format::bf16); break;
    case napi_int8_array: take(std::int8_t(), Format::int8); break;
    default: take(float(), Format::fp32); break;
  }
  if (result.cache.format == Format::int8) {
    result.keyScales = a.array<float>(keyScales, "keyScales");
    result.valueScales = a.array<float>(valueScales, "valueScales");
    a.expectLength(result.keyScales, result.rows * counts.keyValueHeads, "[M, G]");
    a.expectLength(result.valueScales, result.rows * counts.keyValueHeads, "[M, G]");
    result.cache.keyScales = result.keyScales.data;
    result.cache.valueScales = result.valueScales.data;
  } else if (!a.isNull(keyScales) || !a.isNull(valueScales)) {
    a.failRange("expected no keyScales and valueScales with a cache that is not int8");
  }
  return result;
}

static void expectApartFromCache(const Arguments& a, const Array<float>& other, const CacheArgument& cache) {
  a.expectApart(other, cache.keys);
  a.expectApart(other, cache.values);
  a.expectApart(other, cache.keyScales);
  a.expectApart(other, cache.valueScales);
}

// attentionDecode(q, k, v, out, {headCount, keyValueHeadCount, headSize, scale, length, keyScales, valueScales})
void callAttentionDecode(const Arguments& a, napi_value*) {
  const auto q = a.array<float>(0, "q");
  const auto out = a.array<float>(3, "out");
  const napi_value shape = a.value(4);
  const HeadCounts counts = readHeads(a, shape);
  const float scale = a.finiteFloat(a.field(shape, "scale"), "scale");
  CacheArgument argument =
      readCache(a, {"k", "v"}, a.value(1), a.value(2), a.field(shape, "keyScales"), a.field(shape, "valueScales"), counts);
  a.expectLength(q, counts.heads * counts.headSize, "[H, d]");
  a.expectLength(out, q.length, "[H, d]");
  a.expectApart(out, q);
  expectApartFromCache(a, out, argument);
  if (argument.rows < 1) a.failRange("expected a cache with at least one row, got none");
  argument.cache.length = a.integer(a.field(shape, "length"), "length", 1, argument.rows);
  a.kernels().attentionDecode({q.data, &argument.cache, out.data, 1, counts.heads, counts.keyValueHeads, counts.headSize,
                               scale});
}

// Memory that a step writes to must belong to one cache alone.
static void expectCachesApart(const Arguments& a, const std::vector<CacheArgument>& caches) {
  std::vector<std::pair<const char*, const char*>> ranges;
  for (const CacheArgument& cache : caches) {
    ranges.emplace_back(cache.keys.begin(), cache.keys.end());
    ranges.emplace_back(cache.values.begin(), cache.values.end());
    if (!cache.keyScales) continue;
    ranges.emplace_back(cache.keyScales.begin(), cache.keyScales.end());
    ranges.emplace_back(cache.valueScales.begin(), cache.valueScales.end());
  }
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t i = 1; i < ranges.size(); i++) {
    if (ranges[i].first < ranges[i - 1].second) a.failRange("expected caches that do not overlap");
  }
}

// attentionStep(q, k, v, [{keys, values, keyScales, valueScales, length}], out, {headCount, keyValueHeadCount, headSize, scale})
void callAttentionStep(const Arguments& a, napi_value*) {
  const auto q = a.array<float>(0, "q");
  const auto k = a.array<float>(1, "k");
  const auto v = a.array<float>(2, "v");
  const auto out = a.array<float>(4, "out");
  const HeadCounts counts = readHeads(a, a.value(5));
  const float scale = a.finiteFloat(a.field(a.value(5), "scale"), "scale");
  std::vector<CacheArgument> caches;
  a.forElements(3, "caches", [&](napi_value element) {
    a.expectObject(element, "a cache");
    CacheArgument argument =
        readCache(a, {"the keys of a cache", "the values of a cache"}, a.field(element, "keys"), a.field(element, "values"),
                  a.field(element, "keyScales"), a.field(element, "valueScales"), counts);
    if (argument.rows < 1) a.failRange("expected caches with room for a row, got one without");
    argument.cache.length = a.integer(a.field(element, "length"), "the length of a cache", 0, argument.rows - 1);
    if (!caches.empty() && caches.front().cache.format != argument.cache.format) {
      a.failRange("expected caches of one format, got several");
    }
    for (const auto& other : {q, k, v, out}) expectApartFromCache(a, other, argument);
    caches.push_back(argument);
  });
  const auto sequences = static_cast<std::int64_t>(caches.size());
  const std::int64_t width = counts.keyValueHeads * counts.headSize;
  a.expectLength(q, sequences * counts.heads * counts.headSize, "[S, H, d]");
  a.expectLength(k, sequences * width, "[S, G, d]");
  a.expectLength(v, sequences * width, "[S, G, d]");
  a.expectLength(out, q.length, "[S, H, d]");
  for (const auto& input : {q, k, v}) a.expectApart(out, input);
  expectCachesApart(a, caches);
  const Kernels& kernels = a.kernels();
  const auto append = [&](const float* row, const CacheArgument& argument, const Array<char>& target, const Array<float>& scales) {
    const std::int64_t at = argument.cache.length * width;
    switch (argument.cache.format) {
      case Format::bf16: return kernels.toBf16(row, reinterpret_cast<std::uint16_t*>(target.data) + at, width);
      case Format::int8:
        return kernels.toInt8Rows({row, reinterpret_cast<std::int8_t*>(target.data) + at,
                                   scales.data + argument.cache.length * counts.keyValueHeads, counts.keyValueHeads,
                                   counts.headSize});
      default:
        std::memcpy(target.data + at * 4, row, static_cast<std::size_t>(width) * 4);
        return;
    }
  };
  std::vector<KeyValueCache> grown;
  grown.reserve(caches.size());
  for (std::int64_t s = 0; s < sequences; s++) {
    const CacheArgument& argument = caches[static_cast<std::size_t>(s)];
    append(k.data + s * width, argument, argument.keys, argument.keyScales);
    append(v.data + s * width, argument, argument.values, argument.valueScales);
    grown.push_back(argument.cache);
    grown.back().length++;
  }
  kernels.attentionDecode({q.data, grown.data(), out.data, sequences, counts.heads, counts.keyValueHeads, counts.headSize,
                           scale});
}

}  // namespace lathe

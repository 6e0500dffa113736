// What JavaScript can call: the only file that knows Node-API.
//
// Each entry reads its arguments, checks every one (type, length, values, overlap) and passes pointers to a kernel. A wrong
// argument becomes a JavaScript TypeError or RangeError that begins with the kernel's name; nothing a caller passes may
// crash the process. The typed form of this surface is src/native-kernels.ts.
#include <node_api.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core_count.h"
#include "cpu_level.h"
#include "memory.h"
#include "thread_pool.h"

namespace lathe {
namespace {

struct ArgumentError {
  bool isType;  // a TypeError, else a RangeError
  std::string message;
};

// A JavaScript exception is already pending.
struct Pending {};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

template <class T>
struct TypeOf;
template <>
struct TypeOf<float> {
  static constexpr napi_typedarray_type type = napi_float32_array;
  static constexpr const char* name = "Float32Array";
};
template <>
struct TypeOf<std::int32_t> {
  static constexpr napi_typedarray_type type = napi_int32_array;
  static constexpr const char* name = "Int32Array";
};
template <>
struct TypeOf<std::int8_t> {
  static constexpr napi_typedarray_type type = napi_int8_array;
  static constexpr const char* name = "Int8Array";
};
template <>
struct TypeOf<std::uint8_t> {
  static constexpr napi_typedarray_type type = napi_uint8_array;
  static constexpr const char* name = "Uint8Array";
};
template <>
struct TypeOf<std::uint16_t> {
  static constexpr napi_typedarray_type type = napi_uint16_array;
  static constexpr const char* name = "Uint16Array";
};

// A typed array's memory, and what the caller calls it. data is nullptr where null was passed and allowed.
template <class T>
struct Array {
  const char* name = "";
  T* data = nullptr;
  std::int64_t length = 0;

  const char* begin() const { return reinterpret_cast<const char*>(data); }
  const char* end() const { return reinterpret_cast<const char*>(data + length); }
  explicit operator bool() const { return data != nullptr; }
};

// Activations as a pass kept them: float32, bfloat16 in a Uint16Array, or where it is asked for int8 in an Int8Array.
struct Kept {
  const char* name;
  Format format;
  const void* data;
  std::int64_t length;

  const char* begin() const { return static_cast<const char*>(data); }
  const char* end() const { return begin() + length * (format == Format::int8 ? 1 : format == Format::bf16 ? 2 : 4); }
  explicit operator bool() const { return data != nullptr; }
};

// The arguments of one call.
class Arguments {
 public:
  Arguments(napi_env env, const char* kernel, const napi_value* values, const Kernels& kernels)
      : env_(env), kernel_(kernel), values_(values), kernels_(kernels) {}

  // The kernels, once all arguments are read. Reading a field may run a getter, and a getter may take away the memory of
  // an array that was read before it: arrays are looked at again.
  const Kernels& kernels() const {
    if (ranForeignCode_) {
      for (const Read& read : reads_) {
        std::size_t length = 0;
        void* data = nullptr;
        check(napi_get_typedarray_info(env_, read.value, nullptr, &length, &data, nullptr, nullptr));
        if (length != read.length || data != read.data) fail(true, "an array changed while the arguments were read");
      }
    }
    return kernels_;
  }

  napi_env env() const { return env_; }

  void check(napi_status status) const {
    if (status == napi_ok) return;
    bool pending = false;
    napi_is_exception_pending(env_, &pending);
    if (pending) throw Pending();
    const napi_extended_error_info* info = nullptr;
    napi_get_last_error_info(env_, &info);
    fail(true, std::string("unexpected failure in Node-API: ") +
                   (info != nullptr && info->error_message != nullptr ? info->error_message : "unknown"));
  }

  [[noreturn]] void fail(bool isType, const std::string& message) const {
    throw ArgumentError{isType, std::string(kernel_) + ": " + message};
  }
  [[noreturn]] void failRange(const std::string& message) const { fail(false, message); }

  std::string describe(napi_value value) const {
    napi_valuetype type;
    check(napi_typeof(env_, value, &type));
    switch (type) {
      case napi_undefined: return "undefined";
      case napi_null: return "null";
      case napi_boolean: return "a boolean";
      case napi_number: {
        double number_ = 0;
        napi_get_value_double(env_, value, &number_);
        return number(number_);
      }
      case napi_string: return "a string";
      case napi_function: return "a function";
      case napi_bigint: return "a bigint";
      case napi_symbol: return "a symbol";
      default: break;
    }
    bool is = false;
    napi_is_typedarray(env_, value, &is);
    if (is) {
      static const char* const names[] = {"an Int8Array",  "a Uint8Array",  "a Uint8ClampedArray", "an Int16Array",
                                          "a Uint16Array", "an Int32Array", "a Uint32Array",       "a Float32Array",
                                          "a Float64Array", "a BigInt64Array", "a BigUint64Array"};
      napi_typedarray_type kind;
      check(napi_get_typedarray_info(env_, value, &kind, nullptr, nullptr, nullptr, nullptr));
      return static_cast<unsigned>(kind) < sizeof names / sizeof *names ? names[kind] : "another typed array";
    }
    napi_is_array(env_, value, &is);
    return is ? "an array" : "an object";
  }

  bool isNull(napi_value value) const {
    napi_valuetype type;
    check(napi_typeof(env_, value, &type));
    return type == napi_null || type == napi_undefined;
  }

  template <class T>
  Array<T> array(napi_value value, const char* name) const {
    bool isTypedArray = false;
    check(napi_is_typedarray(env_, value, &isTypedArray));
    napi_typedarray_type type = napi_int8_array;
    std::size_t length = 0;
    void* data = nullptr;
    napi_value buffer = nullptr;
    if (isTypedArray) check(napi_get_typedarray_info(env_, value, &type, &length, &data, &buffer, nullptr));
    if (!isTypedArray || type != TypeOf<T>::type) {
      fail(true, std::string("expected ") + name + " to be a " + TypeOf<T>::name + ", got " + describe(value));
    }
    bool detached = false;
    napi_is_detached_arraybuffer(env_, buffer, &detached);
    if (detached) fail(true, std::string("expected ") + name + " to hold memory, got one whose buffer is detached");
    if (reinterpret_cast<std::uintptr_t>(data) % sizeof(T) != 0) {
      failRange(std::string("expected ") + name + " to lie at a multiple of " + std::to_string(sizeof(T)) + " bytes");
    }
    reads_.push_back({value, data, length});
    Array<T> array;
    array.name = name;
    array.length = static_cast<std::int64_t>(length);
    // An empty array may have no memory at all: null is for arguments that were left out.
    static T nothing[1];
    array.data = length == 0 || data == nullptr ? nothing : static_cast<T*>(data);
    return array;
  }
  // The type of a typed array; napi_float64_array, which no kernel takes, for anything else.
  napi_typedarray_type typeOf(napi_value value) const {
    bool isTypedArray = false;
    check(napi_is_typedarray(env_, value, &isTypedArray));
    napi_typedarray_type type = napi_float64_array;
    if (isTypedArray) check(napi_get_typedarray_info(env_, value, &type, nullptr, nullptr, nullptr, nullptr));
    return type;
  }

  template <class T>
  Array<T> array(int index, const char* name) const {
    return array<T>(values_[index], name);
  }
  template <class T>
  Array<T> arrayOrNull(int index, const char* name) const {
    return isNull(values_[index]) ? Array<T>() : array<T>(values_[index], name);
  }

  // Kept in bf16 if the array is a Uint16Array, else in float32. Where other arrays were kept with it: in the same format.
  Kept kept(int index, const char* name, const Kept* with = nullptr) const {
    const bool isBf16 = with != nullptr ? with->format == Format::bf16 : typeOf(values_[index]) == napi_uint16_array;
    if (isBf16) {
      const auto codes = array<std::uint16_t>(index, name);
      return {name, Format::bf16, codes.data, codes.length};
    }
    const auto floats = array<float>(index, name);
    return {name, Format::fp32, floats.data, floats.length};
  }

  template <class Values>
  void expectLength(const Values& array, std::int64_t length, const std::string& shape) const {
    if (array.length == length) return;
    failRange(std::string("expected ") + array.name + " " + shape + " of " + std::to_string(length) + " elements, got " +
              std::to_string(array.length));
  }

  // How many rows of `width` an array holds.
  template <class Values>
  std::int64_t rowsOf(const Values& array, std::int64_t width, const std::string& shape) const {
    if (width > 0 && array.length % width == 0) return array.length / width;
    failRange(std::string("expected ") + array.name + " " + shape + " in whole rows of " + std::to_string(width) +
              " elements, got " + std::to_string(array.length));
  }

  // Two arrays may be the same memory from the same element on only where `mayBeSame`, and may not overlap else.
  template <class Values, class Others>
  void expectApart(const Values& out, const Others& other, bool mayBeSame = false) const {
    if (!out || !other || out.length == 0 || other.length == 0) return;
    if (out.begin() >= other.end() || other.begin() >= out.end()) return;
    if (mayBeSame && out.begin() == other.begin()) return;
    failRange(std::string("expected ") + out.name + " not to overlap " + other.name);
  }

  double numberAt(napi_value value, const std::string& name) const {
    double result = 0;
    if (napi_get_value_double(env_, value, &result) != napi_ok) {
      fail(true, "expected " + name + " to be a number, got " + describe(value));
    }
    return result;
  }
  double finite(napi_value value, const std::string& name) const {
    const double result = numberAt(value, name);
    if (!std::isfinite(result)) failRange("expected " + name + " to be finite, got " + number(result));
    return result;
  }
  double finite(int index, const std::string& name) const { return finite(values_[index], name); }
  float finiteFloat(napi_value value, const std::string& name) const {
    const double result = finite(value, name);
    if (!std::isfinite(static_cast<float>(result))) {
      failRange("expected " + name + " to fit a float32, got " + number(result));
    }
    return static_cast<float>(result);
  }
  float finiteFloat(int index, const std::string& name) const { return finiteFloat(values_[index], name); }
  double notNegative(napi_value value, const std::string& name) const {
    const double result = finite(value, name);
    if (result < 0) failRange("expected " + name + " to be at least 0, got " + number(result));
    return result;
  }

  std::int64_t integer(napi_value value, const std::string& name, std::int64_t least, std::int64_t most = 1LL << 53) const {
    const double result = numberAt(value, name);
    if (!(result >= static_cast<double>(least) && result <= static_cast<double>(most)) || result != std::floor(result)) {
      failRange("expected " + name + " to be a whole number from " + std::to_string(least) +
                (most < 1LL << 53 ? " to " + std::to_string(most) : std::string(" on")) + ", got " + number(result));
    }
    return static_cast<std::int64_t>(result);
  }
  std::int64_t integer(int index, const std::string& name, std::int64_t least, std::int64_t most = 1LL << 53) const {
    return integer(values_[index], name, least, most);
  }

  std::string text(napi_value value, const std::string& name) const {
    std::size_t length = 0;
    if (napi_get_value_string_utf8(env_, value, nullptr, 0, &length) != napi_ok) {
      fail(true, "expected " + name + " to be a string, got " + describe(value));
    }
    std::string result(length, '\0');
    check(napi_get_value_string_utf8(env_, value, &result[0], length + 1, &length));
    return result;
  }
  std::string text(int index, const std::string& name) const { return text(values_[index], name); }

  napi_value value(int index) const { return values_[index]; }
  void expectObject(napi_value value, const char* name) const {
    napi_valuetype type;
    check(napi_typeof(env_, value, &type));
    if (type != napi_object) fail(true, std::string("expected ") + name + " to be an object, got " + describe(value));
  }
  napi_value field(napi_value object, const char* name) const {
    ranForeignCode_ = true;
    napi_value result;
    check(napi_get_named_property(env_, object, name, &result));
    return result;
  }
  bool flag(napi_value object, const char* name) const { return booleanOr(field(object, name), name, false); }
  bool booleanOr(napi_value value, const char* name, bool otherwise) const {
    if (isNull(value)) return otherwise;
    bool result = false;
    if (napi_get_value_bool(env_, value, &result) != napi_ok) {
      fail(true, std::string("expected ") + name + " to be a boolean, got " + describe(value));
    }
    return result;
  }

  template <class Each>
  void forElements(int index, const char* name, Each&& each) const {
    bool isArray = false;
    check(napi_is_array(env_, values_[index], &isArray));
    if (!isArray) fail(true, std::string("expected ") + name + " to be an array, got " + describe(values_[index]));
    std::uint32_t count = 0;
    check(napi_get_array_length(env_, values_[index], &count));
    for (std::uint32_t i = 0; i < count; i++) each(element(values_[index], i));
  }

  napi_value element(napi_value array, std::uint32_t index) const {
    ranForeignCode_ = true;
    napi_value result;
    check(napi_get_element(env_, array, index, &result));
    return result;
  }

 private:
  struct Read {
    napi_value value;
    void* data;
    std::size_t length;
  };

  napi_env env_;
  const char* kernel_;
  const napi_value* values_;
  const Kernels& kernels_;
  mutable std::vector<Read> reads_;
  mutable bool ranForeignCode_ = false;
};

// ---- shared readers

struct WeightArgument {
  Weight weight;
  Array<char> codes;  // the bytes, for overlap checks
};

void expectFinite(const Arguments& a, const Array<float>& values) {
  // Looked at with every product: two at a time, and for the first wrong one only where there is one.
  constexpr std::uint64_t exponents = 0x7f8000007f800000u, one = 0x0080000000800000u, carry = 0x8000000080000000u;
  std::uint64_t found = 0;
  const std::int64_t pairs = values.length / 2;
  for (std::int64_t i = 0; i < pairs; i++) {
    std::uint64_t bits;
    std::memcpy(&bits, values.data + 2 * i, sizeof bits);
    found |= (bits & exponents) + one;
  }
  if ((found & carry) == 0 && (values.length % 2 == 0 || std::isfinite(values.data[values.length - 1]))) return;
  for (std::int64_t i = 0; i < values.length; i++) {
    if (!std::isfinite(values.data[i])) {
      a.failRange(std::string("expected finite ") + values.name + ", got " + number(static_cast<double>(values.data[i])) +
                  " at " + std::to_string(i));
    }
  }
}

// The scales of nf4: one float32 a block, or quantised themselves.
void readNf4Scales(const Arguments& a, napi_value object, Weight& weight) {
  const std::int64_t blocks = weight.rows * ((weight.columns + kNf4Block - 1) / kNf4Block);
  const napi_value scales = a.field(object, "scales");
  const napi_value nested = a.field(object, "nested");
  if (!a.isNull(scales)) {
    const auto array = a.array<float>(scales, "scales of a weight");
    a.expectLength(array, blocks, "[O * ceil(I / 64)]");
    expectFinite(a, array);
    weight.scales = array.data;
    return;
  }
  if (a.isNull(nested)) a.failRange("expected the scales of a weight in nf4 or their nested form, got neither");
  a.expectObject(nested, "the nested scales of a weight");
  const auto codes = a.array<std::uint8_t>(a.field(nested, "codes"), "codes of the nested scales");
  const auto groups = a.array<float>(a.field(nested, "scales"), "scales of the nested scales");
  const auto map = a.array<float>(a.field(nested, "map"), "map of the nested scales");
  weight.scaleOffset = a.finiteFloat(a.field(nested, "offset"), "the offset of the nested scales");
  a.expectLength(codes, blocks, "[O * ceil(I / 64)]");
  a.expectLength(groups, (blocks + kNf4ScaleGroup - 1) / kNf4ScaleGroup, "one for 256 codes");
  a.expectLength(map, 256, "one for each code");
  expectFinite(a, groups);
  expectFinite(a, map);
  weight.scaleCodes = codes.data;
  weight.groupScales = groups.data;
  weight.scaleMap = map.data;
}

WeightArgument readWeight(const Arguments& a, napi_value object, const char* name) {
  a.expectObject(object, name);
  const std::string of = std::string(" of ") + name;
  const std::string format = a.text(a.field(object, "format"), "the format" + of);
  const napi_value shape = a.field(object, "shape");
  bool isArray = false;
  a.check(napi_is_array(a.env(), shape, &isArray));
  std::uint32_t axes = 0;
  if (isArray) a.check(napi_get_array_length(a.env(), shape, &axes));
  if (axes != 2) a.fail(true, "expected the shape" + of + " to be [O, I], got " + a.describe(shape));
  WeightArgument result = {};
  std::int64_t sizes[2];
  for (std::uint32_t axis = 0; axis < 2; axis++) {
    sizes[axis] = a.integer(a.element(shape, axis), "a size in the shape" + of, 1, INT_MAX);
  }
  Weight& weight = result.weight;
  weight.rows = sizes[0];
  weight.columns = sizes[1];
  const napi_value codes = a.field(object, "codes");
  const auto take = [&](auto type, Format as, std::int64_t codesInRow) {
    using Code = decltype(type);
    const Array<Code> array = a.array<Code>(codes, "the codes of a weight");
    a.expectLength(array, weight.rows * codesInRow,
                   "[" + std::to_string(weight.rows) + ", " + std::to_string(codesInRow) + "]");
    weight.format = as;
    weight.codes = array.data;
    result.codes = {"the codes of a weight", reinterpret_cast<char*>(array.data),
                    array.length * static_cast<std::int64_t>(sizeof(Code))};
  };
  if (format == "fp32") take(float(), Format::fp32, weight.columns);
  else if (format == "bf16") take(std::uint16_t(), Format::bf16, weight.columns);
  else if (format == "fp16") take(std::uint16_t(), Format::fp16, weight.columns);
  else if (format == "int8") take(std::int8_t(), Format::int8, weight.columns);
  else if (format == "nf4") take(std::uint8_t(), Format::nf4, (weight.columns + 1) / 2);
  else a.failRange("expected the format" + of + " to be fp32, bf16, fp16, int8 or nf4, got \"" + format + "\"");
  if (weight.format == Format::nf4) {
    readNf4Scales(a, object, weight);
    return result;
  }
  const napi_value scales = a.field(object, "scales");
  if (weight.format == Format::int8) {
    const Array<float> array = a.array<float>(scales, "scales of a weight");
    a.expectLength(array, weight.rows, "[O]");
    expectFinite(a, array);
    weight.scales = array.data;
  } else if (!a.isNull(scales)) {
    a.failRange("expected no scales with the format " + format);
  }
  return result;
}

constexpr float kOutlierRatio = 6;  // as the threshold of LLM.int8(), for activations of root mean square 1

// The field `precision` of options or of a shape; fp32 where it is left out.
Precision readPrecision(const Arguments& a, napi_value object) {
  const napi_value precision = a.field(object, "precision");
  if (a.isNull(precision)) return Precision::fp32;
  const std::string name = a.text(precision, "precision");
  if (name == "bf16") return Precision::bf16;
  if (name == "int8") return Precision::int8;
  if (name != "fp32") a.failRange("expected precision fp32, bf16 or int8, got \"" + name + "\"");
  return Precision::fp32;
}

ProductOptions readProductOptions(const Arguments& a, napi_value object) {
  ProductOptions options = {1.0f, false, Precision::fp32, kOutlierRatio};
  if (a.isNull(object)) return options;
  a.expectObject(object, "options");
  const napi_value alpha = a.field(object, "alpha");
  if (!a.isNull(alpha)) options.alpha = a.finiteFloat(alpha, "alpha");
  options.accumulate = a.flag(object, "accumulate");
  options.precision = readPrecision(a, object);
  const napi_value ratio = a.field(object, "outlierRatio");
  if (!a.isNull(ratio)) {
    const double value = a.numberAt(ratio, "outlierRatio");
    if (!(value > 0)) a.failRange("expected outlierRatio above 0, got " + number(value));
    options.outlierRatio = static_cast<float>(value);
  }
  return options;
}

struct LowRankArgument {
  LowRank lowRank;
  Array<float> left, right;
};

// {left [N, rank], right, rank, scale}, or nothing. @param width of the product that it is added to
LowRankArgument readLowRank(const Arguments& a, napi_value object, std::int64_t rows, std::int64_t width,
                            const char* rightShape) {
  LowRankArgument result = {};
  if (a.isNull(object)) return result;
  a.expectObject(object, "lowRank");
  result.lowRank.rank = a.integer(a.field(object, "rank"), "the rank of lowRank", 1, 65536);
  result.lowRank.scale = a.finiteFloat(a.field(object, "scale"), "the scale of lowRank");
  result.left = a.array<float>(a.field(object, "left"), "left of lowRank");
  result.right = a.array<float>(a.field(object, "right"), "right of lowRank");
  a.expectLength(result.left, rows * result.lowRank.rank, "[N, rank]");
  a.expectLength(result.right, width * result.lowRank.rank, rightShape);
  result.lowRank.left = result.left.data;
  result.lowRank.right = result.right.data;
  return result;
}

const std::int32_t* readSegments(const Arguments& a, const Array<std::int32_t>& segments, std::int64_t rows) {
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

HeadCounts readHeads(const Arguments& a, napi_value shape) {
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
template <class Values>
Attention readAttention(const Arguments& a, int index, const Values& queries, const Values& keys) {
  const napi_value shape = a.value(index);
  const HeadCounts counts = readHeads(a, shape);
  Attention attention;
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

void expectIds(const Arguments& a, const Array<std::int32_t>& ids, std::int64_t below) {
  for (std::int64_t n = 0; n < ids.length; n++) {
    if (ids.data[n] < 0 || ids.data[n] >= below) {
      a.failRange(std::string("expected ") + ids.name + " from 0 to " + std::to_string(below - 1) + ", got " +
                  std::to_string(ids.data[n]) + " at " + std::to_string(n));
    }
  }
}

// ---- kernels

using Entry = void (*)(const Arguments&, napi_value* result);

// One weight's share of a product: what it writes, and what that must not overlap.
LinearOutput readLinearOutput(const Arguments& a, const Kept& x, napi_value weight, napi_value bias, napi_value y,
                              napi_value lowRank, Array<float>& target) {
  const auto w = readWeight(a, weight, "weight");
  const auto offsets = a.isNull(bias) ? Array<float>() : a.array<float>(bias, "bias");
  target = a.array<float>(y, "y");
  const std::int64_t rows = a.rowsOf(x, w.weight.columns, "[N, I]");
  a.expectLength(target, rows * w.weight.rows, "[N, O]");
  if (offsets) a.expectLength(offsets, w.weight.rows, "[O]");
  const auto update = readLowRank(a, lowRank, rows, w.weight.rows, "[O, rank]");
  a.expectApart(target, x);
  a.expectApart(target, w.codes);
  a.expectApart(target, offsets);
  a.expectApart(target, update.left);
  a.expectApart(target, update.right);
  return {w.weight, offsets.data, target.data, update.lowRank};
}

napi_value lowRankOf(const Arguments& a, napi_value options) {
  return a.isNull(options) ? options : a.field(options, "lowRank");
}

// linear(x, weight, bias, y, options)
void callLinear(const Arguments& a, napi_value*) {
  const Kept x = a.kept(0, "x");
  const ProductOptions options = readProductOptions(a, a.value(4));
  Array<float> y;
  const LinearOutput output =
      readLinearOutput(a, x, a.value(1), a.value(2), a.value(3), lowRankOf(a, a.value(4)), y);
  a.kernels().linear({x.format, x.data}, &output, 1, x.length / output.weight.columns, options);
}

// linearMany(x, [{weight, bias, y, lowRank}], options)
void callLinearMany(const Arguments& a, napi_value*) {
  const Kept x = a.kept(0, "x");
  const ProductOptions options = readProductOptions(a, a.value(2));
  std::vector<LinearOutput> outputs;
  std::vector<Array<float>> targets;
  a.forElements(1, "outputs", [&](napi_value element) {
    a.expectObject(element, "an output");
    Array<float> y;
    outputs.push_back(readLinearOutput(a, x, a.field(element, "weight"), a.field(element, "bias"), a.field(element, "y"),
                                       a.field(element, "lowRank"), y));
    if (outputs.back().weight.columns != outputs.front().weight.columns) {
      a.failRange("expected weights with " + std::to_string(outputs.front().weight.columns) + " inputs, got one with " +
                  std::to_string(outputs.back().weight.columns));
    }
    for (const auto& other : targets) a.expectApart(y, other);
    targets.push_back(y);
  });
  if (outputs.empty()) return;
  a.kernels().linear({x.format, x.data}, outputs.data(), static_cast<std::int64_t>(outputs.size()),
                     x.length / outputs.front().weight.columns, options);
}

// linearInputGradient(dy, weight, dx, options)
void callLinearInputGradient(const Arguments& a, napi_value*) {
  const Kept dy = a.kept(0, "dy");
  const auto w = readWeight(a, a.value(1), "weight");
  const auto dx = a.array<float>(2, "dx");
  const ProductOptions options = readProductOptions(a, a.value(3));
  const std::int64_t rows = a.rowsOf(dy, w.weight.rows, "[N, O]");
  a.expectLength(dx, rows * w.weight.columns, "[N, I]");
  const auto update = readLowRank(a, lowRankOf(a, a.value(3)), rows, w.weight.columns, "[rank, I]");
  a.expectApart(dx, dy);
  a.expectApart(dx, w.codes);
  a.expectApart(dx, update.left);
  a.expectApart(dx, update.right);
  a.kernels().linearInputGradient({dy.format, dy.data}, w.weight, dx.data, update.lowRank, rows, options);
}

// One of the two products of a gated linear, which nothing is written of.
LinearOutput readGate(const Arguments& a, const Array<float>& x, napi_value object, const char* name,
                      const std::vector<Array<char>>& outputs) {
  a.expectObject(object, name);
  const auto w = readWeight(a, a.field(object, "weight"), "weight");
  const napi_value bias = a.field(object, "bias");
  const auto offsets = a.isNull(bias) ? Array<float>() : a.array<float>(bias, "bias");
  if (offsets) a.expectLength(offsets, w.weight.rows, "[f]");
  const std::int64_t rows = a.rowsOf(x, w.weight.columns, "[N, I]");
  const auto update = readLowRank(a, a.field(object, "lowRank"), rows, w.weight.rows, "[f, rank]");
  for (const Array<char>& output : outputs) {
    a.expectApart(output, w.codes);
    a.expectApart(output, offsets);
    a.expectApart(output, update.left);
    a.expectApart(output, update.right);
  }
  return {w.weight, offsets.data, nullptr, update.lowRank};
}

template <class T>
Array<char> bytesOf(const Array<T>& array) {
  return {array.name, reinterpret_cast<char*>(array.data), array.length * static_cast<std::int64_t>(sizeof(T))};
}

// What gatedLinear keeps of N rows of f columns; its scales are read in place.
Array<std::uint8_t> readKeptGates(const Arguments& a, int index, std::int64_t rows, std::int64_t width) {
  const auto kept = a.arrayOrNull<std::uint8_t>(index, "kept");
  if (!kept) return kept;
  a.expectLength(kept, gatedBytes(rows, width), "as gatedBytes gives for [N, f]");
  if (reinterpret_cast<std::uintptr_t>(kept.data) % sizeof(float) != 0) a.failRange("expected kept to lie at a multiple of 4 bytes");
  return kept;
}

// gatedLinear(x, gate {weight, bias, lowRank}, up, kept, hidden, options)
void callGatedLinear(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto hidden = a.array<std::uint16_t>(4, "hidden");
  const ProductOptions options = readProductOptions(a, a.value(5));
  const auto bytes = a.arrayOrNull<std::uint8_t>(3, "kept");
  const std::vector<Array<char>> outputs = {bytesOf(hidden), bytesOf(bytes)};
  const LinearOutput gateAndUp[2] = {readGate(a, x, a.value(1), "gate", outputs), readGate(a, x, a.value(2), "up", outputs)};
  const Weight& weight = gateAndUp[0].weight;
  if (gateAndUp[1].weight.rows != weight.rows || gateAndUp[1].weight.columns != weight.columns) {
    a.failRange("expected gate and up of one shape, got [" + std::to_string(weight.rows) + ", " + std::to_string(weight.columns) +
                "] and [" + std::to_string(gateAndUp[1].weight.rows) + ", " + std::to_string(gateAndUp[1].weight.columns) + "]");
  }
  if (options.accumulate) a.failRange("expected no accumulate: hidden is written anew");
  const std::int64_t rows = x.length / weight.columns;
  a.expectLength(hidden, rows * weight.rows, "[N, f]");
  const auto kept = readKeptGates(a, 3, rows, weight.rows);
  a.expectApart(hidden, x);
  a.expectApart(kept, x);
  a.expectApart(kept, hidden);
  a.kernels().gatedLinear(x.data, gateAndUp, kept.data, hidden.data, rows, options);
}

// gatedLinearBackward(dy, down, kept, dGate, dUp, options)
void callGatedLinearBackward(const Arguments& a, napi_value*) {
  const auto dy = a.array<float>(0, "dy");
  const auto w = readWeight(a, a.value(1), "down");
  const auto dGate = a.array<std::uint16_t>(3, "dGate");
  const auto dUp = a.array<std::uint16_t>(4, "dUp");
  const ProductOptions options = readProductOptions(a, a.value(5));
  if (options.accumulate) a.failRange("expected no accumulate: gradients are written anew");
  const std::int64_t rows = a.rowsOf(dy, w.weight.rows, "[N, O]");
  const auto update = readLowRank(a, lowRankOf(a, a.value(5)), rows, w.weight.columns, "[rank, f]");
  const auto kept = readKeptGates(a, 2, rows, w.weight.columns);
  if (!kept) a.fail(true, "expected kept to be a Uint8Array, got " + a.describe(a.value(2)));
  for (const auto& output : {dGate, dUp}) {
    a.expectLength(output, rows * w.weight.columns, "[N, f]");
    a.expectApart(output, dy);
    const bool isOverCodes = output.data == dGate.data && static_cast<void*>(dGate.data) == static_cast<void*>(kept.data);
    if (!isOverCodes) a.expectApart(output, kept);
    a.expectApart(output, w.codes);
    a.expectApart(output, update.left);
    a.expectApart(output, update.right);
  }
  a.expectApart(dGate, dUp);
  a.kernels().gatedLinearBackward(dy.data, w.weight, update.lowRank, kept.data, dGate.data, dUp.data, rows, options);
}

// gatedHidden(kept, hidden, f)
void callGatedHidden(const Arguments& a, napi_value*) {
  const auto hidden = a.array<std::uint16_t>(1, "hidden");
  const std::int64_t width = a.integer(2, "f", 1, INT_MAX);
  const std::int64_t rows = a.rowsOf(hidden, width, "[N, f]");
  const auto kept = readKeptGates(a, 0, rows, width);
  if (!kept) a.fail(true, "expected kept to be a Uint8Array, got " + a.describe(a.value(0)));
  a.expectApart(hidden, kept);
  a.kernels().gatedHidden(kept.data, hidden.data, rows, width);
}

// gemm(a, b, c, {m, n, k, transposeA, transposeB, alpha, accumulate})
void callGemm(const Arguments& a, napi_value*) {
  const auto left = a.array<float>(0, "a");
  const auto right = a.array<float>(1, "b");
  const auto c = a.array<float>(2, "c");
  const napi_value shape = a.value(3);
  a.expectObject(shape, "shape");
  Gemm gemm;
  gemm.m = a.integer(a.field(shape, "m"), "m", 0, INT_MAX);
  gemm.n = a.integer(a.field(shape, "n"), "n", 0, INT_MAX);
  gemm.k = a.integer(a.field(shape, "k"), "k", 0, INT_MAX);
  gemm.transposeA = a.flag(shape, "transposeA");
  gemm.transposeB = a.flag(shape, "transposeB");
  const ProductOptions options = readProductOptions(a, shape);
  a.expectLength(left, gemm.m * gemm.k, gemm.transposeA ? "[k, m]" : "[m, k]");
  a.expectLength(right, gemm.k * gemm.n, gemm.transposeB ? "[n, k]" : "[k, n]");
  a.expectLength(c, gemm.m * gemm.n, "[m, n]");
  a.expectApart(c, left);
  a.expectApart(c, right);
  gemm.a = left.data;
  gemm.b = right.data;
  gemm.c = c.data;
  gemm.alpha = options.alpha;
  gemm.accumulate = options.accumulate;
  a.kernels().gemm(gemm);
}

// rmsNormForward(x, weight, y, epsilon)
void callRmsNormForward(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto weight = a.array<float>(1, "weight");
  const auto y = a.array<float>(2, "y");
  const float epsilon = static_cast<float>(a.notNegative(a.value(3), "epsilon"));
  const std::int64_t rows = a.rowsOf(x, weight.length, "[N, h]");
  a.expectLength(y, x.length, "[N, h]");
  a.expectApart(y, x, true);
  a.expectApart(y, weight);
  a.kernels().rmsNormForward(x.data, weight.data, y.data, rows, weight.length, epsilon);
}

// rmsNormBackward(x, weight, dy, dx, dWeight, epsilon)
void callRmsNormBackward(const Arguments& a, napi_value*) {
  const Kept x = a.kept(0, "x");
  const auto weight = a.array<float>(1, "weight");
  const auto dy = a.array<float>(2, "dy");
  const auto dx = a.arrayOrNull<float>(3, "dx");
  const auto dWeight = a.arrayOrNull<float>(4, "dWeight");
  const float epsilon = static_cast<float>(a.notNegative(a.value(5), "epsilon"));
  const std::int64_t rows = a.rowsOf(x, weight.length, "[N, h]");
  a.expectLength(dy, x.length, "[N, h]");
  if (dx) a.expectLength(dx, x.length, "[N, h]");
  if (dWeight) a.expectLength(dWeight, weight.length, "[h]");
  a.expectApart(dx, x);
  a.expectApart(dx, weight);
  a.expectApart(dx, dy, true);
  a.expectApart(dWeight, x);
  a.expectApart(dWeight, weight);
  a.expectApart(dWeight, dy);
  a.expectApart(dWeight, dx);
  a.kernels().rmsNormBackward(x.format, x.data, weight.data, dy.data, dx.data, dWeight.data, rows, weight.length, epsilon);
}

// rotate(x, out, cos, sin, headCount, headSize, direction)
void callRotate(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto out = a.array<float>(1, "out");
  const auto cos = a.array<float>(2, "cos");
  const auto sin = a.array<float>(3, "sin");
  const std::int64_t heads = a.integer(4, "headCount", 1, 65536);
  const std::int64_t headSize = a.integer(5, "headSize", 2, 4096);
  const double direction = a.finite(6, "direction");
  if (headSize % 2 != 0) a.failRange("expected an even headSize, got " + std::to_string(headSize));
  if (direction != 1 && direction != -1) a.failRange("expected direction 1 or -1, got " + number(direction));
  const std::int64_t rows = a.rowsOf(x, heads * headSize, "[N, H, d]");
  a.expectLength(out, x.length, "[N, H, d]");
  a.expectLength(cos, rows * (headSize / 2), "[N, d/2]");
  a.expectLength(sin, rows * (headSize / 2), "[N, d/2]");
  a.expectApart(out, x, true);
  a.expectApart(out, cos);
  a.expectApart(out, sin);
  a.kernels().rotate(x.data, out.data, cos.data, sin.data, rows, heads, headSize, static_cast<float>(direction));
}

// swigluForward(gate, up, out)
void callSwigluForward(const Arguments& a, napi_value*) {
  const auto gate = a.array<float>(0, "gate");
  const auto up = a.array<float>(1, "up");
  const auto out = a.array<float>(2, "out");
  a.expectLength(up, gate.length, "like gate");
  a.expectLength(out, gate.length, "like gate");
  a.expectApart(out, gate, true);
  a.expectApart(out, up, true);
  a.kernels().swigluForward(gate.data, up.data, out.data, gate.length);
}

// swigluBackward(gate, up, dOut, dGate, dUp)
void callSwigluBackward(const Arguments& a, napi_value*) {
  const Kept gate = a.kept(0, "gate");
  const Kept up = a.kept(1, "up", &gate);
  const auto dOut = a.array<float>(2, "dOut");
  const auto dGate = a.arrayOrNull<float>(3, "dGate");
  const auto dUp = a.arrayOrNull<float>(4, "dUp");
  a.expectLength(up, gate.length, "like gate");
  a.expectLength(dOut, gate.length, "like gate");
  if (dGate) a.expectLength(dGate, gate.length, "like gate");
  if (dUp) a.expectLength(dUp, gate.length, "like gate");
  for (const auto& gradient : {dGate, dUp}) {
    a.expectApart(gradient, gate, gate.format == Format::fp32);
    a.expectApart(gradient, up, gate.format == Format::fp32);
    a.expectApart(gradient, dOut, true);
  }
  a.expectApart(dGate, dUp);
  a.kernels().swigluBackward(gate.format, gate.data, up.data, dOut.data, dGate.data, dUp.data, gate.length);
}

// add(a, b, out), multiply(a, b, out)
template <void (*Kernels::*kernel)(const float*, const float*, float*, std::int64_t)>
void callPairwise(const Arguments& a, napi_value*) {
  const auto left = a.array<float>(0, "a");
  const auto right = a.array<float>(1, "b");
  const auto out = a.array<float>(2, "out");
  a.expectLength(right, left.length, "like a");
  a.expectLength(out, left.length, "like a");
  a.expectApart(out, left, true);
  a.expectApart(out, right, true);
  (a.kernels().*kernel)(left.data, right.data, out.data, left.length);
}

// scale(x, factor, out)
void callScale(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const float factor = a.finiteFloat(1, "factor");
  const auto out = a.array<float>(2, "out");
  a.expectLength(out, x.length, "like x");
  a.expectApart(out, x, true);
  a.kernels().scale(x.data, factor, out.data, x.length);
}

// scaleRows(x, factors, out)
void callScaleRows(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto factors = a.array<float>(1, "factors");
  const auto out = a.array<float>(2, "out");
  a.expectLength(out, x.length, "like x");
  if (factors.length == 0 ? x.length != 0 : x.length % factors.length != 0) {
    a.failRange("expected x [N, width] in " + std::to_string(factors.length) + " rows, got " + std::to_string(x.length) +
                " elements");
  }
  a.expectApart(out, x, true);
  a.expectApart(out, factors);
  if (x.length == 0) return;
  a.kernels().scaleRows(x.data, factors.data, out.data, factors.length, x.length / factors.length);
}

// sumRows(x, sums, accumulate)
void callSumRows(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto sums = a.array<float>(1, "sums");
  const bool accumulate = a.booleanOr(a.value(2), "accumulate", false);
  const std::int64_t rows = a.rowsOf(x, sums.length, "[N, width]");
  a.expectApart(sums, x);
  a.kernels().sumRows(x.data, sums.data, rows, sums.length, accumulate);
}

// toBf16(x, codes)
void callToBf16(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto codes = a.array<std::uint16_t>(1, "codes");
  a.expectLength(codes, x.length, "like x");
  a.expectApart(codes, x);
  a.kernels().toBf16(x.data, codes.data, x.length);
}

// fromBf16(codes, x)
void callFromBf16(const Arguments& a, napi_value*) {
  const auto codes = a.array<std::uint16_t>(0, "codes");
  const auto x = a.array<float>(1, "x");
  a.expectLength(x, codes.length, "like codes");
  a.expectApart(x, codes);
  a.kernels().fromBf16(codes.data, x.data, x.length);
}

// toInt8Rows(x, codes, scales)
void callToInt8Rows(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto codes = a.array<std::int8_t>(1, "codes");
  const auto scales = a.array<float>(2, "scales");
  a.expectLength(codes, x.length, "like x");
  if (scales.length == 0 ? x.length != 0 : x.length % scales.length != 0) {
    a.failRange("expected x [N, width] in " + std::to_string(scales.length) + " rows, got " + std::to_string(x.length) +
                " elements");
  }
  a.expectApart(codes, x);
  a.expectApart(scales, x);
  a.expectApart(scales, codes);
  if (x.length == 0) return;
  a.kernels().toInt8Rows(x.data, codes.data, scales.data, scales.length, x.length / scales.length);
}

// toInt8Weights(source, codes, scales)
void callToInt8Weights(const Arguments& a, napi_value*) {
  const auto source = readWeight(a, a.value(0), "source");
  const auto codes = a.array<std::int8_t>(1, "codes");
  const auto scales = a.array<float>(2, "scales");
  const Weight& weight = source.weight;
  if (weight.format == Format::int8 || weight.format == Format::nf4) {
    a.failRange("expected a source in fp32, bf16 or fp16, got one that is packed");
  }
  a.expectLength(codes, weight.rows * weight.columns, "[O, I]");
  a.expectLength(scales, weight.rows, "[O]");
  a.expectApart(codes, source.codes);
  a.expectApart(scales, source.codes);
  a.expectApart(scales, codes);
  a.kernels().toInt8Weights(weight, codes.data, scales.data);
}

// addScaled(y, x, factor)
void callAddScaled(const Arguments& a, napi_value*) {
  const auto y = a.array<float>(0, "y");
  const auto x = a.array<float>(1, "x");
  const float factor = a.finiteFloat(2, "factor");
  a.expectLength(x, y.length, "like y");
  a.expectApart(y, x, true);
  a.kernels().addScaled(y.data, x.data, factor, y.length);
}

// exponential(x, out)
void callExponential(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto out = a.array<float>(1, "out");
  a.expectLength(out, x.length, "like x");
  a.expectApart(out, x, true);
  a.kernels().exponential(x.data, out.data, x.length);
}

// transpose(x, out, rows, columns)
void callTranspose(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto out = a.array<float>(1, "out");
  const std::int64_t rows = a.integer(2, "rows", 0, INT_MAX);
  const std::int64_t columns = a.integer(3, "columns", 0, INT_MAX);
  a.expectLength(x, rows * columns, "[rows, columns]");
  a.expectLength(out, rows * columns, "[columns, rows]");
  a.expectApart(out, x);
  a.kernels().transpose(x.data, out.data, rows, columns);
}

// gatherRows(table, ids, out)
void callGatherRows(const Arguments& a, napi_value*) {
  const auto table = readWeight(a, a.value(0), "table");
  const auto ids = a.array<std::int32_t>(1, "ids");
  const auto out = a.array<float>(2, "out");
  a.expectLength(out, ids.length * table.weight.columns, "[N, columns]");
  expectIds(a, ids, table.weight.rows);
  a.expectApart(out, table.codes);
  a.expectApart(out, ids);
  a.kernels().gatherRows(table.weight, ids.data, out.data, ids.length);
}

// scatterAddRows(dOut, ids, dTable, width)
void callScatterAddRows(const Arguments& a, napi_value*) {
  const auto dOut = a.array<float>(0, "dOut");
  const auto ids = a.array<std::int32_t>(1, "ids");
  const auto dTable = a.array<float>(2, "dTable");
  const std::int64_t width = a.integer(3, "width", 1, INT_MAX);
  a.expectLength(dOut, ids.length * width, "[N, width]");
  expectIds(a, ids, a.rowsOf(dTable, width, "[rows, width]"));
  a.expectApart(dTable, dOut);
  a.expectApart(dTable, ids);
  a.kernels().scatterAddRows(dOut.data, ids.data, dTable.data, ids.length, width);
}

// dropout(x, out, key0, key1, rate, accumulate)
void callDropout(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto out = a.array<float>(1, "out");
  const std::int64_t key0 = a.integer(2, "key0", 0, UINT_MAX);
  const std::int64_t key1 = a.integer(3, "key1", 0, UINT_MAX);
  const double rate = a.finite(4, "rate");
  if (!(rate >= 0 && rate < 1)) a.failRange("expected a rate in [0, 1), got " + number(rate));
  a.expectLength(out, x.length, "like x");
  a.expectApart(out, x, true);
  const bool accumulate = a.booleanOr(a.value(5), "accumulate", false);
  a.kernels().dropout(x.data, out.data, x.length, static_cast<std::uint32_t>(key0), static_cast<std::uint32_t>(key1),
                  static_cast<std::uint32_t>(std::floor(rate * 65536 + 0.5)), static_cast<float>(1 / (1 - rate)), accumulate);
}

// attentionForward(q, k, v, out, logSumExp, shape)
void callAttentionForward(const Arguments& a, napi_value*) {
  const auto q = a.array<float>(0, "q");
  const auto k = a.array<float>(1, "k");
  const auto v = a.array<float>(2, "v");
  const auto out = a.array<float>(3, "out");
  const auto logSumExp = a.arrayOrNull<float>(4, "logSumExp");
  const Attention attention = readAttention(a, 5, q, k);
  a.expectLength(v, k.length, "[M, G, d]");
  a.expectLength(out, q.length, "[N, H, d]");
  if (logSumExp) a.expectLength(logSumExp, q.length / attention.headSize, "[N, H]");
  for (const auto& input : {q, k, v}) {
    a.expectApart(out, input);
    a.expectApart(logSumExp, input);
  }
  a.expectApart(logSumExp, out);
  a.kernels().attentionForward(q.data, k.data, v.data, out.data, logSumExp.data, attention);
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
  const Attention attention = readAttention(a, 9, q, k);
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
  a.kernels().attentionBackward(q.format, q.data, k.data, v.data, {out.format, out.data, outScales.data}, logSumExp.data, dOut.data,
                                dq.data, dk.data, dv.data, attention);
}

// A cache's arrays, whose memory a step writes to.
struct CacheArgument {
  KeyValueCache cache;
  std::int64_t rows;  // it has room for
  Array<char> keys, values;  // the bytes, for overlap checks
  Array<float> keyScales, valueScales;
};

// @param names of keys and values, as the caller calls them
CacheArgument readCache(const Arguments& a, const char* const (&names)[2], napi_value k, napi_value v, napi_value keyScales,
                        napi_value valueScales, const HeadCounts& counts) {
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

void expectApartFromCache(const Arguments& a, const Array<float>& other, const CacheArgument& cache) {
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
  a.kernels().attentionDecode(q.data, &argument.cache, out.data, 1, counts.heads, counts.keyValueHeads, counts.headSize,
                              scale);
}

// Memory that a step writes to must belong to one cache alone.
void expectCachesApart(const Arguments& a, const std::vector<CacheArgument>& caches) {
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
        return kernels.toInt8Rows(row, reinterpret_cast<std::int8_t*>(target.data) + at,
                                  scales.data + argument.cache.length * counts.keyValueHeads, counts.keyValueHeads,
                                  counts.headSize);
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
  kernels.attentionDecode(q.data, grown.data(), out.data, sequences, counts.heads, counts.keyValueHeads, counts.headSize,
                          scale);
}

// crossEntropyRows(logits, targets, losses, dLogits, gradientScale)
void callCrossEntropyRows(const Arguments& a, napi_value*) {
  const auto logits = a.array<float>(0, "logits");
  const auto targets = a.array<std::int32_t>(1, "targets");
  const auto losses = a.array<float>(2, "losses");
  const auto dLogits = a.arrayOrNull<float>(3, "dLogits");
  const float gradientScale = a.finiteFloat(4, "gradientScale");
  const std::int64_t rows = targets.length;
  a.expectLength(losses, rows, "[M]");
  if (rows == 0) {
    a.expectLength(logits, 0, "[M, V]");
    return;
  }
  if (logits.length == 0 || logits.length % rows != 0) {
    a.failRange("expected logits [M, V] in " + std::to_string(rows) + " rows, got " + std::to_string(logits.length) +
                " elements");
  }
  const std::int64_t vocabulary = logits.length / rows;
  if (dLogits) a.expectLength(dLogits, logits.length, "[M, V]");
  expectIds(a, targets, vocabulary);
  a.expectApart(dLogits, logits, true);
  a.expectApart(losses, logits);
  a.expectApart(losses, dLogits);
  a.expectApart(losses, targets);
  a.expectApart(dLogits, targets);
  a.kernels().crossEntropyRows(logits.data, targets.data, losses.data, dLogits.data, rows, vocabulary, gradientScale);
}

// headLosses(hidden, weight, bias, targets, losses, dHidden, workspace, options)
void callHeadLosses(const Arguments& a, napi_value*) {
  const auto hidden = a.array<float>(0, "hidden");
  const auto w = readWeight(a, a.value(1), "weight");
  const auto bias = a.arrayOrNull<float>(2, "bias");
  const auto targets = a.array<std::int32_t>(3, "targets");
  const auto losses = a.array<float>(4, "losses");
  const auto dHidden = a.arrayOrNull<float>(5, "dHidden");
  const Kept workspace = a.isNull(a.value(6)) ? Kept{"workspace", Format::bf16, nullptr, 0} : a.kept(6, "workspace");
  const ProductOptions options = readProductOptions(a, a.value(7));
  if (options.accumulate) a.failRange("expected no accumulate: losses are written anew");
  if (options.alpha != 1.0f) a.failRange("expected no alpha, got " + number(static_cast<double>(options.alpha)));
  const std::int64_t rows = a.rowsOf(hidden, w.weight.columns, "[N, h]");
  a.expectLength(targets, rows, "[N]");
  a.expectLength(losses, rows, "[N]");
  if (bias) a.expectLength(bias, w.weight.rows, "[V]");
  if (dHidden) a.expectLength(dHidden, hidden.length, "[N, h]");
  if (dHidden && !workspace) a.fail(true, "expected a workspace for dHidden, got " + a.describe(a.value(6)));
  const std::int64_t columns = workspace && rows > 0 ? a.rowsOf(workspace, rows, "[columns, N]") : 0;
  if (columns != w.weight.rows && (columns % kHeadBlock != 0 || (dHidden && rows > 0 && columns == 0))) {
    a.failRange("expected workspace [N, V] or [N, a multiple of " + std::to_string(kHeadBlock) + "], got " + std::to_string(columns) +
                " columns");
  }
  expectIds(a, targets, w.weight.rows);
  for (const auto& output : {losses, dHidden}) {
    a.expectApart(output, hidden);
    a.expectApart(output, w.codes);
    a.expectApart(output, bias);
    a.expectApart(output, targets);
    a.expectApart(output, workspace);
  }
  a.expectApart(losses, dHidden);
  for (const auto& input : {hidden, bias}) a.expectApart(workspace, input);
  a.expectApart(workspace, w.codes);
  a.expectApart(workspace, targets);
  a.kernels().headLosses(hidden.data, w.weight, bias.data, targets.data, losses.data, dHidden.data,
                         {workspace.format, workspace.data}, columns, rows, options);
}

// adamW([{parameter, gradient, first, second}], {learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale})
void callAdamW(const Arguments& a, napi_value*) {
  const napi_value object = a.value(1);
  a.expectObject(object, "config");
  AdamW config;
  config.learningRate = a.finite(a.field(object, "learningRate"), "learningRate");
  config.beta1 = a.notNegative(a.field(object, "beta1"), "beta1");
  config.beta2 = a.notNegative(a.field(object, "beta2"), "beta2");
  config.epsilon = a.notNegative(a.field(object, "epsilon"), "epsilon");
  config.weightDecay = a.finite(a.field(object, "weightDecay"), "weightDecay");
  config.step = a.integer(a.field(object, "step"), "step", 1);
  const napi_value gradientScale = a.field(object, "gradientScale");
  config.gradientScale = a.isNull(gradientScale) ? 1 : a.finite(gradientScale, "gradientScale");
  if (config.beta1 >= 1) a.failRange("expected beta1 in [0, 1), got " + number(config.beta1));
  if (config.beta2 >= 1) a.failRange("expected beta2 in [0, 1), got " + number(config.beta2));
  std::vector<AdamWTensor> tensors;
  a.forElements(0, "tensors", [&](napi_value element) {
    a.expectObject(element, "a tensor");
    const auto parameter = a.array<float>(a.field(element, "parameter"), "parameter");
    const auto gradient = a.array<float>(a.field(element, "gradient"), "gradient");
    const auto first = a.array<float>(a.field(element, "first"), "first");
    const auto second = a.array<float>(a.field(element, "second"), "second");
    a.expectLength(gradient, parameter.length, "like parameter");
    a.expectLength(first, parameter.length, "like parameter");
    a.expectLength(second, parameter.length, "like parameter");
    a.expectApart(parameter, gradient);
    a.expectApart(parameter, first);
    a.expectApart(parameter, second);
    a.expectApart(first, second);
    a.expectApart(first, gradient);
    a.expectApart(second, gradient);
    tensors.push_back({parameter.data, gradient.data, first.data, second.data, parameter.length});
  });
  a.kernels().adamW(tensors.data(), static_cast<std::int64_t>(tensors.size()), config);
}

// largestIndex(x) -> number
void callLargestIndex(const Arguments& a, napi_value* result) {
  const auto x = a.array<float>(0, "x");
  if (x.length == 0) a.failRange("expected x with an element, got an empty one");
  a.check(napi_create_int64(a.env(), a.kernels().largestIndex(x.data, x.length), result));
}

// sumOfSquares([tensor]) -> number
void callSumOfSquares(const Arguments& a, napi_value* result) {
  std::vector<Span> spans;
  a.forElements(0, "tensors", [&](napi_value element) {
    const auto tensor = a.array<float>(element, "a tensor");
    spans.push_back({tensor.data, tensor.length});
  });
  a.check(napi_create_double(a.env(), a.kernels().sumOfSquares(spans.data(), static_cast<std::int64_t>(spans.size())), result));
}

struct Export {
  const char* name;
  int arity;
  Entry entry;
};

const Export kernelExports[] = {
    {"linear", 5, callLinear},
    {"linearMany", 3, callLinearMany},
    {"linearInputGradient", 4, callLinearInputGradient},
    {"gatedLinear", 6, callGatedLinear},
    {"gatedLinearBackward", 6, callGatedLinearBackward},
    {"gatedHidden", 3, callGatedHidden},
    {"gemm", 4, callGemm},
    {"rmsNormForward", 4, callRmsNormForward},
    {"rmsNormBackward", 6, callRmsNormBackward},
    {"rotate", 7, callRotate},
    {"swigluForward", 3, callSwigluForward},
    {"swigluBackward", 5, callSwigluBackward},
    {"add", 3, callPairwise<&Kernels::add>},
    {"multiply", 3, callPairwise<&Kernels::multiply>},
    {"scale", 3, callScale},
    {"scaleRows", 3, callScaleRows},
    {"sumRows", 3, callSumRows},
    {"toBf16", 2, callToBf16},
    {"fromBf16", 2, callFromBf16},
    {"toInt8Rows", 3, callToInt8Rows},
    {"toInt8Weights", 3, callToInt8Weights},
    {"addScaled", 3, callAddScaled},
    {"exponential", 2, callExponential},
    {"transpose", 4, callTranspose},
    {"gatherRows", 3, callGatherRows},
    {"scatterAddRows", 4, callScatterAddRows},
    {"dropout", 6, callDropout},
    {"attentionForward", 6, callAttentionForward},
    {"attentionBackward", 10, callAttentionBackward},
    {"attentionDecode", 5, callAttentionDecode},
    {"attentionStep", 6, callAttentionStep},
    {"crossEntropyRows", 5, callCrossEntropyRows},
    {"headLosses", 8, callHeadLosses},
    {"adamW", 2, callAdamW},
    {"sumOfSquares", 1, callSumOfSquares},
    {"largestIndex", 1, callLargestIndex},
};

// ---- memory

struct Block {
  void* data = nullptr;
  void* base = nullptr;
  std::size_t bytes = 0;
  bool isMapped = false;
  bool isFree = false;

  void release() {
    if (isFree) return;
    isFree = true;
    if (isMapped) unmapFile(base, bytes);
    else freeBlock(base, bytes);
  }
};

std::mutex blocksLock;
std::unordered_map<void*, std::shared_ptr<Block>>& blocks() {
  static auto* map = new std::unordered_map<void*, std::shared_ptr<Block>>();  // outlives every finaliser
  return *map;
}

void forget(const std::shared_ptr<Block>& block) {
  std::lock_guard<std::mutex> lock(blocksLock);
  const auto found = blocks().find(block->data);
  if (found != blocks().end() && found->second == block) blocks().erase(found);
  block->release();
}

std::unordered_set<void*>& hints() {
  static auto* set = new std::unordered_set<void*>();  // outlives every finaliser
  return *set;
}

// What a buffer's finaliser is given. It runs once, whoever calls it first: some failures to make a buffer call it,
// others do not.
void finaliseBuffer(napi_env, void*, void* hint) {
  {
    std::lock_guard<std::mutex> lock(blocksLock);
    if (hints().erase(hint) == 0) return;
  }
  auto* held = static_cast<std::shared_ptr<Block>*>(hint);
  forget(*held);
  delete held;
}

napi_value bufferOf(const Arguments& a, void* data, std::size_t length, const std::shared_ptr<Block>& block) {
  auto* hint = new std::shared_ptr<Block>(block);
  {
    std::lock_guard<std::mutex> lock(blocksLock);
    blocks()[data] = block;
    hints().insert(hint);
  }
  napi_value buffer;
  const napi_status status = napi_create_external_arraybuffer(a.env(), data, length, finaliseBuffer, hint, &buffer);
  if (status != napi_ok) {
    finaliseBuffer(a.env(), data, hint);
    if (status == napi_no_external_buffers_allowed) a.fail(true, "this runtime takes no memory from outside");
    bool isPending = false;
    napi_is_exception_pending(a.env(), &isPending);
    if (!isPending) a.check(status);
    napi_value exception;
    a.check(napi_get_and_clear_last_exception(a.env(), &exception));
    a.failRange("this runtime takes no buffer of " + std::to_string(length) + " bytes; take less at a time");
  }
  return buffer;
}

napi_value emptyBuffer(const Arguments& a) {
  napi_value buffer;
  void* data;
  a.check(napi_create_arraybuffer(a.env(), 0, &data, &buffer));
  return buffer;
}

// allocate(bytes) -> ArrayBuffer
void callAllocate(const Arguments& a, napi_value* result) {
  const std::int64_t bytes = a.integer(0, "bytes", 0);
  if (bytes == 0) {
    *result = emptyBuffer(a);
    return;
  }
  void* data = allocateBlock(static_cast<std::size_t>(bytes));
  if (data == nullptr) a.failRange("the system has no " + std::to_string(bytes) + " bytes more");
  auto block = std::make_shared<Block>();
  block->data = block->base = data;
  block->bytes = static_cast<std::size_t>(bytes);
  *result = bufferOf(a, data, block->bytes, block);
}

// mapFile(path, offset, length) -> ArrayBuffer
void callMapFile(const Arguments& a, napi_value* result) {
  const std::string path = a.text(0, "path");
  if (path.find('\0') != std::string::npos) a.failRange("expected a path without null characters");
  const std::int64_t offset = a.isNull(a.value(1)) ? 0 : a.integer(1, "offset", 0);
  const std::int64_t length = a.isNull(a.value(2)) ? -1 : a.integer(2, "length", 0);
  const Mapping mapping = mapFile(path, offset, length);
  if (!mapping.error.empty()) a.failRange("cannot map \"" + path + "\": " + mapping.error);
  if (mapping.bytes == 0) {
    *result = emptyBuffer(a);
    return;
  }
  auto block = std::make_shared<Block>();
  block->data = mapping.data;
  block->base = mapping.base;
  block->bytes = mapping.mappedBytes;
  block->isMapped = true;
  *result = bufferOf(a, mapping.data, mapping.bytes, block);
}

// free(buffer)
void callFree(const Arguments& a, napi_value*) {
  bool isBuffer = false;
  a.check(napi_is_arraybuffer(a.env(), a.value(0), &isBuffer));
  if (!isBuffer) a.fail(true, "expected buffer to be an ArrayBuffer, got " + a.describe(a.value(0)));
  bool detached = false;
  a.check(napi_is_detached_arraybuffer(a.env(), a.value(0), &detached));
  void* data = nullptr;
  std::size_t length = 0;
  a.check(napi_get_arraybuffer_info(a.env(), a.value(0), &data, &length));
  if (detached || length == 0) return;  // freed before, or nothing to free
  std::shared_ptr<Block> block;
  {
    std::lock_guard<std::mutex> lock(blocksLock);
    const auto found = blocks().find(data);
    if (found != blocks().end()) block = found->second;
  }
  if (block == nullptr) a.failRange("expected a buffer of allocate or mapFile, got another one");
  a.check(napi_detach_arraybuffer(a.env(), a.value(0)));
  forget(block);
}

// memory() -> counts
void callMemory(const Arguments& a, napi_value* result) {
  const MemoryCounts counts = memoryCounts();
  a.check(napi_create_object(a.env(), result));
  const auto put = [&](const char* name, std::int64_t value) {
    napi_value number_;
    a.check(napi_create_int64(a.env(), value, &number_));
    a.check(napi_set_named_property(a.env(), *result, name, number_));
  };
  put("allocatedBytes", counts.allocatedBytes);
  put("allocations", counts.allocations);
  put("peakAllocatedBytes", counts.peakAllocatedBytes);
  put("mappedBytes", counts.mappedBytes);
  put("mappings", counts.mappings);
  put("scratchBytes", counts.scratchBytes);
}

void callResetPeak(const Arguments&, napi_value*) { resetPeak(); }
void callTrimScratch(const Arguments&, napi_value*) { trimScratch(); }

void callThreads(const Arguments& a, napi_value* result) {
  a.check(napi_create_int64(a.env(), threadCount(), result));
}

void callSetThreads(const Arguments& a, napi_value*) {
  setThreadCount(a.integer(0, "count", 1, kMostThreads));
}

const Export commonExports[] = {
    {"allocate", 1, callAllocate},
    {"free", 1, callFree},
    {"mapFile", 3, callMapFile},
    {"memory", 0, callMemory},
    {"resetPeak", 0, callResetPeak},
    {"trimScratch", 0, callTrimScratch},
    {"threads", 0, callThreads},
    {"setThreads", 1, callSetThreads},
};

// ---- dispatch

// Raised with every change of what JavaScript can call: src/load-native.ts refuses an addon that speaks another version.
constexpr std::int32_t kSurface = 4;

struct Bound {
  const Export* what;
  const Kernels* kernels;
};

constexpr int kMostArguments = 10;

napi_value call(napi_env env, napi_callback_info info) {
  napi_value values[kMostArguments];
  std::size_t count = kMostArguments;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, values, nullptr, &data) != napi_ok) return nullptr;
  const Bound& bound = *static_cast<const Bound*>(data);
  napi_value result = nullptr;
  try {
    bound.what->entry(Arguments(env, bound.what->name, values, *bound.kernels), &result);
  } catch (const ArgumentError& error) {
    if (error.isType) napi_throw_type_error(env, "ERR_LATHE_ARGUMENT", error.message.c_str());
    else napi_throw_range_error(env, "ERR_LATHE_ARGUMENT", error.message.c_str());
  } catch (const Pending&) {
  } catch (const std::bad_alloc&) {
    const std::string message = std::string(bound.what->name) + ": the system has no memory left to work in";
    napi_throw_range_error(env, "ERR_LATHE_MEMORY", message.c_str());
  }
  return result;
}

// Adds functions to an object. Bound entries live as long as the process: functions of any environment point at them.
template <std::size_t Count>
bool define(napi_env env, napi_value object, const Export (&exports)[Count], const Kernels* kernels) {
  static std::mutex lock;
  static auto* made = new std::map<std::pair<const Export*, const Kernels*>, std::unique_ptr<Bound[]>>();
  Bound* bound;
  {
    std::lock_guard<std::mutex> guard(lock);
    std::unique_ptr<Bound[]>& entries = (*made)[{exports, kernels}];
    if (entries == nullptr) {
      entries.reset(new Bound[Count]);
      for (std::size_t i = 0; i < Count; i++) entries[i] = {&exports[i], kernels};
    }
    bound = entries.get();
  }
  for (std::size_t i = 0; i < Count; i++) {
    napi_value function;
    if (napi_create_function(env, exports[i].name, NAPI_AUTO_LENGTH, call, &bound[i], &function) != napi_ok) return false;
    if (napi_set_named_property(env, object, exports[i].name, function) != napi_ok) return false;
  }
  return true;
}

template <class Names, class NameOf>
bool defineNames(napi_env env, napi_value object, const char* property, const Names& names, NameOf&& nameOf) {
  napi_value array;
  if (napi_create_array(env, &array) != napi_ok) return false;
  std::uint32_t index = 0;
  for (const auto& entry : names) {
    napi_value name;
    if (napi_create_string_utf8(env, nameOf(entry), NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
    if (napi_set_element(env, array, index++, name) != napi_ok) return false;
  }
  return napi_set_named_property(env, object, property, array) == napi_ok;
}

}  // namespace
}  // namespace lathe

// { surface, levels, compiledLevels, <common functions>, kernels: { <level>: { <kernels> } } }
NAPI_MODULE_INIT() {
  using namespace lathe;
  napi_value byLevel;
  if (napi_create_object(env, &byLevel) != napi_ok) return nullptr;
  for (const Kernels* kernels : availableLevels()) {
    napi_value object;
    if (napi_create_object(env, &object) != napi_ok) return nullptr;
    if (!define(env, object, kernelExports, kernels)) return nullptr;
    if (napi_set_named_property(env, byLevel, kernels->level, object) != napi_ok) return nullptr;
  }
  if (napi_set_named_property(env, exports, "kernels", byLevel) != napi_ok) return nullptr;
  napi_value surface;
  if (napi_create_int32(env, kSurface, &surface) != napi_ok) return nullptr;
  if (napi_set_named_property(env, exports, "surface", surface) != napi_ok) return nullptr;
  if (!define(env, exports, commonExports, availableLevels().front())) return nullptr;
  if (!defineNames(env, exports, "levels", availableLevels(), [](const Kernels* kernels) { return kernels->level; }) ||
      !defineNames(env, exports, "compiledLevels", compiledLevels(), [](const char* name) { return name; })) {
    return nullptr;
  }
  return exports;
}

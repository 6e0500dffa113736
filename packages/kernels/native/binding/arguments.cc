#include "arguments.h"

#include <cmath>
#include <cstdio>

namespace lathe {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

const Kernels& Arguments::kernels() const {
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

void Arguments::check(napi_status status) const {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env_, &pending);
  if (pending) throw Pending();
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env_, &info);
  fail(true, std::string("unexpected failure in Node-API: ") +
                 (info != nullptr && info->error_message != nullptr ? info->error_message : "unknown"));
}

void Arguments::fail(bool isType, const std::string& message) const {
  throw ArgumentError{isType, std::string(kernel_) + ": " + message};
}

std::string Arguments::describe(napi_value value) const {
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

bool Arguments::isNull(napi_value value) const {
  napi_valuetype type;
  check(napi_typeof(env_, value, &type));
  return type == napi_null || type == napi_undefined;
}

napi_typedarray_type Arguments::typeOf(napi_value value) const {
  bool isTypedArray = false;
  check(napi_is_typedarray(env_, value, &isTypedArray));
  napi_typedarray_type type = napi_float64_array;
  if (isTypedArray) check(napi_get_typedarray_info(env_, value, &type, nullptr, nullptr, nullptr, nullptr));
  return type;
}

Kept Arguments::kept(int index, const char* name, const Kept* with) const {
  const bool isBf16 = with != nullptr ? with->format == Format::bf16 : typeOf(values_[index]) == napi_uint16_array;
  if (isBf16) {
    const auto codes = array<std::uint16_t>(index, name);
    return {name, Format::bf16, codes.data, codes.length};
  }
  const auto floats = array<float>(index, name);
  return {name, Format::fp32, floats.data, floats.length};
}

double Arguments::numberAt(napi_value value, const std::string& name) const {
  double result = 0;
  if (napi_get_value_double(env_, value, &result) != napi_ok) {
    fail(true, "expected " + name + " to be a number, got " + describe(value));
  }
  return result;
}

double Arguments::finite(napi_value value, const std::string& name) const {
  const double result = numberAt(value, name);
  if (!std::isfinite(result)) failRange("expected " + name + " to be finite, got " + number(result));
  return result;
}

float Arguments::finiteFloat(napi_value value, const std::string& name) const {
  const double result = finite(value, name);
  if (!std::isfinite(static_cast<float>(result))) {
    failRange("expected " + name + " to fit a float32, got " + number(result));
  }
  return static_cast<float>(result);
}

double Arguments::notNegative(napi_value value, const std::string& name) const {
  const double result = finite(value, name);
  if (result < 0) failRange("expected " + name + " to be at least 0, got " + number(result));
  return result;
}

std::int64_t Arguments::integer(napi_value value, const std::string& name, std::int64_t least, std::int64_t most) const {
  const double result = numberAt(value, name);
  if (!(result >= static_cast<double>(least) && result <= static_cast<double>(most)) || result != std::floor(result)) {
    failRange("expected " + name + " to be a whole number from " + std::to_string(least) +
              (most < 1LL << 53 ? " to " + std::to_string(most) : std::string(" on")) + ", got " + number(result));
  }
  return static_cast<std::int64_t>(result);
}

std::int64_t Arguments::integer(int index, const std::string& name, std::int64_t least, std::int64_t most) const {
  return integer(values_[index], name, least, most);
}

std::string Arguments::text(napi_value value, const std::string& name) const {
  std::size_t length = 0;
  if (napi_get_value_string_utf8(env_, value, nullptr, 0, &length) != napi_ok) {
    fail(true, "expected " + name + " to be a string, got " + describe(value));
  }
  std::string result(length, '\0');
  check(napi_get_value_string_utf8(env_, value, &result[0], length + 1, &length));
  return result;
}

void Arguments::expectObject(napi_value value, const char* name) const {
  napi_valuetype type;
  check(napi_typeof(env_, value, &type));
  if (type != napi_object) fail(true, std::string("expected ") + name + " to be an object, got " + describe(value));
}

napi_value Arguments::field(napi_value object, const char* name) const {
  ranForeignCode_ = true;
  napi_value result;
  check(napi_get_named_property(env_, object, name, &result));
  return result;
}

bool Arguments::booleanOr(napi_value value, const char* name, bool otherwise) const {
  if (isNull(value)) return otherwise;
  bool result = false;
  if (napi_get_value_bool(env_, value, &result) != napi_ok) {
    fail(true, std::string("expected ") + name + " to be a boolean, got " + describe(value));
  }
  return result;
}

napi_value Arguments::element(napi_value array, std::uint32_t index) const {
  ranForeignCode_ = true;
  napi_value result;
  check(napi_get_element(env_, array, index, &result));
  return result;
}

}  // namespace lathe

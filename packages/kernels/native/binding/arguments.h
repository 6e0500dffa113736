// The arguments of one call from JavaScript: read, and checked on the way.
//
// A wrong argument is an ArgumentError that begins with the kernel's name; nothing that a caller passes may crash the process.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "../kernels.h"

namespace lathe {

struct ArgumentError {
  bool isType;  // a TypeError, else a RangeError
  std::string message;
};

// Thrown where a JavaScript exception is pending already.
struct Pending {};

// A number as messages have it.
std::string number(double value);

template <class T>
struct TypeOf;
template <>
struct TypeOf<float> {
  static constexpr napi_typedarray_type type = napi_float32_array;
  static constexpr const char* name = "Float32Array";
};
template <>
struct TypeOf<double> {
  static constexpr napi_typedarray_type type = napi_float64_array;
  static constexpr const char* name = "Float64Array";
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

// The bytes of an array, for overlap checks.
template <class T>
Array<char> bytesOf(const Array<T>& array) {
  return {array.name, reinterpret_cast<char*>(array.data), array.length * static_cast<std::int64_t>(sizeof(T))};
}

// Activations as a pass kept them: float32, bfloat16 in a Uint16Array, or where it is asked for int8 in an Int8Array.
struct Kept {
  const char* name;
  Format format;
  const void* data;
  std::int64_t length;

  Values values() const { return {format, data}; }
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
  const Kernels& kernels() const;

  napi_env env() const { return env_; }

  void check(napi_status status) const;

  [[noreturn]] void fail(bool isType, const std::string& message) const;
  [[noreturn]] void failRange(const std::string& message) const { fail(false, message); }

  std::string describe(napi_value value) const;

  bool isNull(napi_value value) const;

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
  napi_typedarray_type typeOf(napi_value value) const;

  template <class T>
  Array<T> array(int index, const char* name) const {
    return array<T>(values_[index], name);
  }
  template <class T>
  Array<T> arrayOrNull(int index, const char* name) const {
    return isNull(values_[index]) ? Array<T>() : array<T>(values_[index], name);
  }

  // Kept in bf16 if the array is a Uint16Array, else in float32. Where other arrays were kept with it: in the same format.
  Kept kept(int index, const char* name, const Kept* with = nullptr) const;

  template <class Elements>
  void expectLength(const Elements& array, std::int64_t length, const std::string& shape) const {
    if (array.length == length) return;
    failRange(std::string("expected ") + array.name + " " + shape + " of " + std::to_string(length) + " elements, got " +
              std::to_string(array.length));
  }

  // How many rows of `width` an array holds.
  template <class Elements>
  std::int64_t rowsOf(const Elements& array, std::int64_t width, const std::string& shape) const {
    if (width > 0 && array.length % width == 0) return array.length / width;
    failRange(std::string("expected ") + array.name + " " + shape + " in whole rows of " + std::to_string(width) +
              " elements, got " + std::to_string(array.length));
  }

  // Two arrays may be the same memory from the same element on only where `mayBeSame`, and may not overlap else.
  template <class Elements, class Others>
  void expectApart(const Elements& out, const Others& other, bool mayBeSame = false) const {
    if (!out || !other || out.length == 0 || other.length == 0) return;
    if (out.begin() >= other.end() || other.begin() >= out.end()) return;
    if (mayBeSame && out.begin() == other.begin()) return;
    failRange(std::string("expected ") + out.name + " not to overlap " + other.name);
  }

  double numberAt(napi_value value, const std::string& name) const;
  double finite(napi_value value, const std::string& name) const;
  double finite(int index, const std::string& name) const { return finite(values_[index], name); }
  float finiteFloat(napi_value value, const std::string& name) const;
  float finiteFloat(int index, const std::string& name) const { return finiteFloat(values_[index], name); }
  double notNegative(napi_value value, const std::string& name) const;

  std::int64_t integer(napi_value value, const std::string& name, std::int64_t least, std::int64_t most = 1LL << 53) const;
  std::int64_t integer(int index, const std::string& name, std::int64_t least, std::int64_t most = 1LL << 53) const;

  std::string text(napi_value value, const std::string& name) const;
  std::string text(int index, const std::string& name) const { return text(values_[index], name); }

  napi_value value(int index) const { return values_[index]; }
  void expectObject(napi_value value, const char* name) const;
  napi_value field(napi_value object, const char* name) const;
  bool flag(napi_value object, const char* name) const { return booleanOr(field(object, name), name, false); }
  bool booleanOr(napi_value value, const char* name, bool otherwise) const;

  template <class Each>
  void forElements(int index, const char* name, Each&& each) const {
    bool isArray = false;
    check(napi_is_array(env_, values_[index], &isArray));
    if (!isArray) fail(true, std::string("expected ") + name + " to be an array, got " + describe(values_[index]));
    std::uint32_t count = 0;
    check(napi_get_array_length(env_, values_[index], &count));
    for (std::uint32_t i = 0; i < count; i++) each(element(values_[index], i));
  }

  napi_value element(napi_value array, std::uint32_t index) const;

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

}  // namespace lathe

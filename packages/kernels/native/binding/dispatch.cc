// The addon: what it hands to JavaScript, and the way of a call to its entry and of an error back.
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "../cpu_level.h"
#include "../mapped_faults.h"
#include "exports.h"

namespace lathe {
namespace {

// Raised with every change of what JavaScript can call: src/load-native.ts refuses an addon that speaks another version.
constexpr std::int32_t kSurface = 8;

struct Bound {
  const Export* what;
  const Kernels* kernels;
};

constexpr int kMostArguments = 10;

// What was computed may come from a file that is no longer whole: the caller is told so, by an error that has the file's path.
void refuseDamaged(napi_env env, const Export& what) {
  if (what.activity == Activity::memory || what.activity == Activity::outside) return;
  const std::string* path = damagedFile();
  if (path == nullptr) return;
  const std::string message = std::string(what.name) + ": the mapped file \"" + *path +
                              "\" was cut, or cannot be read any more";
  napi_value code, text, error, file;
  if (napi_create_string_utf8(env, "ERR_LATHE_MAPPED_FILE", NAPI_AUTO_LENGTH, &code) != napi_ok ||
      napi_create_string_utf8(env, message.c_str(), message.size(), &text) != napi_ok ||
      napi_create_string_utf8(env, path->c_str(), path->size(), &file) != napi_ok ||
      napi_create_error(env, code, text, &error) != napi_ok ||
      napi_set_named_property(env, error, "path", file) != napi_ok) {
    return;
  }
  napi_throw(env, error);
}

napi_value call(napi_env env, napi_callback_info info) {
  napi_value values[kMostArguments];
  std::size_t count = kMostArguments;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, values, nullptr, &data) != napi_ok) return nullptr;
  const Bound& bound = *static_cast<const Bound*>(data);
  napi_value result = nullptr;
  const Doing what(bound.what->activity);
  try {
    bound.what->entry(Arguments(env, bound.what->name, values, *bound.kernels), &result);
    refuseDamaged(env, *bound.what);
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
bool define(napi_env env, napi_value object, const std::vector<Export>& exports, const Kernels* kernels) {
  static std::mutex lock;
  static auto* made = new std::map<std::pair<const std::vector<Export>*, const Kernels*>, std::unique_ptr<Bound[]>>();
  Bound* bound;
  {
    std::lock_guard<std::mutex> guard(lock);
    std::unique_ptr<Bound[]>& entries = (*made)[{&exports, kernels}];
    if (entries == nullptr) {
      entries.reset(new Bound[exports.size()]);
      for (std::size_t i = 0; i < exports.size(); i++) entries[i] = {&exports[i], kernels};
    }
    bound = entries.get();
  }
  for (std::size_t i = 0; i < exports.size(); i++) {
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

// The API table as constants, for code that must not call into a library (the hooks) and for compile-time
// look-ups.
#pragma once

#include <cstddef>
#include <string_view>

#include "injector/api/api.h"

namespace rankle::api {

inline constexpr ApiInfo kApiTable[] = {
#include "injector/api/api_table.inc"
};

// Not constant on purpose: reaching it ends compilation with its name.
void NoSuchFunctionInApisTxt();

// The id of a function that must be in the table: a misspelt name does not compile.
consteval uint16_t IdOf(std::string_view name) {
  for (const ApiInfo& api : kApiTable) {
    if (api.name == name) return api.id;
  }
  NoSuchFunctionInApisTxt();
  return 0;
}

consteval size_t IndexOf(uint16_t id) {
  for (size_t i = 0; i < std::size(kApiTable); ++i) {
    if (kApiTable[i].id == id) return i;
  }
  NoSuchFunctionInApisTxt();
  return 0;
}

}  // namespace rankle::api

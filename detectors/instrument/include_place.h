// Where in a unit the runtime of the instrumentation is included: before everything that needs it, but after
// what has to come before any header. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rankle::instrument {

// An offset at the start of a line (or behind a byte order mark). Behind the last feature macro (`#define
// _GLIBCXX_USE_CXX11_ABI 0`, of the names that are the implementation's) among the comments, #define, #undef
// and #pragma lines that the unit begins with; conditional groups of such lines count as one.
size_t IncludePlace(std::string_view source);

// What is inserted there: the include, and a #line so that the lines keep their numbers.
std::string IncludeText(std::string_view source, size_t place, std::string_view header);

}  // namespace rankle::instrument

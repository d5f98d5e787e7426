// The headers that instrumented sources include, as they are copied into overlays.
#pragma once

#include <vector>

namespace rankle::instrument {

struct RuntimeFile {
  const char* name;
  const char* text;
};

extern const std::vector<RuntimeFile> kRuntimeFiles;

}  // namespace rankle::instrument

#include "analyzer/whatif/operation_trace.h"

namespace rankle::whatif {

std::optional<Kind> KindNamed(std::string_view name) {
  for (size_t i = 0; i < kKinds; ++i) {
    if (kKindTable[i].name == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

}  // namespace rankle::whatif

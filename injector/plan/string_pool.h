// The string pool of an armed plan while it is being built.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "injector/plan/armed_plan.h"

namespace rankle::plan {

// Appends to `bytes`, which the Plan owns. Strings must not hold NUL.
class StringPool {
 public:
  explicit StringPool(std::string* bytes) : bytes_(bytes) {}
  uint32_t Add(std::string_view text) {
    if (text.empty()) return 0;
    const auto offset = static_cast<uint32_t>(bytes_->size());
    bytes_->append(text).push_back('\0');
    return offset;
  }
  GlobList Add(const std::vector<std::string>& texts) {
    GlobList list{static_cast<uint32_t>(bytes_->size()), static_cast<uint32_t>(texts.size())};
    for (const std::string& text : texts) bytes_->append(text).push_back('\0');
    return list;
  }

 private:
  std::string* bytes_;
};

}  // namespace rankle::plan

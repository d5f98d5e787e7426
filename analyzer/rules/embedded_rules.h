// The rule files of this build, compiled in (cmake/embed_files.cmake).
#pragma once

#include <vector>

namespace rankle::rules {

struct EmbeddedRule {
  const char* file;
  const char* text;
};
extern const std::vector<EmbeddedRule> kEmbeddedRules;

}  // namespace rankle::rules

// The rule files of this build, compiled in (embed.cmake).
#pragma once

#include <vector>

namespace rankle::rules {

struct EmbeddedRule {
  const char* file;
  const char* text;
};
extern const std::vector<EmbeddedRule> kEmbeddedRules;

}  // namespace rankle::rules

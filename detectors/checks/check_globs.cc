#include "detectors/checks/check_globs.h"

#include <fnmatch.h>

#include <algorithm>
#include <sstream>

namespace rankle::lint {
namespace {

bool Matches(const std::string& pattern, std::string_view check) {
  const std::string full(check), bare(check.starts_with("nccl-") ? check.substr(5) : check);
  return fnmatch(pattern.c_str(), full.c_str(), 0) == 0 ||
         fnmatch(pattern.c_str(), ("rankle-" + bare).c_str(), 0) == 0;
}

}  // namespace

CheckGlobs::CheckGlobs(const std::string& list) {
  std::stringstream parts(list);
  for (std::string part; std::getline(parts, part, ',');) {
    std::erase_if(part, [](unsigned char c) { return isspace(c); });
    if (part.empty()) continue;
    const bool wanted = part[0] != '-';
    globs_.push_back({wanted, wanted ? part : part.substr(1)});
  }
}

bool CheckGlobs::Wants(std::string_view check, bool by_default) const {
  bool wanted = by_default;
  for (const Glob& glob : globs_) {
    if (Matches(glob.pattern, check)) wanted = glob.wanted;
  }
  return wanted;
}

std::vector<std::string> CheckGlobs::Unused(const std::vector<std::string_view>& checks) const {
  std::vector<std::string> unused;
  for (const Glob& glob : globs_) {
    if (std::none_of(checks.begin(), checks.end(),
                     [&](std::string_view check) { return Matches(glob.pattern, check); }))
      unused.push_back(glob.pattern);
  }
  return unused;
}

}  // namespace rankle::lint

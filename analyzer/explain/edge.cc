#include "analyzer/explain/edge.h"

#include <algorithm>

#include "injector/plan/glob.h"

namespace rankle::explain {
namespace {

bool AnyGlob(const std::vector<std::string>& globs, const std::string& text) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return plan::GlobMatch(glob.c_str(), text.c_str()); });
}

}  // namespace

const char* EventKindName(EventKind kind) {
  static constexpr const char* kNames[] = {
      "call",    "async_error", "exception",    "gives_up",  "end",      "report",
      "silence", "standstill",  "disagreement", "wait",      "teardown", "stall",
      "killed",  "start",       "last_seen",    "aftermath", "notice"};
  static_assert(std::size(kNames) == static_cast<size_t>(kLastEventKind) + 1);
  return kNames[static_cast<size_t>(kind)];
}

bool Matches(const EventPattern& pattern, const Event& event) {
  const auto& kinds = pattern.kinds;
  return (kinds.empty() || std::find(kinds.begin(), kinds.end(), event.kind) != kinds.end()) &&
         (pattern.names.empty() || AnyGlob(pattern.names, event.name)) &&
         (pattern.errors.empty() || AnyGlob(pattern.errors, event.error)) &&
         !AnyGlob(pattern.not_errors, event.error) &&
         (pattern.texts.empty() || AnyGlob(pattern.texts, event.text));
}

}  // namespace rankle::explain

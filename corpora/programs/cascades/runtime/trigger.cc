#include "corpora/programs/cascades/runtime/trigger.h"

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace rankle::cascades {
namespace {

// What the calls of the corpus fail with in practice.
constexpr std::pair<absl::string_view, int> kErrors[] = {
    {"OK", 0},        {"EAGAIN", EAGAIN}, {"ECONNRESET", ECONNRESET}, {"ECONNREFUSED", ECONNREFUSED},
    {"EPIPE", EPIPE}, {"EIO", EIO},       {"ENOSPC", ENOSPC},
};

}  // namespace

absl::StatusOr<Trigger> ParseTrigger(absl::string_view text) {
  const auto wrong = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("trigger '", text, "': ", what,
                                                   "; write e.g. 'ReadShard:read 6+1 delay 200' or "
                                                   "'AwaitReply:recv 3+1 error EAGAIN'"));
  };
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (words.size() != 4) return wrong("not four words");
  const std::vector<std::string> site = absl::StrSplit(words[0], ':');
  const std::vector<absl::string_view> hits = absl::StrSplit(words[1], '+');
  Trigger trigger;
  if (site.size() != 2 || site[0].empty() || site[1].empty()) return wrong("no FUNCTION:CALL");
  trigger.function = site[0];
  trigger.call = site[1];
  if (hits.size() != 2 || !absl::SimpleAtoi(hits[0], &trigger.first) ||
      !absl::SimpleAtoi(hits[1], &trigger.count) || trigger.first == 0 || trigger.count == 0) {
    return wrong("no FIRST+COUNT, both at least 1");
  }
  if (words[2] == "delay") {
    if (!absl::SimpleAtoi(words[3], &trigger.delay_milliseconds) || trigger.delay_milliseconds <= 0) {
      return wrong("the delay is no number of milliseconds");
    }
    return trigger;
  }
  if (words[2] != "error") return wrong("neither error nor delay");
  for (const auto& [name, error] : kErrors) {
    if (error != 0 && name == words[3]) trigger.error = error;
  }
  if (trigger.error == 0) return wrong("the error is not one of those known");
  return trigger;
}

std::string ErrorName(int error) {
  for (const auto& [name, known] : kErrors) {
    if (known == error) return std::string(name);
  }
  return absl::StrCat(error);
}

}  // namespace rankle::cascades

#include "cli/campaign/link_words.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

std::string SignatureText(stitch::Signature signature, const stitch::Names& names) {
  const auto info = names.signatures.find(signature);
  return info == names.signatures.end() ? absl::StrFormat("%016x", signature) : info->second.text;
}

}  // namespace

std::string EffectInWords(const stitch::Edge& edge, const stitch::Names& names) {
  if (edge.effect == stitch::Effect::kNewBehaviour) {
    std::vector<std::string> fresh;
    for (const stitch::Evidence& evidence : edge.evidence) {
      for (const stitch::Signature signature : evidence.fresh)
        fresh.push_back(SignatureText(signature, names));
    }
    std::sort(fresh.begin(), fresh.end());
    fresh.erase(std::unique(fresh.begin(), fresh.end()), fresh.end());
    return fresh.empty() ? "it runs at all" : absl::StrJoin(fresh, ", ");
  }
  if (edge.effect == stitch::Effect::kMoreWork) {
    return edge.ratio > 0 ? absl::StrFormat("%.2f times as many calls", edge.ratio)
                          : "calls where there were none";
  }
  return "an iteration of the loop around it holds more";
}

std::string RunsInWords(std::vector<std::string> runs) {
  constexpr size_t kFew = 3;
  const size_t more = runs.size() > kFew ? runs.size() - kFew : 0;
  runs.resize(runs.size() - more);
  return Cat(absl::StrJoin(runs, ", "), more > 0 ? Cat(" and ", more, " more") : "");
}

}  // namespace rankle::cli

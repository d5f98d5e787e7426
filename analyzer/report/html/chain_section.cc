#include "analyzer/report/html/chain_section.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "analyzer/report/html/markup.h"

namespace rankle::html {
namespace {

// What comes later is told by what came first.
constexpr size_t kMostLinks = 24;

// What another entry caused is indented, and says by which edge that is known.
std::string Because(const std::vector<ChainLink>& chain, size_t i) {
  const int depth = DepthOf(chain, i);
  if (depth == 0) return "";
  return absl::StrCat("<span class=\"mute\" style=\"margin-left:", 14 * (std::min(depth, 12) - 1),
                      "px\" title=\"", Escape(chain[i].edge), "\">&#8627; </span>");
}

}  // namespace

Section ChainSection(const Context& c) {
  Section section{"chain", "What happened", "", ""};
  const auto& culprits = c.report.verdict.ranks;
  double before = -1;
  for (size_t i = 0; i < std::min(c.report.causal_chain.size(), kMostLinks); ++i) {
    const ChainLink& link = c.report.causal_chain[i];
    const bool guilty = std::find(culprits.begin(), culprits.end(), link.rank) != culprits.end();
    const std::string later =
        before < 0 || link.t_s <= before ? "" : absl::StrCat("+", Duration(link.t_s - before));
    absl::StrAppend(&section.body, "<li", guilty ? " class=\"guilty\"" : "", "><span class=\"when\">",
                    At(link.t_s), "</span><span class=\"later mute\">", later, "</span><span class=\"who\">",
                    Escape(WhoseText(link)), "</span><span>", Because(c.report.causal_chain, i),
                    Escape(link.event), "</span></li>");
    before = link.t_s;
  }
  if (!section.body.empty()) section.body = absl::StrCat("<ol class=\"chain\">", section.body, "</ol>");
  return section;
}

}  // namespace rankle::html

#include "analyzer/report/html/findings_section.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "analyzer/report/html/markup.h"

namespace rankle::html {
namespace {

// A job of thousands of ranks can have as many findings of one rule; what follows these is named by number.
constexpr size_t kMostFindings = 24;

std::string Body(const ReportedFinding& f, bool first) {
  std::string html = Paragraph(f.summary);
  html += List(f.evidence);
  if (!first && !f.advice.empty()) html += Paragraph(f.advice, "mute");
  absl::StrAppend(&html, "<p class=\"mute\">rule <code>", Escape(f.rule), "</code>, severity ",
                  Escape(f.severity));
  if (!f.communicator.empty()) {
    absl::StrAppend(&html, ", communicator <code>", Escape(f.communicator, 80), "</code>");
    if (!f.op.empty() && f.seq > 0) absl::StrAppend(&html, ", ", Escape(f.op, 80), " #", f.seq);
  }
  return html + "</p>";
}

}  // namespace

Section FindingsSection(const Context& c) {
  Section section{"evidence", "Evidence", "", ""};
  const std::vector<ReportedFinding>& all = c.report.findings;
  for (size_t i = 0; i < std::min(all.size(), kMostFindings); ++i) {
    const ReportedFinding& f = all[i];
    const bool open = i == 0 || f.is_root;
    absl::StrAppend(&section.body, "<details class=\"finding\"", open ? " open" : "", "><summary><code>",
                    Escape(f.anomaly), "</code> ", f.ranks.empty() ? "" : Ranks(f.ranks),
                    "<span class=\"mute\"> confidence ", Percent(f.confidence),
                    f.is_root ? "" : ", explained by the verdict", "</span></summary>", Body(f, i == 0),
                    "</details>");
  }
  if (all.size() > kMostFindings)
    section.body += Paragraph(absl::StrCat("and ", Count(static_cast<int64_t>(all.size() - kMostFindings)),
                                           " more findings: rankle analyze --format json lists them"),
                              "mute");
  return section;
}

}  // namespace rankle::html

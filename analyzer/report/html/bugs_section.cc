#include "analyzer/report/html/bugs_section.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "analyzer/report/html/markup.h"

namespace rankle::html {
namespace {

constexpr size_t kMostBugs = 8;

std::string Row(const char* name, const std::string& text) {
  return text.empty() ? "" : absl::StrCat("<div><dt>", name, "</dt><dd>", Escape(text), "</dd></div>");
}

}  // namespace

Section BugsSection(const Context& c) {
  Section section{"bugs", "Similar bugs that were fixed", "", ""};
  std::set<std::string> shown;
  for (const ReportedFinding& f : c.report.findings) {
    for (const SimilarBug& bug : f.similar_bugs) {
      if (shown.size() >= kMostBugs || !shown.insert(bug.id).second) continue;
      absl::StrAppend(&section.body, "<article class=\"bug\"><h3><code>", Escape(bug.id, 80), "</code> ",
                      Escape(bug.title, 300), "</h3><dl>", Row("why", bug.why), Row("fix", bug.fix),
                      "</dl></article>");
    }
  }
  if (!section.body.empty())
    section.lead = Paragraph("They are hints: nothing of them went into the verdict.", "lead");
  return section;
}

}  // namespace rankle::html

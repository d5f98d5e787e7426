#include "analyzer/report/html/causes_section.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analyzer/report/html/markup.h"

namespace rankle::html {
namespace {

// The taxonomy has about as many; a rule names two to four.
constexpr size_t kMostCauses = 12;

}  // namespace

Section CausesSection(const Context& c) {
  Section section{"causes", "Possible root causes", "", ""};
  if (c.report.findings.empty()) return section;
  const ReportedFinding& top = c.report.findings.front();
  for (size_t i = 0; i < std::min(top.root_causes.size(), kMostCauses); ++i) {
    const auto& [name, weight] = top.root_causes[i];
    const double share = std::clamp(weight, 0.0, 1.0);
    absl::StrAppend(&section.body, "<tr><td class=\"cause\">",
                    Escape(absl::StrReplaceAll(name, {{"_", " "}}), 80),
                    "</td><td class=\"bar\"><svg viewBox=\"0 0 300 12\" "
                    "preserveAspectRatio=\"none\" "
                    "aria-hidden=\"true\"><rect width=\"300\" "
                    "height=\"12\" rx=\"2\" class=\"own\"/><rect width=\"",
                    static_cast<int>(300 * share),
                    "\" height=\"12\" rx=\"2\" class=\"transfer\"/></svg></td><td class=\"n\">",
                    Percent(share), "</td></tr>");
  }
  if (!section.body.empty()) {
    section.lead = Paragraph(
        "How much the rule believes in each before it knows more than the symptom (docs/taxonomy.md).",
        "lead");
    section.body = absl::StrCat("<table class=\"causes\">", section.body, "</table>");
  }
  if (!top.look_alikes.empty())
    absl::StrAppend(&section.body, "<h3>What else it could be</h3>", List(top.look_alikes));
  return section;
}

}  // namespace rankle::html

// The HTML report: sections in order, in one file that needs nothing else.
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "analyzer/report/html/assets.h"
#include "analyzer/report/html/bugs_section.h"
#include "analyzer/report/html/causes_section.h"
#include "analyzer/report/html/chain_section.h"
#include "analyzer/report/html/findings_section.h"
#include "analyzer/report/html/lanes_section.h"
#include "analyzer/report/html/lateness_section.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/quality_section.h"
#include "analyzer/report/html/standing_section.h"
#include "analyzer/report/html/transfer_section.h"
#include "analyzer/report/html/verdict_section.h"
#include "analyzer/report/html/wait_section.h"

namespace rankle {
namespace {

using html::Context;
using html::Section;

// After the verdict, in the order in which questions come up: when, why, who waits, since when, what is
// known.
constexpr Section (*kSections[])(const Context&) = {
    html::LanesSection,    html::ChainSection,    html::WaitSection,     html::StandingSection,
    html::LatenessSection, html::TransferSection, html::FindingsSection, html::CausesSection,
    html::BugsSection,     html::QualitySection,
};

// The browser runs this script and nothing else, and fetches nothing: the second lock behind escaping. The
// hash is that of assets/page.js between its tags, made by
//   (printf '\n'; cat page.js) | openssl dgst -sha256 -binary | base64
// and checked by tests/report_page, where a wrong one is a console error.
constexpr absl::string_view kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src "
    "'sha256-cah3dxKaqMNGoeV97P6YpddCC4kHJhrGWcCT2eUFOl0='; base-uri 'none'; form-action 'none'";

std::string Tone(const Verdict& v) {
  return v.IsHealthy() ? "ok" : v.anomaly == "unknown" ? "unsure" : "bad";
}

std::string Render(const Section& s) {
  return absl::StrCat("<section id=\"", s.id, "\">",
                      s.title.empty() ? "" : absl::StrCat("<h2>", html::Escape(s.title), "</h2>"), s.lead,
                      s.body, "</section>\n");
}

}  // namespace

std::string RenderHtml(const Report& report) {
  const Context context(report);
  std::string contents, sections;
  for (auto* make : kSections) {
    const Section section = make(context);
    if (section.body.empty()) continue;
    absl::StrAppend(&contents, "<a href=\"#", section.id, "\">", html::Escape(section.title), "</a>");
    sections += Render(section);
  }
  return absl::StrCat(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
      "http-equiv=\"Content-Security-Policy\" content=\"",
      kPolicy, "\"><meta name=\"viewport\" content=\"width=device-width\"><title>rankle: ",
      html::Escape(report.verdict.anomaly), "</title><style>\n", html::Asset("page.css"),
      "</style></head><body class=\"", Tone(report.verdict), "\">", html::Asset("patterns.svg"), "<main>\n",
      Render(html::VerdictSection(context)), "<nav aria-label=\"contents\">", contents, "</nav>\n", sections,
      "</main><div id=\"tip\" role=\"status\"></div><script>\n", html::Asset("page.js"),
      "</script></body></html>\n");
}

}  // namespace rankle

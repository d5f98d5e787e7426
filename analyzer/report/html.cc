// The report as one self-contained page: no scripts, no network, light and dark by the reader's preference.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/report/report.h"
#include "analyzer/report/timeline.h"
#include "analyzer/report/xml.h"

namespace rankle {
namespace {

constexpr char kStyle[] = R"(
:root{--bg:#fcfcfd;--fg:#1c2024;--mute:#60646c;--card:#fff;--line:#e0e3e8;--ok:#18794e;--bad:#c62a2f;--op:#8db3e8;--lane:#eef1f5}
@media(prefers-color-scheme:dark){:root{--bg:#111315;--fg:#edeef0;--mute:#a0a6ad;--card:#191b1e;--line:#2e3135;--ok:#4cc38a;
--bad:#ff6369;--op:#3f6ea8;--lane:#202327}}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:24px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 20px;margin:16px 0;overflow-x:auto}
h1{font-size:26px;margin:0 0 4px}h2{font-size:16px;margin:0 0 8px}h3{font-size:15px;margin:12px 0 4px}p{margin:4px 0}
.ok h1{color:var(--ok)}.bad h1{color:var(--bad)}.mute{color:var(--mute)}
table{border-collapse:collapse;width:100%}td{padding:3px 10px 3px 0;vertical-align:top;border-top:1px solid var(--line)}
ul{margin:4px 0;padding-left:20px}svg{width:100%;min-width:640px;font:11px system-ui,sans-serif}
.label,.tick{fill:var(--mute)}.guilty{fill:var(--bad);font-weight:700}.lane{fill:var(--lane)}.op{fill:var(--op)}.open{fill:var(--bad);opacity:.75}
)";

std::string List(const std::vector<std::string>& items) {
  std::string html = "<ul>";
  for (const std::string& item : items) absl::StrAppend(&html, "<li>", EscapeXml(item), "</li>");
  return html + "</ul>";
}

std::string BugsHtml(const std::vector<SimilarBug>& bugs) {
  if (bugs.empty()) return "";
  std::string html = "<p class=\"mute\">Similar bugs that were fixed:</p><ul>";
  for (const SimilarBug& bug : bugs) {
    absl::StrAppend(&html, "<li>", EscapeXml(bug.id), ": ", EscapeXml(bug.title), " <span class=\"mute\">",
                    EscapeXml(bug.why), "</span></li>");
  }
  return html + "</ul>";
}

std::string FindingHtml(const ReportedFinding& f) {
  return absl::StrCat("<h3>", EscapeXml(f.anomaly), " <span class=\"mute\">", EscapeXml(f.rule),
                      absl::StrFormat(", confidence %.0f %%", 100 * f.confidence), "</span></h3><p>",
                      EscapeXml(f.summary), "</p>", List(f.evidence),
                      f.advice.empty() ? "" : absl::StrCat("<p class=\"mute\">", EscapeXml(f.advice), "</p>"),
                      BugsHtml(f.similar_bugs));
}

std::string ChainHtml(const std::vector<ChainLink>& chain) {
  std::string html = "<table>";
  for (const ChainLink& link : chain) {
    absl::StrAppend(&html, absl::StrFormat("<tr><td>%.3f s</td><td>%s</td><td>", link.t_s, WhoseText(link)),
                    EscapeXml(link.event), "</td></tr>");
  }
  return html + "</table>";
}

std::string Section(const char* title, const std::string& content) {
  return content.empty() ? "" : absl::StrCat("<section><h2>", title, "</h2>", content, "</section>\n");
}

std::string QualityHtml(const Report& r) {
  const store::DataQuality& q = r.data_quality;
  std::vector<std::string> lines = q.notes;
  lines.insert(lines.end(), r.problems.begin(), r.problems.end());
  lines.push_back(
      absl::StrFormat("%d records dropped, %d overwritten, %d malformed; clock uncertainty %.0f us",
                      q.dropped, q.overwritten, q.malformed, q.clock_uncertainty_us));
  if (!q.missing_ranks.empty()) lines.push_back("no record of rank " + store::RankList(q.missing_ranks));
  return List(lines);
}

}  // namespace

std::string RenderHtml(const Report& r) {
  std::string findings;
  for (const ReportedFinding& f : r.findings) findings += FindingHtml(f);
  std::string culprits;
  if (!r.verdict.ranks.empty())
    culprits =
        absl::StrCat(r.verdict.ranks.size() == 1 ? ": rank " : ": ranks ", store::RankList(r.verdict.ranks));
  return absl::StrCat(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\">"
      "<title>rankle: ",
      EscapeXml(r.verdict.anomaly), "</title><style>", kStyle,
      "</style></head><body><main>\n<section class=\"", r.verdict.IsHealthy() ? "ok" : "bad", "\"><h1>",
      EscapeXml(r.verdict.anomaly), culprits, "</h1><p>", EscapeXml(r.verdict.summary),
      "</p><p class=\"mute\">",
      absl::StrFormat("confidence %.0f %% · %d ranks on %d hosts · %d communicators · %d operations · %.1f s",
                      100 * r.verdict.confidence, r.job.ranks, r.job.hosts, r.job.communicators,
                      r.job.collectives, r.job.duration_s),
      "</p></section>\n", Section("Ranks over time", TimelineSvg(r)), Section("Findings", findings),
      Section("What happened", r.causal_chain.empty() ? "" : ChainHtml(r.causal_chain)),
      Section("Data quality", QualityHtml(r)), "</main></body></html>\n");
}

}  // namespace rankle

#include "analyzer/report/html/verdict_section.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "analyzer/report/html/markup.h"

namespace rankle::html {
namespace {

constexpr std::pair<absl::string_view, absl::string_view> kWords[] = {
    {"healthy", "Nothing unusual"},
    {"unknown", "The records do not tell"},
    {"hang.not_entered", "Hang: a rank never entered the operation"},
    {"hang.in_collective", "Hang: everybody is inside, nothing moves"},
    {"hang.mismatch", "Hang: ranks do not agree on the operation"},
    {"hang.deadlock", "Hang: ranks wait for each other"},
    {"hang.init", "Hang: a communicator never came to be"},
    {"hang.exit", "Hang: the end of the job does not end"},
    {"crash.process", "Crash: a process died"},
    {"crash.cuda", "Crash: a CUDA call failed"},
    {"crash.nccl", "Crash: an NCCL call failed"},
    {"crash.oom", "Crash: out of device memory"},
    {"crash.exception", "Crash: an exception"},
    {"slow.compute", "Slow: a rank is late by its own work"},
    {"slow.input", "Slow: a rank waits for its input"},
    {"slow.link", "Slow: a link between two ranks"},
    {"slow.rank_tx", "Slow: everything a rank sends"},
    {"slow.rank_rx", "Slow: everything a rank receives"},
    {"slow.global", "Slow: everybody is slower than before"},
    {"slow.mixed", "Slow: several causes at once"},
    {"wrong.corruption", "Wrong values: results differ"},
    {"wrong.nonfinite", "Wrong values: NaN or infinity"},
    {"wrong.divergence", "Wrong values: replicas drift apart"},
    {"memory.growth", "Memory: a rank holds more and more"},
    {"memory.imbalance", "Memory: a rank holds more than its peers"},
    {"misuse", "Misuse: calls that NCCL forbids"},
};

// Chips for people to look at; longer lists are in the sentence below.
constexpr size_t kMostChips = 12;

std::string Icon(const Verdict& v) {
  const char* d = v.IsHealthy() ? "M14 25l8 8 14-16"
                  : v.anomaly == "unknown"
                      ? "M18 19a6.5 6.5 0 1 1 9.500 5.700c-1.800 1-2.500 2-2.500 4.300M25 34.500v.5"
                      : "M25 13v14M25 34.500v.5";
  return absl::StrCat(
      "<svg class=\"icon\" viewBox=\"0 0 50 50\" width=\"50\" height=\"50\" aria-hidden=\"true\"><circle "
      "cx=\"25\" "
      "cy=\"25\" r=\"24\"/><path d=\"",
      d, "\"/></svg>");
}

std::string Chips(const Verdict& v) {
  std::string html;
  const auto add = [&](const char* kind, const std::string& text) {
    absl::StrAppend(&html, "<span class=\"chip ", kind, "\">", Escape(text, 80), "</span>");
  };
  if (v.ranks.size() > kMostChips) {
    add("culprit", Ranks(v.ranks, 80));
  } else {
    for (int32_t rank : v.ranks) add("culprit", absl::StrCat("rank ", rank));
  }
  for (size_t i = 0; i < std::min(v.links.size(), kMostChips); ++i)
    add("culprit", absl::StrCat("link ", v.links[i].first, " → ", v.links[i].second));
  if (v.links.size() > kMostChips) add("culprit", absl::StrCat(v.links.size() - kMostChips, " more links"));
  for (size_t i = 0; i < std::min(v.hosts.size(), kMostChips); ++i)
    add("host", absl::StrCat("on ", v.hosts[i]));
  if (v.hosts.size() > kMostChips) add("host", absl::StrCat(v.hosts.size() - kMostChips, " more hosts"));
  if (!v.victims.empty()) add("victim", absl::StrCat("held up: ", Ranks(v.victims, 40)));
  return html.empty() ? "" : absl::StrCat("<p class=\"chips\">", html, "</p>");
}

std::string Fact(const std::string& name, const std::string& value) {
  return absl::StrCat("<div><dt>", name, "</dt><dd>", value, "</dd></div>");
}

std::string JobFacts(const Context& c) {
  const JobSummary& job = c.report.job;
  std::string html =
      absl::StrCat("<dl class=\"job\">", Fact("ranks", Count(job.ranks)),
                   Fact("hosts", job.hosts == 0 ? "not known" : Count(job.hosts)),
                   Fact("communicators", Count(job.communicators)),
                   Fact("operations", Count(job.collectives)), Fact("observed", Duration(job.duration_s)));
  if (c.store != nullptr && !c.store->command.empty())
    html += Fact("command", absl::StrCat("<code>", Escape(Shorten(c.store->command, 160)), "</code>"));
  return html + "</dl>";
}

}  // namespace

std::string ClassInWords(const std::string& anomaly) {
  for (const auto& [name, words] : kWords) {
    if (name == anomaly) return std::string(words);
  }
  return anomaly;
}

Section VerdictSection(const Context& c) {
  const Verdict& v = c.report.verdict;
  Section section{"verdict", "", "", ""};
  const std::string percent = Percent(v.confidence);
  section.body = absl::StrCat(
      "<div class=\"headline\">", Icon(v), "<div><p class=\"class\"><code>", Escape(v.anomaly),
      "</code></p><h1>", Escape(ClassInWords(v.anomaly)),
      "</h1></div><div class=\"sure\"><span class=\"percent\">", percent,
      "</span><svg viewBox=\"0 0 100 6\" width=\"100\" height=\"6\" "
      "role=\"img\" aria-label=\"confidence ",
      percent, "\"><rect width=\"100\" height=\"6\" rx=\"3\" class=\"own\"/><rect width=\"",
      static_cast<int>(100 * std::clamp(v.confidence, 0.0, 1.0)),
      "\" height=\"6\" rx=\"3\" class=\"meter\"/></svg><span class=\"mute\">confidence</span></div></div>",
      Chips(v), "<p class=\"summary\">", Escape(v.summary), "</p>");
  if (!c.report.findings.empty() && !c.report.findings.front().advice.empty()) {
    absl::StrAppend(&section.body, "<div class=\"advice\"><h2>What to do</h2>",
                    Paragraph(c.report.findings.front().advice), "</div>");
  }
  section.body += JobFacts(c);
  return section;
}

}  // namespace rankle::html

// The report for a terminal of 80 columns: verdict first, then why, what to do, and how good the data are.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "analyzer/report/report.h"

namespace rankle {
namespace {

constexpr size_t kColumns = 80;

// Breaks `text` into lines of at most 80 columns; the first begins with `lead`, the others are indented as
// far.
std::string Wrap(const std::string& lead, const std::string& text) {
  std::string out, line = lead;
  const std::string indent(lead.size(), ' ');
  bool empty = true;
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!empty && line.size() + 1 + word.size() > kColumns) {
      absl::StrAppend(&out, line, "\n");
      line = indent, empty = true;
    }
    absl::StrAppend(&line, empty ? "" : " ", word);
    empty = false;
  }
  return absl::StrCat(out, line, "\n");
}

std::string Heading(const char* text) { return absl::StrCat("\n", text, "\n"); }

std::string Culprits(const Verdict& v) {
  std::string text;
  if (!v.ranks.empty())
    absl::StrAppend(&text, v.ranks.size() == 1 ? "rank " : "ranks ", store::RankList(v.ranks));
  for (const Link& link : v.links)
    absl::StrAppend(&text, text.empty() ? "" : ", ", "link ", link.first, "->", link.second);
  return text;
}

std::string DataQuality(const Report& r) {
  const store::DataQuality& q = r.data_quality;
  std::string text;
  if (!q.missing_ranks.empty())
    absl::StrAppend(&text, "no record of rank ", store::RankList(q.missing_ranks), "; ");
  if (q.dropped > 0) absl::StrAppend(&text, q.dropped, " records dropped; ");
  if (q.overwritten > 0) absl::StrAppend(&text, q.overwritten, " old records overwritten; ");
  if (q.malformed > 0) absl::StrAppend(&text, q.malformed, " malformed; ");
  std::string out = text.empty() ? "" : Wrap("  ", text.substr(0, text.size() - 2));
  for (const std::string& note : q.notes) out += Wrap("  ", note);
  for (const std::string& problem : r.problems) out += Wrap("  rule left out: ", problem);
  return out;
}

// "16 pytorch-flight-recorder (used); 1 unknown (not used: text) notes.txt". Nothing where all is rankle's
// own.
std::string Files(const Report& r) {
  constexpr size_t kMostNamed = 3;
  const auto is_own = [](const store::InputFiles& input) {
    return input.used && (input.format == "rankle" || input.format == "log");
  };
  if (std::all_of(r.inputs.begin(), r.inputs.end(), is_own)) return "";
  std::string text;
  for (const store::InputFiles& input : r.inputs) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", input.files.size(), " ", input.format,
                    input.used ? " (used)" : absl::StrCat(" (not used: ", input.why, ")"));
    for (size_t i = 0; i < input.files.size() && i < kMostNamed && !input.used; ++i) {
      const std::string& path = input.files[i];
      absl::StrAppend(&text, i == 0 ? " " : ", ", path.substr(path.rfind('/') + 1));
    }
    if (!input.used && input.files.size() > kMostNamed) absl::StrAppend(&text, " ...");
  }
  return text.empty() ? "" : Wrap("Files: ", text);
}

bool HasLinks(const Report& r) {
  return std::any_of(r.causal_chain.begin(), r.causal_chain.end(),
                     [](const ChainLink& link) { return link.because >= 0; });
}

// What happened, in order of time. What another entry caused is indented below it.
std::string Chain(const Report& r) {
  // A screen has room for so many lines beside the rest; JSON and HTML have all.
  const size_t most = HasLinks(r) ? 14 : 8;
  std::string out;
  if (r.causal_chain.size() > 1) out += Heading("What happened");
  for (size_t i = 0; i < r.causal_chain.size() && i < most; ++i) {
    const ChainLink& link = r.causal_chain[i];
    // Long lists of ranks would leave no column for the event.
    std::string whose = WhoseText(link);
    if (whose.size() > 20) whose = absl::StrCat(link.ranks.size(), " ranks");
    const int depth = std::min(DepthOf(r.causal_chain, i), 6);
    const std::string arrow = depth == 0 ? "" : std::string(2 * static_cast<size_t>(depth - 1), ' ') + "-> ";
    out += Wrap(absl::StrFormat("  %9.3f s  %-9s %s", link.t_s, whose, arrow), link.event);
  }
  return out;
}

// "1 rank", "4 ranks"
std::string Counted(int64_t count, const char* what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

}  // namespace

std::string WhoseText(const ChainLink& link) {
  if (!link.ranks.empty()) return absl::StrCat("ranks ", store::RankList(link.ranks));
  return link.rank < 0 ? "job" : absl::StrCat("rank ", link.rank);
}

int DepthOf(const std::vector<ChainLink>& chain, size_t link) {
  int depth = 0;
  // Causes stand before their effects; a chain that says otherwise was not made by the analyzer.
  for (size_t at = link; chain[at].because >= 0 && static_cast<size_t>(chain[at].because) < at; ++depth)
    at = static_cast<size_t>(chain[at].because);
  return depth;
}

std::string RenderText(const Report& r) {
  const Verdict& v = r.verdict;
  const std::string culprits = Culprits(v);
  std::string out = absl::StrFormat("%s%s%s  (confidence %.0f %%)\n", v.anomaly, culprits.empty() ? "" : "  ",
                                    culprits, 100 * v.confidence);
  out += Wrap("  ", v.summary);
  if (!r.findings.empty()) {
    const ReportedFinding& top = r.findings.front();
    if (!top.evidence.empty()) out += Heading("Evidence");
    for (const std::string& line : top.evidence) out += Wrap("  - ", line);
    out += Chain(r);
    if (!top.advice.empty()) out += Heading("What to do") + Wrap("  ", top.advice);
    if (!top.look_alikes.empty()) {
      std::string looks;
      for (const std::string& look : top.look_alikes)
        absl::StrAppend(&looks, looks.empty() ? "" : "; ", look);
      out += Heading("What else it could be") + Wrap("  ", looks);
    }
    if (!top.similar_bugs.empty()) out += Heading("Similar bugs that were fixed");
    for (const SimilarBug& bug : top.similar_bugs) {
      out += Wrap("  - ", absl::StrCat(bug.id, ": ", bug.title));
      out += Wrap("    why: ", bug.why);
      if (!bug.fix.empty()) out += Wrap("    fix: ", bug.fix);
    }
    std::string symptoms;
    for (size_t i = 1; i < r.findings.size() && i < 6; ++i) {
      symptoms += Wrap("  - ", absl::StrCat(r.findings[i].anomaly, ": ", r.findings[i].summary));
    }
    if (!symptoms.empty()) out += Heading("Also seen") + symptoms;
  }
  const std::string hosts = r.job.hosts == 0 ? "" : absl::StrCat(" on ", Counted(r.job.hosts, "host"));
  if (r.findings.empty() && HasLinks(r)) out += Chain(r);
  absl::StrAppend(&out, "\nJob: ", Counted(r.job.ranks, "rank"), hosts, ", ",
                  Counted(r.job.communicators, "communicator"), ", ", Counted(r.job.collectives, "operation"),
                  absl::StrFormat(", %.1f s\n", r.job.duration_s));
  out += Files(r);
  if (const std::string quality = DataQuality(r); !quality.empty()) out += "Data quality\n" + quality;
  return out;
}

}  // namespace rankle

#include "analyzer/report/html/quality_section.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/report/html/markup.h"

namespace rankle::html {
namespace {

struct Line {
  bool good = true;
  std::string what, found;
};

Line Loss(const char* what, uint64_t count) {
  return {count == 0, what, count == 0 ? "none" : Count(static_cast<int64_t>(count))};
}

// What else was on record decides which classes can be found at all.
void AddSources(const store::Store& store, std::vector<Line>& lines) {
  const auto& kinds = store.events.kind;
  const bool marks = std::find(kinds.begin(), kinds.end(), store::EventKind::kMark) != kinds.end();
  const bool memory = std::find(kinds.begin(), kinds.end(), store::EventKind::kMemory) != kinds.end();
  const bool timed = std::any_of(store.transfers.begin(), store.transfers.end(),
                                 [](const store::Transfer& t) { return !t.life.empty(); });
  lines.push_back({marks, "step marks",
                   marks ? "yes"
                         : "none: iterations are the period of the collectives; slow.input cannot be told "
                           "from slow.compute"});
  lines.push_back({timed, "times of transfers",
                   timed ? "yes"
                   : store.transfers.empty()
                       ? "no transport records: slow links, senders and receivers cannot be found"
                       : "transfers are counted, not timed: slow links cannot be found"});
  lines.push_back({memory, "device memory",
                   memory ? "yes" : "none on record: memory.growth and memory.imbalance cannot be found"});
  lines.push_back({!store.samples.empty(), "values of results",
                   store.samples.empty() ? "not checked (run --check-results): wrong values cannot be found"
                                         : "checked"});
}

}  // namespace

Section QualitySection(const Context& c) {
  Section section{"quality", "Data quality", "", ""};
  const store::DataQuality& q = c.report.data_quality;
  std::vector<Line> lines;
  lines.push_back({q.missing_ranks.empty(), "ranks without a record",
                   q.missing_ranks.empty() ? "none" : Ranks(q.missing_ranks, 300)});
  lines.push_back(Loss("records dropped", q.dropped));
  lines.push_back(Loss("old records overwritten", q.overwritten));
  lines.push_back(Loss("malformed records", q.malformed));
  lines.push_back(Loss("files cut short", q.cut_files));
  lines.push_back(Loss("files left out", q.unreadable_files));
  if (c.report.job.hosts > 1)
    lines.push_back({true, "clock uncertainty between hosts", Duration(q.clock_uncertainty_us * 1e-6)});
  if (c.store != nullptr) AddSources(*c.store, lines);
  section.body = "<table class=\"quality\">";
  for (const Line& line : lines) {
    absl::StrAppend(&section.body, "<tr><td class=\"state ", line.good ? "good\">✓" : "bad\">!", "</td><td>",
                    line.what, "</td><td>", Escape(line.found), "</td></tr>");
  }
  section.body += "</table>";
  std::vector<std::string> notes = q.notes;
  for (const std::string& problem : c.report.problems) notes.push_back("rule left out: " + problem);
  if (!notes.empty()) absl::StrAppend(&section.body, "<h3>Notes</h3>", List(notes));
  return section;
}

}  // namespace rankle::html

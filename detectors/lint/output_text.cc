#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "detectors/lint/output.h"
#include "detectors/lint/paths.h"

namespace rankle::lint {
namespace {

// The line, and a mark below the column; tabs are kept so that the mark stands right.
std::string Excerpt(Excerpts& excerpts, const Place& place) {
  const std::string_view line = excerpts.Line(place.file, place.line);
  if (line.empty()) return "";
  std::string mark;
  for (const char c : line.substr(0, static_cast<size_t>(std::max(place.column - 1, 0)))) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) mark += c == '\t' ? '\t' : ' ';
  }
  return absl::StrFormat("    %s\n    %s^\n", std::string(line), mark);
}

std::string Where(const Place& place, const std::string& here) {
  return absl::StrFormat("%s:%d:%d", RelativeTo(here, place.file), place.line, place.column);
}

}  // namespace

std::string Text(const Report& report, const std::string& here) {
  std::string text;
  Excerpts excerpts;
  for (const Finding& finding : report.findings) {
    text += absl::StrFormat("%s: %s: %s [%s]\n%s", Where(finding.place, here), SeverityName(finding.severity),
                            finding.message, finding.check, Excerpt(excerpts, finding.place));
    for (const Note& note : finding.notes)
      text += absl::StrFormat("%s: note: %s\n%s", Where(note.place, here), note.message,
                              Excerpt(excerpts, note.place));
    for (const Edit& edit : finding.fix) {
      const Excerpts::Position at = excerpts.PositionOf(edit.file, edit.begin);
      text += absl::StrFormat("%s:%d:%d: note: --fix puts '%s' here\n", RelativeTo(here, edit.file), at.line,
                              at.column, edit.text);
    }
  }
  return text;
}

std::string TimingsText(const Report& report) {
  std::vector<std::pair<double, std::string>> parts;
  double all = 0;
  for (const auto& [part, seconds] : report.timings) {
    parts.emplace_back(seconds, part);
    all += seconds;
  }
  std::sort(parts.rbegin(), parts.rend());
  std::string text = absl::StrFormat("%.2f s in units that were checked anew:", all);
  for (const auto& [seconds, part] : parts) text += absl::StrFormat("\n%9.3f s  %s", seconds, part);
  return text;
}

std::string CheckList() {
  std::string text;
  for (const std::unique_ptr<Check>& check : AllChecks()) {
    const CheckInfo& info = check->info();
    text += absl::StrFormat("%-33s %-8s %s\n", std::string(info.name), SeverityName(info.severity),
                            std::string(info.summary));
  }
  return text;
}

}  // namespace rankle::lint

#include "detectors/lint/lint_task.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "detectors/lint/baseline.h"
#include "detectors/lint/fix.h"
#include "detectors/lint/lint_run.h"
#include "detectors/lint/output.h"

namespace rankle::lint {
namespace {

using cli::Cat;

constexpr int kClean = 0, kFindings = 1, kUnusable = 2;
constexpr size_t kMostNotes = 10;  // on units with errors; all of them are in JSON, SARIF and SQLite

std::string Counted(size_t count, const char* what) { return Cat(count, " ", what, count == 1 ? "" : "s"); }

void SayUnits(const Report& report) {
  size_t said = 0, incomplete = 0;
  for (const UnitReport& unit : report.units) {
    if (unit.errors == 0 && unit.failure.empty()) continue;
    ++incomplete;
    if (++said > kMostNotes) continue;
    if (!unit.failure.empty()) {
      cli::Say(Cat(unit.file, ": not checked: the parser ", unit.failure));
    } else {
      cli::Say(Cat(unit.file, ": ", Counted(static_cast<size_t>(unit.errors), "error"),
                   "; what lies in reach was not checked. The first: ", unit.first_error));
    }
  }
  if (incomplete > kMostNotes) cli::Say(Cat("and ", incomplete - kMostNotes, " more units with errors"));
}

absl::Status Write(const source::Options& options, const Report& report) {
  std::string text;
  if (options.format == "sarif") {
    text = Sarif(report);
  } else if (options.format == "json") {
    text = Json(report);
  } else {
    text = Text(report, std::filesystem::current_path());
  }
  absl::Status status;
  if (!options.output.empty()) {
    status = cli::WriteFile(options.output, text);
  } else if (!cli::WriteAll(STDOUT_FILENO, text)) {
    status = absl::DataLossError("standard output cannot be written");
  }
  if (status.ok() && !options.sqlite.empty()) status = WriteSqlite(report, options.sqlite);
  if (status.ok() && !options.write_baseline.empty()) {
    std::vector<Finding> all = report.accepted;
    all.insert(all.end(), report.findings.begin(), report.findings.end());
    SortAndMerge(all);
    status = cli::WriteFile(options.write_baseline, BaselineText(all, report.root));
  }
  return status;
}

bool NothingChecked(const Report& report) {
  return std::all_of(report.units.begin(), report.units.end(),
                     [](const UnitReport& unit) { return !unit.failure.empty(); });
}

}  // namespace

int LintTask(const source::Options& options) {
  if (options.list) return cli::WriteAll(STDOUT_FILENO, CheckList()) ? kClean : kUnusable;
  const absl::StatusOr<Report> report = Lint(options);
  if (!report.ok()) {
    cli::SayError(report.status());
    return kUnusable;
  }
  SayUnits(*report);
  if (options.timings) cli::Say(TimingsText(*report));
  absl::Status status = Write(options, *report);
  size_t open = report->findings.size();
  if (status.ok() && options.fix) {
    const absl::StatusOr<FixReport> fixed = FixFiles(report->findings);
    status = fixed.status();
    if (fixed.ok()) {
      const auto unfixed = std::count_if(report->findings.begin(), report->findings.end(),
                                         [](const Finding& finding) { return finding.fix.empty(); });
      open = static_cast<size_t>(unfixed) + static_cast<size_t>(fixed->left_out);
      cli::Say(Cat(fixed->made, fixed->made == 1 ? " fix" : " fixes", " made in ",
                   Counted(static_cast<size_t>(fixed->files), "file")));
    }
  }
  if (!status.ok()) {
    cli::SayError(status);
    return kUnusable;
  }
  if (!report->findings.empty() || !report->accepted.empty()) {
    std::string summary = Counted(report->findings.size(), "finding");
    if (!report->accepted.empty()) summary += Cat(", ", report->accepted.size(), " more in the baseline");
    cli::Say(Cat(summary, " in ", Counted(report->units.size(), "unit")));
  }
  if (NothingChecked(*report)) return kUnusable;
  return open == 0 || !options.write_baseline.empty() ? kClean : kFindings;
}

}  // namespace rankle::lint

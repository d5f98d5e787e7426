// rankle-source: what looks into sources on behalf of `rankle points`, `rankle instrument` and `rankle lint`.
// Apart from the rankle command because it loads LLVM (0.2 s and 150 MB). Exit codes: 0 done; 1 internal
// error; 2 unusable input; 3 done, but units did not compile, see the notes. Of lint: lint_task.h.
#include <algorithm>
#include <exception>
#include <map>

#include "absl/strings/str_format.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "detectors/fault_points/output.h"
#include "detectors/instrument/overlay.h"
#include "detectors/lint/lint_task.h"
#include "detectors/source/collect.h"
#include "detectors/source/options.h"

namespace rankle::source {
namespace {

using cli::Cat;

constexpr size_t kMostNotes = 10;  // on units with errors; all of them are in JSON and SQLite

void SayIncomplete(const Collection& collection) {
  size_t notes = 0, incomplete = 0;
  for (const UnitReport& unit : collection.units) {
    if (unit.errors == 0 && unit.failure.empty()) continue;
    ++incomplete;
    if (++notes > kMostNotes) continue;
    if (!unit.failure.empty()) {
      cli::Say(Cat(unit.file, ": nothing is known of this unit: the parser ", unit.failure));
    } else {
      cli::Say(Cat(unit.file, ": ", unit.errors, unit.errors == 1 ? " error" : " errors",
                   "; what lies in reach is missing. The first: ", unit.first_error));
    }
  }
  if (incomplete > kMostNotes) cli::Say(Cat("and ", incomplete - kMostNotes, " more units with errors"));
}

absl::Status Print(const Options& options, const Collection& collection) {
  const std::string text = options.format == "json" ? points::Json(collection, options.dropped)
                                                    : points::Text(collection, options.list, options.dropped);
  if (options.output.empty()) {
    return cli::WriteAll(1, text) ? absl::OkStatus()
                                  : absl::DataLossError("standard output cannot be written");
  }
  return cli::WriteFile(options.output, text);
}

int Points(const Options& options, const Collection& collection) {
  SayIncomplete(collection);
  absl::Status status = Print(options, collection);
  if (status.ok() && !options.sqlite.empty()) status = points::WriteSqlite(collection, options.sqlite);
  if (!status.ok()) {
    cli::SayError(status);
    return cli::kExitUnusable;
  }
  return collection.Complete() ? cli::kExitOk : cli::kExitAnomaly;
}

// Why points were left alone, the most frequent reason first.
std::string LeftAlone(const Collection& collection) {
  std::map<std::string, int> reasons;
  for (const points::Point& point : collection.facts.points) {
    if (point.dropped.empty() && !point.not_instrumented.empty()) ++reasons[point.not_instrumented];
  }
  std::vector<std::pair<int, std::string>> sorted;
  for (const auto& [reason, count] : reasons) sorted.emplace_back(-count, reason);
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const auto& [count, reason] : sorted)
    text += absl::StrFormat("not instrumented: %d because %s\n", -count, reason);
  return text;
}

int Instrument(const Options& options, Collection& collection) {
  SayIncomplete(collection);
  const auto report = instrument::WriteOverlay(collection, options.overlay);
  absl::Status status = report.status();
  if (status.ok() && !options.sqlite.empty()) status = points::WriteSqlite(collection, options.sqlite);
  if (status.ok()) {
    const std::string text = points::Text(collection, options.list, false) + LeftAlone(collection) +
                             absl::StrFormat("%s: %d files rewritten, %d copied; build it as the original\n",
                                             options.overlay, report->files, report->copied);
    if (!cli::WriteAll(1, text)) status = absl::DataLossError("standard output cannot be written");
  }
  if (!status.ok()) {
    cli::SayError(status);
    return cli::kExitUnusable;
  }
  return collection.Complete() ? cli::kExitOk : cli::kExitAnomaly;
}

int Main(const std::vector<std::string>& arguments) {
  const absl::StatusOr<Options> options = ParseOptions(arguments);
  if (!options.ok()) {
    cli::SayError(options.status());
    return cli::kExitUnusable;
  }
  if (options->task == "lint") return lint::LintTask(*options);
  absl::StatusOr<Collection> collection = Collect(*options);
  if (!collection.ok()) {
    cli::SayError(collection.status());
    return cli::kExitUnusable;
  }
  return options->task == "instrument" ? Instrument(*options, *collection) : Points(*options, *collection);
}

}  // namespace
}  // namespace rankle::source

int main(int argc, char** argv) {
  try {
    return rankle::source::Main({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    rankle::cli::Say(rankle::cli::Cat("internal error: ", error.what()));
    return rankle::cli::kExitInternalError;
  }
}

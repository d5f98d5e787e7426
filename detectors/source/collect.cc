#include "detectors/source/collect.h"

#include <algorithm>
#include <chrono>

#include "detectors/fault_points/extract.h"
#include "detectors/fault_points/merge.h"
#include "detectors/source/progress.h"
#include "detectors/source/select_units.h"
#include "detectors/tooling/forked_jobs.h"
#include "detectors/tooling/parse_unit.h"

namespace rankle::source {
namespace {

using tooling::FileFilter;
using tooling::Unit;

std::string ExtractUnit(const Unit& unit, const tooling::ParserFiles& parser, const FileFilter& filter) {
  points::Facts facts;
  points::Extractor extractor(filter, facts);
  const tooling::ParseResult result = tooling::ParseUnit(unit, parser, extractor);
  facts.errors = result.errors;
  facts.first_error = result.first_error;
  return points::ToJson(facts);
}

}  // namespace

bool Collection::Complete() const {
  return std::none_of(units.begin(), units.end(),
                      [](const UnitReport& unit) { return unit.errors > 0 || !unit.failure.empty(); });
}

absl::StatusOr<Collection> Collect(const Options& options) {
  const auto started = std::chrono::steady_clock::now();
  auto selection = SelectUnits(options);
  if (!selection.ok()) return selection.status();
  const auto& [units, filter, parser] = *selection;
  Collection collection;
  collection.root = filter.root;
  collection.units.resize(units.size());
  for (size_t i = 0; i < units.size(); ++i) collection.units[i].file = units[i].file;
  std::vector<points::Facts> answers(units.size());
  Progress progress(units.size());
  const auto done = [&](tooling::JobEnd end) {
    UnitReport& report = collection.units[end.job];
    report.failure = end.failure;
    if (end.failure.empty() && !points::FromJson(end.answer, answers[end.job]))
      report.failure = "answer cut short";
    report.errors = answers[end.job].errors;
    report.first_error = answers[end.job].first_error;
    progress.Done(report.errors > 0 || !report.failure.empty());
  };
  const bool ran = tooling::RunForked(
      units.size(), options.jobs, std::chrono::seconds(options.unit_limit_s),
      [&](size_t job) { return ExtractUnit(selection->units[job], selection->parser, selection->filter); },
      done);
  progress.Finish();
  if (!ran) return absl::ResourceExhaustedError("no process for the parser can be started");
  points::Merger merger;  // in the order of the units, whoever was done first
  for (points::Facts& answer : answers) merger.Add(std::move(answer));
  collection.facts = merger.Finish();
  collection.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return collection;
}

}  // namespace rankle::source

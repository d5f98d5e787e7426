#include "detectors/lint/lint_run.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "cli/launch/files.h"
#include "cli/launch/text.h"
#include "detectors/checks/check_globs.h"
#include "detectors/checks/check_unit.h"
#include "detectors/fault_points/point_id.h"
#include "detectors/lint/baseline.h"
#include "detectors/lint/cache.h"
#include "detectors/lint/unit_result.h"
#include "detectors/source/progress.h"
#include "detectors/source/select_units.h"
#include "detectors/tooling/forked_jobs.h"

namespace rankle::lint {
namespace {

using cli::Cat;

// All checks are run, whichever are wanted, so that the cache serves any choice.
std::string Checked(const tooling::Unit& unit, const source::Selection& selection,
                    const std::vector<std::unique_ptr<Check>>& checks, const Cache& cache) {
  UnitResult result;
  const tooling::ParseResult parsed =
      CheckUnit(unit, selection.parser, selection.filter, checks, result.findings);
  result.errors = parsed.errors;
  result.first_error = parsed.first_error;
  std::string text = ToJson(result);
  if (parsed.parsed) cache.Store(unit, parsed.files, parsed.missing, text);
  return text;
}

// Whatever a result depends on besides files and commands.
std::string Circumstances(const source::Selection& selection) {
  std::string text = OwnVersion() + '\n' + selection.filter.root + '\n' + selection.parser.resource_dir +
                     '\n' + selection.parser.cuda_include;
  for (const auto* patterns : {&selection.filter.only, &selection.filter.skip}) {
    for (const std::string& pattern : *patterns) text += '\n' + pattern;
    text += "\n;";
  }
  return text;
}

std::string Configuration(const tooling::Unit& unit) {
  std::string text;
  for (const std::string& argument : unit.command) text += argument + '\n';
  return points::Hex(points::Fnv(text));
}

absl::StatusOr<std::set<std::string>> WantedChecks(const source::Options& options, Report& report) {
  const CheckGlobs globs(options.checks);
  std::set<std::string> wanted;
  std::vector<std::string_view> names;
  for (const std::unique_ptr<Check>& check : AllChecks()) {
    const CheckInfo& info = check->info();  // of static storage
    names.push_back(info.name);
    if (!globs.Wants(info.name, info.severity != Severity::kAdvice)) continue;
    wanted.emplace(info.name);
    report.checks.push_back(info);
  }
  if (const std::vector<std::string> unused = globs.Unused(names); !unused.empty())
    return absl::InvalidArgumentError(
        Cat("--checks: no check is called '", unused[0], "'; see rankle lint --list-checks"));
  return wanted;
}

}  // namespace

absl::StatusOr<Report> Lint(const source::Options& options) {
  const auto started = std::chrono::steady_clock::now();
  Report report;
  const auto wanted = WantedChecks(options, report);
  if (!wanted.ok()) return wanted.status();
  std::set<std::string> accepted;
  if (!options.baseline.empty()) {
    const auto text = cli::ReadFile(options.baseline);
    if (!text.ok()) return text.status();
    auto parsed = ParseBaseline(*text, options.baseline);
    if (!parsed.ok()) return parsed.status();
    accepted = *std::move(parsed);
  }
  const auto selection = source::SelectUnits(options);
  if (!selection.ok()) return selection.status();
  const std::vector<tooling::Unit>& units = selection->units;
  report.root = selection->filter.root;
  report.units.resize(units.size());

  Cache cache(options.no_cache ? "" : (options.cache.empty() ? DefaultCacheFolder() : options.cache),
              Circumstances(*selection));
  source::Progress progress(units.size());
  std::vector<UnitResult> results(units.size());
  std::vector<size_t> to_parse;
  for (size_t i = 0; i < units.size(); ++i) {
    report.units[i].file = units[i].file;
    report.units[i].configuration = Configuration(units[i]);
    const std::optional<std::string> known = cache.Find(units[i]);
    report.units[i].cached = known && FromJson(*known, results[i]);
    if (report.units[i].cached) {
      progress.Done(results[i].errors > 0);
    } else {
      results[i] = {};
      to_parse.push_back(i);
    }
  }
  const std::vector<std::unique_ptr<Check>> checks = AllChecks();
  const bool ran = tooling::RunForked(
      to_parse.size(), options.jobs, std::chrono::seconds(options.unit_limit_s),
      [&](size_t job) { return Checked(units[to_parse[job]], *selection, checks, cache); },
      [&](tooling::JobEnd end) {
        UnitResult& result = results[to_parse[end.job]];
        if (end.failure.empty() && !FromJson(end.answer, result)) end.failure = "gave half an answer";
        if (!end.failure.empty()) result.failure = end.failure;
        progress.Done(result.errors > 0 || !result.failure.empty());
      });
  progress.Finish();
  if (!ran) return absl::ResourceExhaustedError("no process for the parser can be started");
  if (!to_parse.empty()) cache.Trim();

  std::vector<Finding> all;
  for (size_t i = 0; i < units.size(); ++i) {
    report.units[i].errors = results[i].errors;
    report.units[i].first_error = results[i].first_error;
    report.units[i].failure = results[i].failure;
    for (Finding& finding : results[i].findings) {
      if (wanted->count(finding.check)) all.push_back(std::move(finding));
    }
  }
  SortAndMerge(all);
  for (Finding& finding : all)
    (accepted.count(finding.identity) ? report.accepted : report.findings).push_back(std::move(finding));
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace rankle::lint

#include "detectors/lint/lint_run.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include "cli/launch/files.h"
#include "cli/launch/text.h"
#include "detectors/checks/check_globs.h"
#include "detectors/checks/check_unit.h"
#include "detectors/fault_points/point_id.h"
#include "detectors/lint/baseline.h"
#include "detectors/lint/cache.h"
#include "detectors/lint/summary_store.h"
#include "detectors/lint/unit_result.h"
#include "detectors/source/progress.h"
#include "detectors/source/select_units.h"
#include "detectors/tooling/forked_jobs.h"

namespace rankle::lint {
namespace {

using cli::Cat;

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

// Of the checks that are wanted: is advice? Only where a glob speaks of the check.
using Wanted = std::map<std::string, bool>;

absl::StatusOr<Wanted> WantedChecks(const source::Options& options, Report& report) {
  const CheckGlobs globs(options.checks);
  Wanted wanted;
  std::vector<std::string_view> names;
  for (const std::unique_ptr<Check>& check : AllChecks()) {
    const CheckInfo& info = check->info();  // of static storage
    names.push_back(info.name);
    if (!globs.Wants(info.name, info.severity != Severity::kAdvice)) continue;
    wanted[std::string(info.name)] = globs.Wants(info.name, false);
    report.checks.push_back(info);
  }
  if (const std::vector<std::string> unused = globs.Unused(names); !unused.empty())
    return absl::InvalidArgumentError(
        Cat("--checks: no check is called '", unused[0], "'; see rankle lint --list-checks"));
  return wanted;
}

// The units of a run, checked until no summary of one changes what another is given.
class Run {
 public:
  Run(const source::Options& options, const source::Selection& selection, Cache& cache)
      : options_(options),
        selection_(selection),
        cache_(cache),
        checks_(AllChecks()),
        units_(selection.units.size()) {}

  // False: no process can be started.
  bool CheckAll(const SummariesByUsr& known) {
    known_ = known;
    std::vector<size_t> all(units_.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    if (!CheckThese(all)) return false;
    for (int round = 0; round < kMostRounds; ++round) {
      for (const State& unit : units_) {
        for (const auto& [usr, text] : unit.result.exported) known_[usr] = SummaryOf(text);
      }
      std::vector<size_t> stale;
      for (size_t i = 0; i < units_.size(); ++i) {
        if (GivenTo(i) != units_[i].given) stale.push_back(i);
      }
      if (stale.empty()) break;
      if (!CheckThese(stale)) return false;
    }
    if (checked_anew_) cache_.Trim();
    return true;
  }

  struct State {
    UnitResult result;
    SummariesByUsr given;  // that the result was made with
    bool cached = false;
  };
  const std::vector<State>& units() const { return units_; }
  const SummariesByUsr& known() const { return known_; }

 private:
  // Chains of wrappers over several units; longer ones keep what is known by then.
  static constexpr int kMostRounds = 4;

  // Of what the unit calls, what is known.
  SummariesByUsr GivenTo(size_t unit) const {
    SummariesByUsr given;
    for (const std::string& usr : units_[unit].result.wanted) {
      const auto it = known_.find(usr);
      if (it != known_.end()) given.insert(*it);
    }
    return given;
  }

  static std::string Key(const SummariesByUsr& given) {
    std::string key;
    for (const auto& [usr, summary] : given) key += usr + ' ' + SummaryText(summary) + '\n';
    return key;
  }

  bool CheckThese(const std::vector<size_t>& these) {
    source::Progress progress(these.size());
    std::vector<size_t> to_parse;
    for (const size_t i : these) {
      State& unit = units_[i];
      unit.given = GivenTo(i);
      const std::optional<std::string> known = cache_.Find(selection_.units[i], Key(unit.given));
      UnitResult result;
      unit.cached = known && FromJson(*known, result);
      if (unit.cached) {
        unit.result = std::move(result);
        progress.Done(unit.result.errors > 0);
      } else {
        to_parse.push_back(i);
      }
    }
    checked_anew_ |= !to_parse.empty();
    const bool ran = tooling::RunForked(
        to_parse.size(), options_.jobs, std::chrono::seconds(options_.unit_limit_s),
        [&](size_t job) { return CheckedText(to_parse[job]); },
        [&](tooling::JobEnd end) {
          UnitResult result;
          if (end.failure.empty() && !FromJson(end.answer, result)) end.failure = "gave half an answer";
          if (!end.failure.empty()) result.failure = end.failure;
          progress.Done(result.errors > 0 || !result.failure.empty());
          units_[to_parse[end.job]].result = std::move(result);
        });
    progress.Finish();
    return ran;
  }

  // In the process of the unit. All checks are run, whichever are wanted, so that the cache serves any
  // choice.
  std::string CheckedText(size_t index) const {
    const tooling::Unit& unit = selection_.units[index];
    const SummariesByUsr& given = units_[index].given;
    CheckedUnit checked;
    const tooling::ParseResult parsed = CheckUnit(unit, selection_.parser, selection_.filter, checks_, given,
                                                  checked, Memory::kLeftToTheProcess);
    UnitResult result;
    result.findings = std::move(checked.findings);
    result.program = checked.program;
    for (const auto& [usr, summary] : checked.exported) result.exported[usr] = SummaryText(summary);
    result.wanted = std::move(checked.wanted);
    result.seconds = std::move(checked.seconds);
    result.errors = parsed.errors;
    result.first_error = parsed.first_error;
    std::string text = ToJson(result);
    if (parsed.parsed) cache_.Store(unit, Key(given), parsed.files, parsed.missing, text);
    return text;
  }

  const source::Options& options_;
  const source::Selection& selection_;
  Cache& cache_;
  const std::vector<std::unique_ptr<Check>> checks_;
  std::vector<State> units_;
  SummariesByUsr known_;
  bool checked_anew_ = false;
};

absl::StatusOr<std::set<std::string>> Accepted(const source::Options& options) {
  if (options.baseline.empty()) return std::set<std::string>();
  const auto text = cli::ReadFile(options.baseline);
  if (!text.ok()) return text.status();
  return ParseBaseline(*text, options.baseline);
}

}  // namespace

absl::StatusOr<Report> Lint(const source::Options& options) {
  const auto started = std::chrono::steady_clock::now();
  Report report;
  const auto wanted = WantedChecks(options, report);
  if (!wanted.ok()) return wanted.status();
  const auto accepted = Accepted(options);
  if (!accepted.ok()) return accepted.status();
  const auto selection = source::SelectUnits(options);
  if (!selection.ok()) return selection.status();
  SummariesByUsr known;
  if (!options.summaries.empty()) {
    auto read = ReadSummaries(options.summaries);
    if (!read.ok()) return read.status();
    known = *std::move(read);
  }
  Cache cache(options.no_cache ? "" : (options.cache.empty() ? DefaultCacheFolder() : options.cache),
              Circumstances(*selection));
  Run run(options, *selection, cache);
  if (!run.CheckAll(known)) return absl::ResourceExhaustedError("no process for the parser can be started");
  if (!options.summaries.empty()) {
    const absl::Status status = WriteSummaries(run.known(), options.summaries);
    if (!status.ok()) return status;
  }

  report.root = selection->filter.root;
  std::vector<Finding> all;
  std::vector<ProgramFacts> program;
  for (size_t i = 0; i < run.units().size(); ++i) {
    const Run::State& unit = run.units()[i];
    report.units.push_back({selection->units[i].file, unit.result.errors, unit.result.first_error,
                            unit.result.failure, unit.cached, Configuration(selection->units[i])});
    program.push_back(unit.result.program);
    if (!unit.cached) {
      for (const auto& [part, seconds] : unit.result.seconds) report.timings[part] += seconds;
    }
    for (const Finding& finding : unit.result.findings) {
      const auto check = wanted->find(finding.check);
      if (check != wanted->end() && (check->second || finding.severity != Severity::kAdvice))
        all.push_back(finding);
    }
  }
  SortAndMerge(all);
  SettleProgram(program, all);
  for (Finding& finding : all)
    (accepted->count(finding.identity) ? report.accepted : report.findings).push_back(std::move(finding));
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace rankle::lint

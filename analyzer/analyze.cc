#include "analyzer/analyze.h"

#include <algorithm>
#include <set>

#include "analyzer/facts/facts.h"
#include "analyzer/import/importer.h"
#include "analyzer/rules/rule.h"
#include "analyzer/verdict/verdict.h"

namespace rankle {
namespace {

JobSummary Summarize(const store::Store& store) {
  JobSummary job;
  std::set<std::string> hosts;
  for (const store::Rank& rank : store.ranks) {
    if (rank.process >= 0) hosts.insert(store.processes[rank.process].host);
  }
  job.ranks = static_cast<int64_t>(
      std::max<size_t>(store.ranks.size(), static_cast<size_t>(std::max(0, store.world_size))));
  job.hosts = static_cast<int64_t>(hosts.size());
  job.communicators = static_cast<int64_t>(store.communicators.size());
  // A collective counts once, not once a rank: the longest member list of each communicator.
  for (const store::Communicator& c : store.communicators) {
    size_t longest = 0;
    for (const store::Member& m : c.members) longest = std::max(longest, m.collectives.size() + m.p2p.size());
    job.collectives += static_cast<int64_t>(longest);
  }
  job.duration_s = store::Store::Seconds(store.observed_until);
  job.sources = {store.source};
  return job;
}

}  // namespace

absl::StatusOr<Report> AnalyzeStore(store::Store input, const AnalyzeOptions& options) {
  auto store = std::make_shared<const store::Store>(std::move(input));
  Report report;
  report.store = store;
  std::vector<rules::Rule> rules = rules::BuiltInRules(report.problems);
  if (!options.rules_directory.empty()) {
    absl::Status status = rules::AddRulesFrom(options.rules_directory, rules, report.problems);
    if (!status.ok()) return status;
  }
  const localize::HangSettings settings{static_cast<int64_t>(options.hang_after_s * 1e9),
                                        options.hang_after_periods};
  const facts::Facts facts = facts::FindFacts(*store, settings);
  auto database = store::Database::Open();
  if (!database.ok()) return database.status();
  for (absl::Status status : {AddStoreTables(*store, *database), AddFactTables(*store, facts, *database)}) {
    if (!status.ok()) return status;
  }
  std::vector<rules::Finding> findings;
  for (const rules::Rule& rule : rules) {
    auto found = RunRule(rule, *database);
    if (!found.ok()) {
      report.problems.emplace_back(found.status().message());
      continue;
    }
    findings.insert(findings.end(), found->begin(), found->end());
  }
  verdict::Decide(*store, facts, findings, report);
  report.job = Summarize(*store);
  report.data_quality = store->quality;
  if (!options.database_file.empty()) {
    if (absl::Status status = database->SaveTo(options.database_file); !status.ok()) return status;
  }
  return report;
}

absl::StatusOr<Report> Analyze(const std::vector<std::string>& paths, const AnalyzeOptions& options) {
  auto store = import::ImportPaths(paths);
  if (!store.ok()) return store.status();
  return AnalyzeStore(*std::move(store), options);
}

}  // namespace rankle

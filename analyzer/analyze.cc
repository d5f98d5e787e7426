#include "analyzer/analyze.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "analyzer/explain/chain.h"
#include "analyzer/facts/facts.h"
#include "analyzer/import/archives.h"
#include "analyzer/import/importer.h"
#include "analyzer/import/logs/logs_importer.h"
#include "analyzer/import/nodes.h"
#include "analyzer/rules/rule.h"
#include "analyzer/taxonomy/job_logs.h"
#include "analyzer/taxonomy/load.h"
#include "analyzer/taxonomy/similar.h"
#include "analyzer/taxonomy/user_bugs.h"
#include "analyzer/verdict/verdict.h"

namespace rankle {
namespace {

constexpr char kLogs[] = "log";  // as import::LogsImporter names its format

JobSummary Summarize(const store::Store& store) {
  JobSummary job;
  std::set<std::string> hosts;
  for (const store::Rank& rank : store.ranks) {
    if (rank.process >= 0 && !store.processes[rank.process].host.empty())
      hosts.insert(store.processes[rank.process].host);
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

// What is known about bugs. The user's part may be unusable: then it is said, and the analysis goes on
// without.
absl::StatusOr<taxonomy::Knowledge> LoadKnowledge(const AnalyzeOptions& options,
                                                  std::vector<std::string>& notes) {
  auto knowledge = taxonomy::LoadBuiltIn();
  if (!knowledge.ok() || options.bug_database.empty()) return knowledge;
  const absl::Status own = taxonomy::AddUserBugs(options.bug_database, *knowledge);
  if (!own.ok()) notes.emplace_back(own.message());
  return knowledge;
}

absl::StatusOr<std::vector<explain::CauseEdge>> LoadEdges(const AnalyzeOptions& options,
                                                          std::vector<std::string>& problems) {
  std::vector<explain::CauseEdge> edges = explain::BuiltInEdges(problems);
  edges.insert(edges.end(), options.cause_edges.begin(), options.cause_edges.end());
  if (options.rules_directory.empty()) return edges;
  if (absl::Status status = explain::AddEdgesFrom(options.rules_directory, edges, problems); !status.ok())
    return status;
  return edges;
}

bool IsUsed(const std::string& file, const std::vector<store::InputFiles>& inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [&](const store::InputFiles& input) {
    return input.used && std::find(input.files.begin(), input.files.end(), file) != input.files.end();
  });
}

// Files that are no traces and yet used, as one entry.
void AddUsed(const std::string& format, const std::vector<std::string>& files,
             std::vector<store::InputFiles>& inputs) {
  if (files.empty()) return;
  const std::set<std::string> all(files.begin(), files.end());
  for (store::InputFiles& input : inputs) {
    if (!input.used) std::erase_if(input.files, [&](const std::string& file) { return all.contains(file); });
  }
  std::erase_if(inputs, [](const store::InputFiles& input) { return input.files.empty(); });
  inputs.push_back({format, true, "", files});
}

// Logs are read for known signatures: those that the importer of logs recognised by their content, and all
// that have the name of one. Adds the former to `logs`, and makes one entry of both.
void AccountForLogs(std::vector<std::string>& logs, std::vector<store::InputFiles>& inputs) {
  // Records that are called *.log (NCCL Inspector) are no text to look through.
  std::erase_if(logs, [&](const std::string& log) { return IsUsed(log, inputs); });
  std::set<std::string> all(logs.begin(), logs.end());
  for (store::InputFiles& input : inputs) {
    if (input.format == kLogs) all.insert(input.files.begin(), input.files.end()), input.files.clear();
  }
  logs.assign(all.begin(), all.end());
  AddUsed(kLogs, logs, inputs);
}

// One directory given twice, or also by another name, is one job: its records read twice would look like
// restarts.
std::vector<std::string> WithoutRepeats(const std::vector<std::string>& paths) {
  std::vector<std::string> once;
  std::set<std::filesystem::path> seen;
  for (const std::string& path : paths) {
    std::error_code error;
    const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
    if (seen.insert(error ? std::filesystem::path(path) : canonical).second) once.push_back(path);
  }
  return once;
}

// In what people read, files of an archive bear its name: where they were unpacked is gone.
void UseArchiveNames(const import::Unpacked& unpacked, Report& report) {
  for (store::InputFiles& input : report.inputs) {
    for (std::string& file : input.files) file = unpacked.WithArchiveNames(std::move(file));
  }
  for (std::string& note : report.data_quality.notes) note = unpacked.WithArchiveNames(std::move(note));
  for (ReportedFinding& finding : report.findings) {
    for (auto& bug : finding.similar_bugs) bug.why = unpacked.WithArchiveNames(std::move(bug.why));
  }
}

}  // namespace

absl::StatusOr<Report> AnalyzeStore(store::Store input, const AnalyzeOptions& options,
                                    const std::vector<std::string>& logs) {
  std::vector<std::string> notes;
  auto knowledge = LoadKnowledge(options, notes);
  if (!knowledge.ok()) return knowledge.status();
  const std::vector<taxonomy::LogMatch> log = taxonomy::ScanJobLogs(logs, *knowledge, notes);
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
  auto found_facts = std::make_shared<const facts::Facts>(facts::FindFacts(*store, settings));
  const facts::Facts& facts = *(report.facts = std::move(found_facts));
  auto database = store::Database::Open();
  if (!database.ok()) return database.status();
  for (absl::Status status : {AddStoreTables(*store, *database), AddFactTables(*store, facts, *database),
                              taxonomy::AddLogMatches(log, *database)}) {
    if (!status.ok()) return status;
  }
  std::vector<rules::Finding> findings;
  const auto is_left_out = [&](const rules::Rule& rule) {
    return std::any_of(options.leave_out.begin(), options.leave_out.end(),
                       [&](const std::string& beginning) { return rule.anomaly.starts_with(beginning); });
  };
  for (const rules::Rule& rule : rules) {
    if (is_left_out(rule)) continue;
    auto found = RunRule(rule, *database);
    if (!found.ok()) {
      report.problems.emplace_back(found.status().message());
      continue;
    }
    findings.insert(findings.end(), found->begin(), found->end());
  }
  verdict::Decide(*store, facts, findings, report);
  auto edges = LoadEdges(options, report.problems);
  if (!edges.ok()) return edges.status();
  report.causal_chain = explain::CausalChain(*store, facts, report.verdict, *edges);
  for (ReportedFinding& finding : report.findings) {
    finding.similar_bugs =
        FindSimilarBugs(*knowledge, taxonomy::CollectEvidence(*store, facts, log, finding));
  }
  report.job = Summarize(*store);
  report.inputs = store->inputs;
  report.data_quality = store->quality;
  report.data_quality.notes.insert(report.data_quality.notes.end(), notes.begin(), notes.end());
  if (!options.database_file.empty()) {
    if (absl::Status status = database->SaveTo(options.database_file); !status.ok()) return status;
  }
  return report;
}

absl::StatusOr<Report> Analyze(const std::vector<std::string>& given, const AnalyzeOptions& options) {
  const auto unpacked = import::Unpacked::Make(given, options.files, options.scratch_directory);
  if (!unpacked.ok()) return unpacked.status();
  const std::vector<std::string> paths = WithoutRepeats(unpacked->paths());
  // A log named by the user that tells nothing of the job is no trace that could not be read.
  std::vector<std::string> traces = paths;
  std::erase_if(traces, [](const std::string& path) {
    return taxonomy::IsJobLog(path) && std::filesystem::is_regular_file(path) && !import::IsTellingLog(path);
  });
  auto store = import::ImportPaths(traces.empty() ? paths : traces, options.files);
  if (!store.ok()) {
    return absl::Status(store.status().code(),
                        unpacked->WithArchiveNames(std::string(store.status().message())));
  }
  std::vector<std::string> logs = taxonomy::FindJobLogs(import::WithNodeDirectories(paths));
  std::erase_if(logs, [&](const std::string& log) { return !import::IsChosen(options.files, log); });
  AccountForLogs(logs, store->inputs);
  AddUsed("archive", unpacked->archives(), store->inputs);
  store->quality.notes.insert(store->quality.notes.end(), unpacked->notes().begin(), unpacked->notes().end());
  auto report = AnalyzeStore(*std::move(store), options, logs);
  if (report.ok()) UseArchiveNames(*unpacked, *report);
  return report;
}

}  // namespace rankle

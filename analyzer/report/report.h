// What an analysis says, as plain values, and its renderings. RenderJson follows the contract
// "rankle.report/1".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::facts {
struct Facts;
}

namespace rankle {

using Link = std::pair<int32_t, int32_t>;  // source rank, destination rank

struct Verdict {
  std::string anomaly;  // class of the contract: "hang.not_entered", "healthy", "unknown"
  double confidence = 0;
  std::vector<int32_t> ranks, victims;  // global ranks
  std::vector<Link> links;
  std::vector<std::string> hosts;
  std::string summary;
  bool IsHealthy() const { return anomaly == "healthy"; }
};

// A bug that was really fixed and looks like the finding; `why` says in words what they have in common.
struct SimilarBug {
  std::string id, title, why, fix;
};

struct ReportedFinding {
  std::string rule, anomaly, severity, communicator, op, summary, symptom, advice;
  double confidence = 0, since_s = 0, at_s = 0, effect_s = 0;
  int64_t seq = 0;
  std::vector<int32_t> ranks, victims;
  std::vector<Link> links;
  std::vector<std::string> hosts, evidence, look_alikes, references;
  std::vector<std::pair<std::string, double>> root_causes;
  std::vector<SimilarBug> similar_bugs;
  bool is_root = false;  // not explained by another finding
};

struct ChainLink {
  double t_s = 0;
  int32_t rank = -1;  // -1: of no single rank
  std::string event;
  int32_t because = -1;             // index of the entry that caused it, which stands before it; -1: not told
  std::string edge = {};            // how that is known: id of an edge (docs/explaining.md)
  std::vector<int32_t> ranks = {};  // where it happened to more than one: all of them, `rank` first
};
// "rank 3", "ranks 0-2", "job"
std::string WhoseText(const ChainLink& link);
// Into how many entries up to the first one its cause goes back.
int DepthOf(const std::vector<ChainLink>& chain, size_t link);

struct JobSummary {
  int64_t ranks = 0, hosts = 0, communicators = 0, collectives = 0;
  double duration_s = 0;
  std::vector<std::string> sources;
};

struct Report {
  Verdict verdict;
  std::vector<ReportedFinding> findings;  // the verdict's own first
  std::vector<ChainLink> causal_chain;
  JobSummary job;
  std::vector<store::InputFiles> inputs;  // what was given, and what became of it
  store::DataQuality data_quality;
  std::vector<std::string> problems;  // rules that could not run: "file:line: message"
  // What the HTML page draws; absent in a report that was not made from a job.
  std::shared_ptr<const store::Store> store;
  std::shared_ptr<const facts::Facts> facts;
};

std::string RenderText(const Report& report);
std::string RenderJson(const Report& report);
std::string RenderJunit(const Report& report);
std::string RenderHtml(const Report& report);

}  // namespace rankle

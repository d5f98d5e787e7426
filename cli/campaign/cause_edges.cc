#include "cli/campaign/cause_edges.h"

#include <filesystem>
#include <optional>
#include <set>

#include "absl/strings/str_join.h"
#include "analyzer/stitch/observation_json.h"
#include "cli/campaign/campaign_file.h"
#include "cli/campaign/planner.h"
#include "cli/campaign/state.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using explain::EventKind;

// Observations hold no times, so the campaign cannot tell the delay: as long as the built-in edges between
// errors.
constexpr int64_t kMostNs = 60'000'000'000;

// "ncclCommInitRank: ncclSystemError" as a pattern; nothing for outcomes that a flight record does not tell.
std::optional<explain::EventPattern> PatternOf(const std::string& signature) {
  const size_t colon = signature.find(": ");
  if (colon == std::string::npos) return std::nullopt;
  const std::string api = signature.substr(0, colon), outcome = signature.substr(colon + 2);
  if (api == "__cxa_throw")
    return explain::EventPattern{
        .kinds = {EventKind::kException}, .names = {outcome}, .errors = {}, .not_errors = {}, .texts = {}};
  // Names of errors with what may follow them: "cudaErrorMemoryAllocation (2)".
  const std::string error = outcome.substr(0, outcome.find(' '));
  const bool known =
      error.starts_with("nccl") || error.starts_with("cudaError") || error.starts_with("CUDA_ERROR");
  if (!known) return std::nullopt;
  return explain::EventPattern{
      .kinds = {EventKind::kCall}, .names = {api}, .errors = {error}, .not_errors = {}, .texts = {}};
}

std::string TextOf(stitch::Signature signature, const stitch::Names& names) {
  const auto found = names.signatures.find(signature);
  return found == names.signatures.end() ? "" : found->second.text;
}

}  // namespace

std::vector<explain::CauseEdge> CauseEdgesOf(const stitch::Causes& causes, const stitch::Names& names,
                                             const std::string& campaign) {
  std::vector<explain::CauseEdge> edges;
  std::set<std::string> ids;
  const auto add = [&](const stitch::Experiment& experiment, const std::string& from, const std::string& to) {
    const auto cause = PatternOf(from), effect = PatternOf(to);
    if (!cause || !effect || from == to) return;
    for (const auto& [reach, suffix] :
         {std::pair(explain::Reach::kSameRank, ""), std::pair(explain::Reach::kPeer, " on a peer")}) {
      const std::string id = Cat(campaign, "/", experiment.workload, ": ", from, " -> ", to, suffix);
      if (!ids.insert(id).second) continue;
      edges.push_back({.id = id,
                       .text = Cat("a campaign injected the first, and the second followed"),
                       .cause = *cause,
                       .effect = *effect,
                       .reach = reach,
                       .least_ns = 0,
                       .most_ns = kMostNs,
                       .source = Cat(campaign, ", runs ", absl::StrJoin(experiment.injected_runs, ", "))});
    }
  };
  for (const stitch::Edge& edge : causes.edges) {
    if (edge.effect != stitch::Effect::kNewBehaviour) continue;
    const stitch::Experiment& experiment = causes.experiments[edge.experiment];
    for (const auto& own : experiment.own) {
      for (stitch::Signature from : own.signatures) {
        for (const stitch::Evidence& evidence : edge.evidence) {
          for (stitch::Signature to : evidence.fresh) add(experiment, TextOf(from, names), TextOf(to, names));
        }
      }
    }
  }
  return edges;
}

absl::StatusOr<std::vector<explain::CauseEdge>> ReadCauseEdges(const std::string& path) {
  const std::string name = std::filesystem::path(path).lexically_normal().filename().string();
  if (!std::filesystem::is_directory(path)) {
    const absl::StatusOr<std::string> text = ReadFile(path);
    if (!text.ok()) return text.status();
    const absl::StatusOr<stitch::Observations> observations = stitch::ReadObservations(*text, path);
    if (!observations.ok()) return observations.status();
    return CauseEdgesOf(stitch::AnalyzeCauses(*observations), observations->names, name);
  }
  const absl::StatusOr<stitch::Observations> observations = ReadCampaignObservations(path);
  if (!observations.ok()) return observations.status();
  const absl::StatusOr<std::string> text = ReadFile(path + "/campaign.yaml");
  if (!text.ok()) return text.status();
  const absl::StatusOr<Campaign> campaign = ParseCampaign(*text, path + "/campaign.yaml");
  if (!campaign.ok()) return campaign.status();
  return CauseEdgesOf(stitch::AnalyzeCauses(*observations, FcaOptionsOf(*campaign)), observations->names,
                      name);
}

}  // namespace rankle::cli

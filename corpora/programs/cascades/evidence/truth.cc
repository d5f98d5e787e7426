#include "corpora/programs/cascades/evidence/truth.h"

#include <yaml-cpp/yaml.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rankle::cascades {
namespace {

std::string Text(const YAML::Node& node, const char* key) { return node[key].as<std::string>(); }

Site ParseSite(const YAML::Node& node) { return {Text(node, "function"), Text(node, "call")}; }

Edge ParseEdge(const YAML::Node& node) {
  const YAML::Node cause = node["cause"], effect = node["effect"];
  Edge edge;
  edge.cause = ParseSite(cause);
  edge.fault = Text(cause, "kind");
  edge.effect = ParseSite(effect);
  if (Text(effect, "kind") == "E") edge.outcome = Text(effect, "outcome");
  edge.workload = Text(node, "workload");
  edge.trigger =
      absl::StrCat(edge.cause.function, ":", edge.cause.call, " ", Text(node, "hit"), "+1 ", edge.fault);
  return edge;
}

bool Joins(const Edge& edge, const Edge& next) {
  const bool fault_fits = edge.outcome.empty() ? absl::StartsWith(next.fault, "delay ")
                                               : next.fault == absl::StrCat("error ", edge.outcome);
  return edge.effect == next.cause && fault_fits;
}

Truth ParseTruth(const YAML::Node& node) {
  Truth truth;
  truth.name = Text(node, "name");
  truth.kind = Text(node, "kind");
  truth.workloads = node["campaign"]["workloads"].as<std::vector<std::string>>();
  truth.campaign_ranks = node["campaign"]["ranks"].as<int>();
  truth.delay_ms = node["campaign"]["delay_ms"].as<int>();
  truth.replay_ranks = node["replay"]["ranks"].as<int>();
  truth.replay_workload = Text(node["replay"], "workload");
  truth.replay_trigger = Text(node["replay"], "trigger");
  for (const YAML::Node& edge : node["cycle"]) truth.cycle.push_back(ParseEdge(edge));
  if (node["without_condition"]) truth.without_condition = ParseEdge(node["without_condition"]);
  return truth;
}

absl::Status Check(const Truth& truth, size_t length, const std::string& place) {
  if (truth.cycle.size() != length || length < 2) {
    return absl::InvalidArgumentError(absl::StrCat(place, ": ", truth.cycle.size(), " edges, but length ",
                                                   length, "; make them agree, at least 2"));
  }
  for (size_t at = 0; at < length; ++at) {
    const Edge& edge = truth.cycle[at];
    const Edge& next = truth.cycle[(at + 1) % length];
    if (!Joins(edge, next)) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, ": edge ", at + 1, " ends at ", edge.effect.function, ":", edge.effect.call,
                       " but the next begins at ", next.cause.function, ":", next.cause.call, " with ",
                       next.fault, "; an E goes on as its error, an S+ as a delay"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Truth>> ReadTruths(const std::string& text, const std::string& name) {
  std::vector<Truth> truths;
  try {
    for (const YAML::Node& node : YAML::Load(text)) {
      const std::string place = absl::StrCat(name, ":", node.Mark().line + 1);
      Truth truth = ParseTruth(node);
      const absl::Status checked = Check(truth, node["length"].as<size_t>(), place);
      if (!checked.ok()) return checked;
      truths.push_back(std::move(truth));
    }
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": ", error.what(), "; the fields are explained at the top of cascades.yaml"));
  }
  return truths;
}

}  // namespace rankle::cascades

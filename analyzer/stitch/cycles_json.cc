#include "analyzer/stitch/cycles_json.h"

#include "analyzer/stitch/describe.h"
#include "analyzer/stitch/json_members.h"

namespace rankle::stitch {
namespace {

Json PlaceJson(const Place& place, const Names& names) {
  return {{"role", place.role}, {"site", Hex16(place.site)}, {"name", SiteName(place.site, names)}};
}

Json FaultJson(const Fault& fault, const Names& names) {
  constexpr const char* kKinds[] = {"error", "negation", "delay", "skip"};
  return {{"kind", kKinds[static_cast<size_t>(fault.kind)]},
          {"parameter", fault.parameter},
          {"role", fault.role},
          {"site", Hex16(fault.site)},
          {"hit", fault.hit},
          {"context", fault.context == 0 ? Json(nullptr) : Json(Hex16(fault.context))},
          {"text", Describe(fault, names)}};
}

const char* EffectName(Effect effect) {
  switch (effect) {
    case Effect::kNewBehaviour:
      return "new_behaviour";
    case Effect::kMoreWork:
      return "more_work";
    case Effect::kSlowedParent:
      return "slowed_parent";
    case Effect::kSlowedSibling:
      return "slowed_sibling";
  }
  return "";
}

Json JunctionJson(const Junction& junction, const Names& names) {
  Json call_sites = Json::array(), signatures = Json::array();
  for (CallSiteId id : junction.call_sites) {
    const auto it = names.call_sites.find(id);
    call_sites.push_back(
        {{"call_site", Hex16(id)}, {"name", it == names.call_sites.end() ? "" : it->second}});
  }
  for (Signature id : junction.signatures) {
    const auto it = names.signatures.find(id);
    signatures.push_back(
        {{"signature", Hex16(id)}, {"text", it == names.signatures.end() ? "" : it->second.text}});
  }
  return {{"call_sites", call_sites}, {"signatures", signatures}, {"past_guards", junction.past_guards}};
}

Json EdgeJson(const CycleEdge& link, const Names& names) {
  const Edge& edge = link.edge;
  Json json{{"fault", FaultJson(link.experiment.fault, names)},
            {"workload", link.experiment.workload},
            {"effect", EffectName(edge.effect)},
            {"to", PlaceJson(edge.to, names)}};
  if (edge.via.site != 0) json["via"] = PlaceJson(edge.via, names);
  json["confidence"] = edge.confidence;
  if (!edge.evidence.empty()) {
    json["plain_mean"] = edge.evidence.front().plain_mean;
    json["injected_mean"] = edge.evidence.front().injected_mean;
  }
  json["ratio"] = edge.ratio == 0 ? Json(nullptr) : Json(edge.ratio);
  json["bad_ends"] = link.experiment.bad_ends;
  json["lost_work"] = link.experiment.lost_work;
  json["runs"] = link.experiment.injected_runs;
  json["profile_runs"] = link.experiment.plain_runs;
  json["alternatives"] = link.alternatives;
  json["meets_next"] = JunctionJson(link.junction, names);
  return json;
}

Json CycleJson(const Cycle& cycle, size_t rank, const Names& names) {
  Json edges = Json::array();
  for (const CycleEdge& link : cycle.edges) edges.push_back(EdgeJson(link, names));
  const CycleFactors& f = cycle.factors;
  return {{"rank", rank},
          {"cluster", cycle.cluster},
          {"leads_cluster", cycle.leads_cluster},
          {"length", cycle.edges.size()},
          {"variants", cycle.variants},
          {"factors",
           {{"frequency", f.frequency},
            {"rarity_class", f.rarity_class},
            {"weakest_confidence", f.weakest_confidence},
            {"severity", f.severity},
            {"score", f.score}}},
          {"conditions", cycle.conditions},
          {"edges", edges}};
}

}  // namespace

std::string CyclesJson(const Stitched& stitched, const Names& names) {
  Json cycles = Json::array();
  for (const Cycle& cycle : stitched.cycles) cycles.push_back(CycleJson(cycle, cycles.size() + 1, names));
  const Json json{{"schema", "rankle.cycles/1"},
                  {"cycles", cycles},
                  {"clusters", stitched.clusters},
                  {"not_reported", stitched.not_reported},
                  {"search",
                   {{"edges", stitched.edges},
                    {"edges_left_out", stitched.edges_left_out},
                    {"steps", stitched.steps},
                    {"complete", stitched.cut.empty()},
                    {"cut", stitched.cut}}}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rankle::stitch

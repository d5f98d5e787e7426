#include "cli/campaign/cycles_document.h"

#include <nlohmann/json.hpp>

#include "analyzer/stitch/cycles_json.h"
#include "cli/campaign/fault_taxonomy.h"
#include "cli/campaign/replay.h"

namespace rankle::cli {
namespace {

using Json = nlohmann::ordered_json;

Json ConfirmationJson(const stitch::Cycle& cycle, const Confirmations& confirmations) {
  const auto found = confirmations.find(KeyOf(cycle));
  if (found == confirmations.end()) return nullptr;
  const Confirmation& each = found->second;
  return {{"confirmed", each.confirmed}, {"why", each.why},   {"workload", each.workload},
          {"plan", each.plan},           {"runs", each.runs}, {"shown", each.shown}};
}

Json TaxonomyJson(const stitch::Fault& fault, const CyclesReport& report) {
  const taxonomy::FaultClass* row = ClassOfFault(fault, report.names, report.taxonomy);
  if (row == nullptr) return nullptr;
  return {{"class", row->id},
          {"root_causes", row->root_causes},
          {"symptoms", row->symptoms},
          {"says", row->says}};
}

}  // namespace

std::string CyclesDocument(const CyclesReport& report) {
  Json document = Json::parse(stitch::CyclesJson(report.stitched, report.names));
  for (size_t i = 0; i < report.stitched.cycles.size(); ++i) {
    const stitch::Cycle& cycle = report.stitched.cycles[i];
    Json& json = document["cycles"][i];
    for (size_t link = 0; link < cycle.edges.size(); ++link)
      json["edges"][link]["fault"]["taxonomy"] = TaxonomyJson(cycle.edges[link].experiment.fault, report);
    const CycleClasses classes = ClassesOf(cycle, report.names, report.taxonomy);
    json["taxonomy"] = {{"root_causes", classes.root_causes}, {"symptoms", classes.symptoms}};
    json["confirmation"] = ConfirmationJson(cycle, report.confirmations);
  }
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rankle::cli

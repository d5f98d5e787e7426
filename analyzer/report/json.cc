// The report as JSON, schema rankle.report/1: every key is always present.
#include <nlohmann/json.hpp>

#include "analyzer/report/report.h"

namespace rankle {
namespace {

using Json = nlohmann::ordered_json;

Json Links(const std::vector<Link>& links) {
  Json list = Json::array();
  for (const Link& link : links) list.push_back({link.first, link.second});
  return list;
}

Json Bugs(const std::vector<SimilarBug>& bugs) {
  Json list = Json::array();
  for (const SimilarBug& bug : bugs) {
    list.push_back({{"id", bug.id}, {"why", bug.why}, {"title", bug.title}, {"fix", bug.fix}});
  }
  return list;
}

Json ToJson(const ReportedFinding& f) {
  Json causes = Json::array();
  for (const auto& [name, weight] : f.root_causes) causes.push_back(Json::array({name, weight}));
  return {{"rule", f.rule},
          {"class", f.anomaly},
          {"severity", f.severity},
          {"confidence", f.confidence},
          {"ranks", f.ranks},
          {"links", Links(f.links)},
          {"hosts", f.hosts},
          {"communicator", f.communicator},
          {"op", f.op},
          {"seq", f.seq},
          {"since_s", f.since_s},
          {"summary", f.summary},
          {"evidence", f.evidence},
          {"taxonomy", {{"symptom", f.symptom}, {"root_causes", causes}}},
          {"similar_bugs", Bugs(f.similar_bugs)},
          {"advice", f.advice}};
}

}  // namespace

std::string RenderJson(const Report& r) {
  Json findings = Json::array(), chain = Json::array();
  for (const ReportedFinding& f : r.findings) findings.push_back(ToJson(f));
  for (const ChainLink& link : r.causal_chain) {
    Json entry = {{"t_s", link.t_s}, {"rank", link.rank}, {"event", link.event}};
    if (!link.ranks.empty()) entry["ranks"] = link.ranks;
    if (link.because >= 0) entry["because"] = link.because, entry["edge"] = link.edge;
    chain.push_back(std::move(entry));
  }
  Json inputs = Json::array();
  for (const store::InputFiles& input : r.inputs) {
    inputs.push_back(
        {{"format", input.format}, {"used", input.used}, {"why", input.why}, {"files", input.files}});
  }
  Json notes = r.data_quality.notes;
  for (const std::string& problem : r.problems) notes.push_back(problem);
  const Json root = {
      {"schema", "rankle.report/1"},
      {"verdict",
       {{"class", r.verdict.anomaly},
        {"confidence", r.verdict.confidence},
        {"culprits",
         {{"ranks", r.verdict.ranks}, {"links", Links(r.verdict.links)}, {"hosts", r.verdict.hosts}}},
        {"victims", {{"ranks", r.verdict.victims}}},
        {"summary", r.verdict.summary}}},
      {"findings", findings},
      {"causal_chain", chain},
      {"job",
       {{"ranks", r.job.ranks},
        {"hosts", r.job.hosts},
        {"communicators", r.job.communicators},
        {"collectives", r.job.collectives},
        {"duration_s", r.job.duration_s},
        {"sources", r.job.sources},
        {"inputs", inputs}}},
      {"data_quality",
       {{"missing_ranks", r.data_quality.missing_ranks},
        {"dropped_records", r.data_quality.dropped},
        {"malformed", r.data_quality.malformed},
        {"clock_uncertainty_us", r.data_quality.clock_uncertainty_us},
        {"certainty", r.data_quality.certainty},
        {"overwritten_records", r.data_quality.overwritten},
        {"kernel_timed_operations", r.data_quality.kernel_timed_operations},
        {"kernel_timed_ranks", r.data_quality.kernel_timed_ranks},
        {"notes", notes}}}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rankle

#include "analyzer/stitch/observation_json.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analyzer/stitch/json_members.h"

namespace rankle::stitch {

const char kObservationsSchemaLine[] = "{\"schema\":\"rankle.observations/1\"}\n";

namespace {

constexpr char kSchema[] = "rankle.observations/1";
// In the order of the enumerations.
const std::vector<std::string> kFaultKinds = {"error", "negation", "delay", "skip"};
const std::vector<std::string> kEnds = {"ok", "failed", "timed_out"};
const std::vector<std::string> kSiteKinds = {"call", "loop", "throw", "detector", "branch"};

// ---- reading

// Keeps `value` under `id`; what is there already must be the same.
template <typename Map, typename Value>
void Keep(Map& map, uint64_t id, Value value, bool (*same)(const Value&, const Value&), Members& members) {
  const auto [it, fresh] = map.try_emplace(id, value);
  if (!fresh && !same(it->second, value)) {
    members.Fail(
        absl::StrCat("number ", Hex16(id),
                     " was given another meaning before: two builds were mixed, or two hashes collide"));
  }
}

void ReadSite(Members& members, const ReadLimits& limits, Names& names) {
  SiteInfo info;
  const SiteId id = members.Number16("site");
  info.name = members.Text("name");
  info.kind = static_cast<SiteKind>(members.Choice("kind", kSiteKinds, 0));
  info.timer = members.Flag("timer");
  info.guards = members.Numbers16("guards", limits.values_a_row);
  Keep<decltype(names.sites), SiteInfo>(
      names.sites, id, std::move(info),
      [](const SiteInfo& a, const SiteInfo& b) {
        return a.name == b.name && a.kind == b.kind && a.timer == b.timer && a.guards == b.guards;
      },
      members);
}

void ReadCallSite(Members& members, Names& names) {
  const CallSiteId id = members.Number16("call_site");
  Keep<decltype(names.call_sites), std::string>(
      names.call_sites, id, members.Text("name"),
      [](const std::string& a, const std::string& b) { return a == b; }, members);
}

void ReadSignature(Members& members, const ReadLimits& limits, Names& names) {
  SignatureInfo info;
  const Signature id = members.Number16("signature");
  info.text = members.Text("text");
  info.outcomes = members.Numbers16("outcomes", limits.values_a_row);
  Keep<decltype(names.signatures), SignatureInfo>(
      names.signatures, id, std::move(info),
      [](const SignatureInfo& a, const SignatureInfo& b) {
        return a.text == b.text && a.outcomes == b.outcomes;
      },
      members);
}

Fault ReadFault(Members members) {
  Fault fault;
  fault.site = members.Number16("site");
  if (fault.site == 0) members.Fail("\"site\" is missing: a fault has a place");
  fault.kind = static_cast<FaultKind>(members.Choice("kind", kFaultKinds, kFaultKinds.size()));
  if (!members.Has("kind")) members.Fail("\"kind\" is missing: error, negation, delay or skip");
  fault.parameter = members.Integer("parameter");
  fault.context = members.Number16("context");
  fault.role = members.Text("role");
  if (members.Has("hit")) {
    const int64_t hit = members.Integer("hit");
    if (hit < 1 || hit > UINT32_MAX) members.Fail("\"hit\" is a number from 1 on");
    fault.hit = static_cast<uint32_t>(hit);
  }
  return fault;
}

void ReadBins(const Json& list, Members& members, std::vector<ParentBin>& bins) {
  for (const Json& pair : list) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_unsigned() ||
        !pair[1].is_number_unsigned()) {
      members.Fail("\"per_parent\" must be a list of [iterations, parents]");
      return;
    }
    bins.push_back({pair[0].get<uint64_t>(), pair[1].get<uint64_t>()});
  }
}

SiteObservation ReadRow(Members members, const ReadLimits& limits) {
  SiteObservation row;
  row.role = members.Text("role");
  row.site = members.Number16("site");
  if (row.site == 0) members.Fail("\"site\" is missing: a row has a place");
  row.call_site = members.Number16("call_site");
  row.hits = members.Count("hits");
  row.signatures = members.Numbers16("signatures", limits.values_a_row);
  row.parent = members.Number16("parent");
  if (const Json* bins = members.List("per_parent", limits.values_a_row)) {
    ReadBins(*bins, members, row.per_parent);
  }
  return row;
}

void ReadRun(Members& members, const ReadLimits& limits, absl::Status& status, RunObservation& run) {
  run.run = members.Text("run");
  if (run.run.empty()) members.Fail("\"run\" is empty: a run has an id");
  run.workload = members.Text("workload");
  if (run.workload.empty()) members.Fail("\"workload\" is missing: runs are compared within a workload");
  if (const Json* fault = members.Object("fault")) {
    run.fault = ReadFault(Members(*fault, members.place("fault"), status));
  }
  run.fired = members.Count("fired");
  run.end = static_cast<End>(members.Choice("end", kEnds, 0));
  run.units = members.Count("units");
  run.most_units = members.Count("most_units");
  const Json* rows = members.List("rows", limits.rows_a_run);
  for (size_t i = 0; rows != nullptr && i < rows->size() && status.ok(); ++i) {
    run.rows.push_back(
        ReadRow(Members((*rows)[i], members.place(absl::StrCat("row ", i + 1)), status), limits));
  }
  Normalize(run);
}

void ReadLine(std::string_view line, const std::string& place, const ReadLimits& limits, absl::Status& status,
              bool& schema_seen, Observations& observations) {
  const Json object = ParseLine(line, place, status);
  if (!status.ok()) return;
  Members members(object, place, status);
  if (members.Has("schema")) {
    schema_seen = true;
    if (const std::string schema = members.Text("schema"); schema != kSchema) {
      members.Fail(absl::StrCat("schema \"", schema, "\": this version reads ", kSchema));
    }
  } else if (!schema_seen) {
    members.Fail(absl::StrCat("the first line must tell the schema: {\"schema\": \"", kSchema, "\"}"));
  } else if (members.Has("run")) {
    ReadRun(members, limits, status, observations.runs.emplace_back());
  } else if (members.Has("site")) {
    ReadSite(members, limits, observations.names);
  } else if (members.Has("call_site")) {
    ReadCallSite(members, observations.names);
  } else if (members.Has("signature")) {
    ReadSignature(members, limits, observations.names);
  } else {
    members.Fail("a line is a schema, run, site, call_site or signature: it has none of these members");
  }
}

// ---- writing

Json List16(const std::vector<uint64_t>& numbers) {
  Json list = Json::array();
  for (uint64_t number : numbers) list.push_back(Hex16(number));
  return list;
}

Json FaultJson(const Fault& fault) {
  Json json{{"site", Hex16(fault.site)}, {"kind", kFaultKinds[static_cast<size_t>(fault.kind)]}};
  if (fault.parameter != 0) json["parameter"] = fault.parameter;
  if (fault.context != 0) json["context"] = Hex16(fault.context);
  if (!fault.role.empty()) json["role"] = fault.role;
  if (fault.hit != 1) json["hit"] = fault.hit;
  return json;
}

Json RowJson(const SiteObservation& row) {
  Json json = Json::object();
  if (!row.role.empty()) json["role"] = row.role;
  json["site"] = Hex16(row.site);
  if (row.call_site != 0) json["call_site"] = Hex16(row.call_site);
  json["hits"] = row.hits;
  if (!row.signatures.empty()) json["signatures"] = List16(row.signatures);
  if (row.parent != 0) json["parent"] = Hex16(row.parent);
  for (const ParentBin& bin : row.per_parent) {
    json["per_parent"].push_back(Json::array({bin.iterations, bin.parents}));
  }
  return json;
}

// Names come from symbol tables and are not always UTF-8.
std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

absl::StatusOr<Observations> ReadObservations(std::string_view text, std::string_view name,
                                              const ReadLimits& limits) {
  Observations observations;
  absl::Status status;
  bool schema_seen = false;
  std::set<std::string, std::less<>> ids;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string place = absl::StrCat(std::string(name), ":", number);
    if (line.size() > limits.line_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat(place, ": ", line.size(), " bytes, at most ",
                                                       limits.line_bytes, " are read: record fewer sites"));
    }
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const size_t runs = observations.runs.size();
    ReadLine(line, place, limits, status, schema_seen, observations);
    if (!status.ok()) return status;
    if (observations.runs.size() == runs) continue;
    if (!ids.insert(observations.runs.back().run).second) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": run \"", observations.runs.back().run,
                                                     "\" is given twice: ids must be unique in a campaign"));
    }
    if (runs == limits.runs) {
      return absl::ResourceExhaustedError(
          absl::StrCat(place, ": more than ", limits.runs, " runs: analyze a part of the campaign"));
    }
  }
  return observations;
}

std::string WriteNames(const Names& names) {
  std::string text;
  for (const auto& [id, info] : names.sites) {
    Json json{{"site", Hex16(id)}, {"kind", kSiteKinds[static_cast<size_t>(info.kind)]}, {"name", info.name}};
    if (info.timer) json["timer"] = true;
    if (!info.guards.empty()) json["guards"] = List16(info.guards);
    text += Line(json);
  }
  for (const auto& [id, call_site] : names.call_sites) {
    text += Line(Json{{"call_site", Hex16(id)}, {"name", call_site}});
  }
  for (const auto& [id, info] : names.signatures) {
    Json json{{"signature", Hex16(id)}, {"text", info.text}};
    if (!info.outcomes.empty()) json["outcomes"] = List16(info.outcomes);
    text += Line(json);
  }
  return text;
}

std::string WriteRun(const RunObservation& run) {
  Json json{{"run", run.run}, {"workload", run.workload}};
  if (run.fault) json["fault"] = FaultJson(*run.fault);
  if (run.fired != 0) json["fired"] = run.fired;
  json["end"] = kEnds[static_cast<size_t>(run.end)];
  json["units"] = run.units;
  if (run.most_units > 0) json["most_units"] = run.most_units;
  json["rows"] = Json::array();
  for (const SiteObservation& row : run.rows) json["rows"].push_back(RowJson(row));
  return Line(json);
}

std::string WriteObservations(const Observations& observations) {
  std::string text = kObservationsSchemaLine + WriteNames(observations.names);
  for (const RunObservation& run : observations.runs) text += WriteRun(run);
  return text;
}

}  // namespace rankle::stitch

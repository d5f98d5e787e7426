#include "analyzer/live/digest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "injector/api/api.h"

namespace rankle::live {
namespace {

using Json = nlohmann::ordered_json;
using record::Communicator;
using record::Event;
using record::FlightRecord;

constexpr char kSchema[] = "rankle.digest/1";
// Columns of the two tables, in order; they are part of the schema.
constexpr const char* kCommunicatorColumns[] = {
    "index",   "id",          "parent_id",       "state",        "rank",
    "nranks",  "device",      "init_entered_ns", "ready_ns",     "teardown_entered_ns",
    "gone_ns", "async_error", "last_seq",        "last_p2p_seq", "name"};
constexpr const char* kEventColumns[] = {
    "ticket",      "kind",         "state", "api",   "entered_ns", "returned_ns", "started_ns",
    "finished_ns", "communicator", "count", "seq",   "peer",       "stream",      "group",
    "thread",      "dtype",        "redop", "flags", "result",     "text"};

bool IsInFlight(const Event& e) {
  return e.state == record::State::kEntered || e.state == record::State::kEnqueued;
}

// Numbers of functions differ between versions of rankle, names do not.
bool HasFunction(record::Kind kind) {
  return kind == record::Kind::kOperation || kind == record::Kind::kCall || kind == record::Kind::kSample ||
         kind == record::Kind::kAsyncError || kind == record::Kind::kMisuse;
}
Json ApiJson(const Event& e) {
  const api::ApiInfo* info = HasFunction(e.kind) ? api::FindApi(e.api) : nullptr;
  return info == nullptr ? Json(e.api) : Json(std::string(info->name));
}
uint16_t ApiFrom(const Json& json) {
  if (json.is_number()) return json.get<uint16_t>();
  const api::ApiInfo* info = api::FindApi(json.get<std::string>());
  return info == nullptr ? uint16_t{0} : info->id;
}

Json CommunicatorJson(const Communicator& c) {
  return Json::array({c.index, c.id, c.parent_id, static_cast<int>(c.state), c.rank, c.nranks, c.device,
                      c.init_entered_ns, c.ready_ns, c.teardown_entered_ns, c.gone_ns, c.async_error,
                      c.last_seq, c.last_p2p_seq, c.name});
}
Communicator CommunicatorFrom(const Json& row) {
  Communicator c;
  size_t i = 0;
  const auto next = [&]() -> const Json& { return row.at(i++); };
  c.index = next(), c.id = next(), c.parent_id = next();
  c.state = static_cast<record::CommState>(next().get<uint32_t>());
  c.rank = next(), c.nranks = next(), c.device = next();
  c.init_entered_ns = next(), c.ready_ns = next(), c.teardown_entered_ns = next(), c.gone_ns = next();
  c.async_error = next(), c.last_seq = next(), c.last_p2p_seq = next(), c.name = next();
  return c;
}

Json EventJson(const Event& e) {
  return Json::array({e.ticket,
                      static_cast<int>(e.kind),
                      static_cast<int>(e.state),
                      ApiJson(e),
                      e.entered_ns,
                      e.returned_ns,
                      e.started_ns,
                      e.finished_ns,
                      e.comm,
                      e.count,
                      e.seq,
                      e.peer,
                      e.stream,
                      e.group,
                      e.thread,
                      e.dtype,
                      e.redop,
                      e.flags,
                      e.result,
                      e.text});
}
Event EventFrom(const Json& row) {
  Event e;
  size_t i = 0;
  const auto next = [&]() -> const Json& { return row.at(i++); };
  e.ticket = next();
  e.kind = static_cast<record::Kind>(next().get<uint8_t>());
  e.state = static_cast<record::State>(next().get<uint8_t>());
  e.api = ApiFrom(next());
  e.entered_ns = next(), e.returned_ns = next(), e.started_ns = next(), e.finished_ns = next();
  e.comm = next(), e.count = next(), e.seq = next(), e.peer = next(), e.stream = next(), e.group = next();
  e.thread = next(), e.dtype = next(), e.redop = next(), e.flags = next(), e.result = next(), e.text = next();
  return e;
}

Json ProcessJson(const FlightRecord& record) {
  const record::Process& p = record.process;
  Json json{{"rank", p.rank},
            {"world_size", p.world_size},
            {"pid", p.pid},
            {"parent_pid", p.parent_pid},
            {"host", p.host},
            {"command", p.command},
            {"start_realtime_ns", p.start_realtime_ns},
            {"start_monotonic_ns", p.start_monotonic_ns},
            {"clock_uncertainty_ns", p.clock_uncertainty_ns},
            {"heartbeat_ns", p.heartbeat_ns},
            {"oldest_in_flight_ns", OldestInFlightNs(record)},
            {"step", p.step},
            {"ended", p.ended},
            {"exit_status", p.exit_status},
            {"dropped", record.quality.dropped},
            {"left_out", record.quality.overwritten}};
  json["communicators"] = json["events"] = Json::array();
  for (const Communicator& c : record.communicators) json["communicators"].push_back(CommunicatorJson(c));
  for (const Event& e : record.events) json["events"].push_back(EventJson(e));
  return json;
}
FlightRecord ProcessFrom(const Json& json) {
  FlightRecord record;
  record::Process& p = record.process;
  p.rank = json.at("rank"), p.world_size = json.at("world_size"), p.pid = json.at("pid");
  p.parent_pid = json.at("parent_pid"), p.host = json.at("host"), p.command = json.at("command");
  p.start_realtime_ns = json.at("start_realtime_ns"), p.start_monotonic_ns = json.at("start_monotonic_ns");
  p.clock_uncertainty_ns = json.at("clock_uncertainty_ns"), p.heartbeat_ns = json.at("heartbeat_ns");
  p.step = json.at("step"), p.ended = json.at("ended"), p.exit_status = json.at("exit_status");
  record.quality.dropped = json.at("dropped"), record.quality.overwritten = json.at("left_out");
  for (const Json& row : json.at("communicators")) record.communicators.push_back(CommunicatorFrom(row));
  for (const Json& row : json.at("events")) record.events.push_back(EventFrom(row));
  return record;
}

}  // namespace

uint64_t OldestInFlightNs(const FlightRecord& process) {
  uint64_t oldest = 0;
  for (const Event& e : process.events) {
    if (IsInFlight(e) && (oldest == 0 || e.entered_ns < oldest)) oldest = e.entered_ns;
  }
  return oldest;
}

std::string DigestJson(const Digest& digest) {
  Json json{{"schema", kSchema},
            {"sequence", digest.sequence},
            {"node", digest.node},
            {"host", digest.host},
            {"realtime_ns", digest.realtime_ns},
            {"monotonic_ns", digest.monotonic_ns},
            {"ended", digest.ended},
            {"pace",
             {{"usual_iteration_ns", digest.pace.usual_ns},
              {"slower", digest.pace.slower},
              {"text", digest.pace.text}}},
            {"communicator_columns", kCommunicatorColumns},
            {"event_columns", kEventColumns}};
  json["processes"] = Json::array();
  for (const FlightRecord& process : digest.processes) json["processes"].push_back(ProcessJson(process));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<Digest> ParseDigest(std::string_view text, std::string_view file) {
  const std::string name(file);
  // The JSON library reports by exception; this is the edge where they end.
  try {
    const Json json = Json::parse(text);
    if (json.value("schema", "") != kSchema)
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": not a ", kSchema, " file: use the same version of rankle on all nodes"));
    Digest digest;
    digest.sequence = json.at("sequence"), digest.node = json.at("node"), digest.host = json.at("host");
    digest.realtime_ns = json.at("realtime_ns"), digest.monotonic_ns = json.at("monotonic_ns");
    digest.ended = json.at("ended");
    const Json& pace = json.at("pace");
    digest.pace = {pace.at("usual_iteration_ns"), pace.at("slower"), pace.at("text")};
    for (const Json& process : json.at("processes")) {
      digest.processes.push_back(ProcessFrom(process));
      digest.processes.back().path = name;
      digest.processes.back().observed_ns = digest.monotonic_ns;
    }
    return digest;
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": not a sound digest: ", error.what()));
  }
}

}  // namespace rankle::live

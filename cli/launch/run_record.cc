#include "cli/launch/run_record.h"

#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kSchema[] = "rankle.run/1";

Json OrNull(const std::optional<int>& value) { return value ? Json(*value) : Json(nullptr); }

std::optional<int> OptionalInt(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? std::nullopt : std::optional<int>(it->get<int>());
}

Json ProcessJson(const RunProcess& process) {
  Json json{{"pid", process.pid}, {"rank", process.rank}, {"started_ns", process.started_ns}};
  if (!process.host.empty()) json["host"] = process.host;
  if (process.end) {
    json["ended_ns"] = process.end->ended_ns;
    json["exit_code"] = OrNull(process.end->exit_code);
    json["signal"] = OrNull(process.end->signal);
    json["ended_by"] = process.ended_by_rankle ? "rankle" : "itself";
  }
  return json;
}

RunProcess ProcessFromJson(const Json& json) {
  RunProcess process{.pid = json.at("pid"),
                     .rank = json.at("rank"),
                     .host = json.value("host", ""),
                     .started_ns = json.at("started_ns"),
                     .end = {},
                     .ended_by_rankle = json.value("ended_by", "") == "rankle"};
  if (json.contains("ended_by")) {
    process.end = ProcessEnd{.ended_ns = json.at("ended_ns"),
                             .exit_code = OptionalInt(json, "exit_code"),
                             .signal = OptionalInt(json, "signal")};
  }
  return process;
}

}  // namespace

std::string RunRecordJson(const RunRecord& record) {
  Json processes = Json::array();
  for (const RunProcess& process : record.processes) processes.push_back(ProcessJson(process));
  const Json json{{"schema", kSchema},
                  {"command", record.command},
                  {"host", record.host},
                  {"n", record.n},
                  {"virtual_gpus", record.virtual_gpus},
                  {"job_id", Cat(absl::Hex(record.job_id, absl::kZeroPad16))},
                  {"seed", record.seed},
                  {"start_realtime_ns", record.start_realtime_ns},
                  {"start_monotonic_ns", record.start_monotonic_ns},
                  {"end_monotonic_ns", record.end_monotonic_ns},
                  {"processes", std::move(processes)},
                  {"stalls_ns", record.stalls_ns},
                  {"resumed_ns", record.resumed_ns},
                  {"exit_code", OrNull(record.exit_code)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<RunRecord> ParseRunRecord(std::string_view text, std::string_view name) {
  // The JSON library reports by exception; this is the edge where they end.
  try {
    const Json json = Json::parse(text);
    if (json.value("schema", "") != kSchema) {
      return absl::InvalidArgumentError(Cat(name, ": not a ", kSchema, " file"));
    }
    RunRecord record{.command = json.at("command"),
                     .host = json.at("host"),
                     .n = json.at("n"),
                     .virtual_gpus = json.at("virtual_gpus"),
                     .job_id = 0,
                     .seed = json.at("seed"),
                     .start_realtime_ns = json.at("start_realtime_ns"),
                     .start_monotonic_ns = json.at("start_monotonic_ns"),
                     .end_monotonic_ns = json.at("end_monotonic_ns"),
                     .processes = {},
                     .exit_code = OptionalInt(json, "exit_code"),
                     .stalls_ns = json.value("stalls_ns", std::vector<uint64_t>()),
                     .resumed_ns = json.value("resumed_ns", std::vector<uint64_t>())};
    if (!absl::SimpleHexAtoi(json.at("job_id").get<std::string>(), &record.job_id)) {
      return absl::InvalidArgumentError(Cat(name, ": job_id is no hex number"));
    }
    for (const Json& process : json.at("processes")) record.processes.push_back(ProcessFromJson(process));
    return record;
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(Cat(name, ": not a sound run record: ", error.what()));
  }
}

absl::Status WriteRunRecord(const RunRecord& record, const std::string& output_dir) {
  return WriteFile(Cat(output_dir, "/run.json"), RunRecordJson(record));
}

absl::StatusOr<RunRecord> ReadRunRecord(const std::string& output_dir) {
  const std::string path = Cat(output_dir, "/run.json");
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParseRunRecord(*text, path);
}

}  // namespace rankle::cli

#include "cli/trace/rows.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analyzer/import/directory.h"
#include "analyzer/import/nodes.h"
#include "cli/launch/text.h"
#include "injector/api/api.h"
#include "injector/plan/catalogue.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using record::Event;
using record::Kind;
using record::State;

constexpr const char* kKinds[] = {"none",      "operation", "call",        "mark",   "injection", "lifecycle",
                                  "exception", "memory",    "async-error", "sample", "misuse"};
constexpr const char* kStates[] = {"free", "writing", "entered",   "enqueued",
                                   "done", "failed",  "untracked", "aborted"};
constexpr const char* kLifecycle[] = {"none",  "start",        "fork-parent", "fork-child", "exit",
                                      "abort", "fatal-signal", "exec",        "terminate"};

template <size_t kSize>
std::string NameOf(const char* const (&names)[kSize], size_t value) {
  return value < kSize ? names[value] : Cat("#", value);
}

bool IsInjection(const Row& row) { return row.event->kind == Kind::kInjection; }

const record::Communicator* CommunicatorOf(const Row& row) {
  for (const record::Communicator& comm : row.record->communicators) {
    if (row.event->comm != record::kNoComm && comm.index == row.event->comm) return &comm;
  }
  return nullptr;
}

std::string CommunicatorName(const record::Communicator& comm) {
  return comm.name.empty() ? Cat(absl::Hex(comm.id, absl::kZeroPad16)) : comm.name;
}

std::string What(const Row& row) {
  const Event& event = *row.event;
  if (event.kind == Kind::kLifecycle) return NameOf(kLifecycle, event.api);
  if (event.kind == Kind::kMark) return "step";
  if (event.kind == Kind::kException) return event.text;
  if (event.kind == Kind::kInjection) {
    const plan::ActionInfo* action = plan::FindAction(static_cast<plan::Action>(event.result));
    return Cat("INJECTED ", action ? action->name : "?", event.api ? " at " : "",
               event.api ? api::ApiName(event.api) : "");
  }
  return event.api ? std::string(api::ApiName(event.api)) : NameOf(kKinds, static_cast<size_t>(event.kind));
}

Json Time(uint64_t monotonic_ns, const Row& row) {
  if (monotonic_ns == 0) return nullptr;
  const record::Process& process = row.record->process;
  return monotonic_ns - process.start_monotonic_ns + process.start_realtime_ns;
}

std::string Milliseconds(uint64_t from_ns, uint64_t to_ns) {
  return absl::StrFormat("%.3f ms", static_cast<double>(to_ns - from_ns) * 1e-6);
}

const Column kColumns[] = {
    {"rank", [](const Row& row) { return Json(row.record->process.rank); }},
    {"pid", [](const Row& row) { return Json(row.record->process.pid); }},
    {"host", [](const Row& row) { return Json(row.record->process.host); }},
    {"kind", [](const Row& row) { return Json(NameOf(kKinds, static_cast<size_t>(row.event->kind))); }},
    {"state", [](const Row& row) { return Json(NameOf(kStates, static_cast<size_t>(row.event->state))); }},
    {"what", [](const Row& row) { return Json(What(row)); }},
    {"communicator",
     [](const Row& row) {
       const record::Communicator* comm = CommunicatorOf(row);
       return comm ? Json(CommunicatorName(*comm)) : Json();
     }},
    {"seq", [](const Row& row) { return row.event->seq ? Json(row.event->seq) : Json(); }},
    {"count", [](const Row& row) { return IsInjection(row) ? Json() : Json(row.event->count); }},
    {"dtype",
     [](const Row& row) {
       return row.event->dtype == 0xff ? Json() : Json(std::string(api::DataTypeName(row.event->dtype)));
     }},
    {"redop",
     [](const Row& row) {
       return row.event->redop == 0xff ? Json() : Json(std::string(api::RedOpName(row.event->redop)));
     }},
    {"peer",
     [](const Row& row) {
       return IsInjection(row) || row.event->peer == record::kNoPeer ? Json() : Json(row.event->peer);
     }},
    // Of an injection: which fault of the plan (from 0), and at which of the calls that it matches (from 1).
    {"fault", [](const Row& row) { return IsInjection(row) ? Json(row.event->peer) : Json(); }},
    {"call", [](const Row& row) { return IsInjection(row) ? Json(row.event->count) : Json(); }},
    {"stream", [](const Row& row) { return Json(row.event->stream); }},
    {"group", [](const Row& row) { return row.event->group ? Json(row.event->group) : Json(); }},
    {"thread", [](const Row& row) { return Json(row.event->thread); }},
    {"result", [](const Row& row) { return Json(row.event->result); }},
    {"entered_ns", [](const Row& row) { return Time(row.event->entered_ns, row); }},
    {"returned_ns", [](const Row& row) { return Time(row.event->returned_ns, row); }},
    {"started_ns", [](const Row& row) { return Time(row.event->started_ns, row); }},
    {"finished_ns", [](const Row& row) { return Time(row.event->finished_ns, row); }},
};

std::string CsvField(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return value.dump();
  std::string field = "\"";
  for (const char c : value.get<std::string>()) field += c == '"' ? "\"\"" : std::string(1, c);
  return field + '"';
}

void Read(const std::string& path, Trace& trace) {
  absl::StatusOr<record::FlightRecord> record = record::ReadFlightRecord(path);
  if (record.ok()) {
    trace.records.push_back(*std::move(record));
  } else {
    trace.problems.emplace_back(record.status().message());
  }
}

}  // namespace

absl::StatusOr<Trace> ReadTrace(const std::string& path) {
  Trace trace;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    std::vector<std::string> files;
    for (const std::string& directory : import::WithNodeDirectories({path})) {
      for (const fs::path& entry : import::EntriesOf(directory)) {
        if (entry.extension() == ".rkl") files.push_back(entry.string());
      }
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) Read(file, trace);
    if (files.empty())
      return absl::NotFoundError(Cat(path, ": no flight records (*.rkl) here; give a run's directory"));
  } else {
    Read(path, trace);
  }
  if (trace.records.empty()) return absl::InvalidArgumentError(absl::StrJoin(trace.problems, "; "));
  return trace;
}

uint64_t RealtimeOf(const Row& row) {
  const record::Process& process = row.record->process;
  return row.event->entered_ns - process.start_monotonic_ns + process.start_realtime_ns;
}

std::vector<Row> Rows(const Trace& trace, bool with_injections) {
  std::vector<Row> rows;
  for (const record::FlightRecord& record : trace.records) {
    for (const Event& event : record.events) {
      if (event.kind != Kind::kInjection || with_injections)
        rows.push_back({.record = &record, .event = &event});
    }
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return RealtimeOf(a) < RealtimeOf(b); });
  return rows;
}

std::span<const Column> Columns() { return kColumns; }

std::string RowText(const Row& row, uint64_t first_ns) {
  const Event& event = *row.event;
  std::string text =
      absl::StrFormat("%12.6f rank %-4d %s", static_cast<double>(RealtimeOf(row) - first_ns) * 1e-9,
                      row.record->process.rank, What(row));
  if (event.seq) text += Cat(" #", event.seq);
  if (const record::Communicator* comm = CommunicatorOf(row)) text += Cat(" on ", CommunicatorName(*comm));
  if (event.count) {
    text += Cat(" ", event.kind == Kind::kMark ? "" : IsInjection(row) ? "call=" : "count=", event.count);
  }
  if (event.dtype != 0xff) text += Cat(" ", api::DataTypeName(event.dtype));
  if (event.redop != 0xff) text += Cat(" ", api::RedOpName(event.redop));
  if (event.peer != record::kNoPeer) text += Cat(IsInjection(row) ? " fault=" : " peer=", event.peer);
  if (!IsInjection(row) && event.result != 0) text += Cat(" result=", static_cast<int>(event.result));
  text += Cat(" ", NameOf(kStates, static_cast<size_t>(event.state)));
  if (event.returned_ns > event.entered_ns)
    text += Cat(", host ", Milliseconds(event.entered_ns, event.returned_ns));
  if (event.started_ns && event.finished_ns > event.started_ns) {
    text += Cat(", device ", Milliseconds(event.started_ns, event.finished_ns));
  }
  return text + "\n";
}

std::string RowJson(const Row& row) {
  Json json;
  for (const Column& column : kColumns) {
    if (Json value = column.value(row); !value.is_null()) json[column.name] = std::move(value);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string RowCsv(const Row& row) {
  std::string line;
  for (const Column& column : kColumns) line += Cat(line.empty() ? "" : ",", CsvField(column.value(row)));
  return line + "\n";
}

std::string CsvHeader() {
  std::string line;
  for (const Column& column : kColumns) line += Cat(line.empty() ? "" : ",", column.name);
  return line + "\n";
}

}  // namespace rankle::cli

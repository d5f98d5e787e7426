#include "analyzer/testing/nsys_database.h"

#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace rankle::testing {
namespace {

// Numbers of schemas as NCCL registers them.
constexpr int kDomain = 1, kCreation = 1001, kCollective = 1002, kExchange = 1003;

uint64_t Process(const NsysProcess& p) { return uint64_t{1} << 48 | static_cast<uint64_t>(p.pid) << 24; }
uint64_t Thread(const NsysProcess& p) { return Process(p) | static_cast<uint64_t>(p.pid); }

std::string Little(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}
std::string Header(uint64_t schema, const std::string& payload) {
  return Little(kDomain, 8) + Little(schema, 8) + Little(payload.size(), 8) + Little(32, 8) + payload;
}

}  // namespace

NsysDatabase::NsysDatabase(const std::string& path, const Form& form) : form_(form) {
  std::filesystem::remove(path);
  sqlite3* database = nullptr;
  if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) std::abort();
  database_ = database;
  Execute("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; BEGIN");
  Execute("CREATE TABLE StringIds (id INTEGER NOT NULL PRIMARY KEY, value TEXT NOT NULL)");
  Execute(
      "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER NOT NULL, end INTEGER NOT NULL, deviceId "
      "INTEGER NOT "
      "NULL, contextId INTEGER, streamId INTEGER NOT NULL, correlationId INTEGER, globalPid INTEGER, "
      "demangledName "
      "INTEGER NOT NULL, shortName INTEGER NOT NULL, gridX INTEGER)");
  if (form.launches)
    Execute(
        "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER NOT NULL, end INTEGER NOT NULL, eventClass "
        "INTEGER, "
        "globalTid INTEGER, correlationId INTEGER, nameId INTEGER NOT NULL, returnValue INTEGER)");
  if (form.ranges)
    Execute(
        "CREATE TABLE NVTX_EVENTS (start INTEGER NOT NULL, end INTEGER, eventType INTEGER NOT NULL, rangeId "
        "INTEGER, "
        "category INTEGER, color INTEGER, text TEXT, globalTid INTEGER, endGlobalTid INTEGER, textId "
        "INTEGER, "
        "domainId INTEGER, uint64Value INTEGER, jsonTextId INTEGER, jsonText TEXT, binaryData TEXT)");
  if (form.session_ns != 0) {
    Execute("CREATE TABLE TARGET_INFO_SESSION_START_TIME (utcEpochNs INTEGER, utcTime TEXT, localTime TEXT)");
    Execute(
        absl::StrCat("INSERT INTO TARGET_INFO_SESSION_START_TIME VALUES (", form.session_ns, ", '', '')"));
  }
  Execute(
      "CREATE TABLE TARGET_INFO_SYSTEM_ENV (globalVid INTEGER, devStateName TEXT, name TEXT, nameEnum "
      "INTEGER, "
      "value TEXT)");
  Execute(
      absl::StrCat("INSERT INTO TARGET_INFO_SYSTEM_ENV VALUES (1, '', 'Hostname', 0, '", form.host, "')"));
  if (!form.capture.empty()) {
    Execute("CREATE TABLE META_DATA_CAPTURE (name TEXT NOT NULL, value TEXT)");
    Execute(absl::StrCat("INSERT INTO META_DATA_CAPTURE VALUES ('COMMAND', '", form.capture, "')"));
  }
  if (form.payloads && form.ranges) {
    Execute(
        "CREATE TABLE NVTX_PAYLOAD_SCHEMA_ENTRIES (domainId INTEGER NOT NULL, schemaId INTEGER NOT NULL, idx "
        "INTEGER "
        "NOT NULL, flags INTEGER, type INTEGER, name TEXT, description TEXT, arrayOrUnionDetail INTEGER, "
        "offset "
        "INTEGER)");
    const struct {
      int schema, index, type;
      const char* name;
      const char* offset;
    } entries[] = {{kCreation, 0, 18, "NCCL communicator ID", "NULL"},
                   {kCreation, 1, 5, "No. of ranks", "8"},
                   {kCreation, 2, 5, "Rank", "12"},
                   {kCreation, 3, 5, "CUDA device", "16"},
                   {kCollective, 0, 18, "NCCL communicator ID", "NULL"},
                   {kCollective, 1, 22, "Message size [bytes]", "8"},
                   {kCollective, 2, 9001, "Reduction operation", "16"},
                   {kExchange, 0, 18, "NCCL communicator ID", "NULL"},
                   {kExchange, 1, 22, "Message size [bytes]", "8"},
                   {kExchange, 2, 5, "Peer rank", "16"}};
    for (int process = 0; process < 2; ++process) {  // each process registers them
      for (const auto& e : entries) {
        if (!form.communicators && e.index == 0) continue;
        Execute(absl::StrCat("INSERT INTO NVTX_PAYLOAD_SCHEMA_ENTRIES VALUES (", kDomain, ", ", e.schema,
                             ", ", e.index, ", NULL, ", e.type, ", '", e.name, "', NULL, NULL, ", e.offset,
                             ")"));
      }
    }
  }
}

NsysDatabase::~NsysDatabase() {
  Execute("COMMIT");
  sqlite3_close(static_cast<sqlite3*>(database_));
}

void NsysDatabase::Execute(const std::string& sql) {
  char* error = nullptr;
  if (sqlite3_exec(static_cast<sqlite3*>(database_), sql.c_str(), nullptr, nullptr, &error) == SQLITE_OK)
    return;
  std::fprintf(stderr, "%s: %s\n", sql.c_str(), error);
  std::abort();
}

int64_t NsysDatabase::String(const std::string& text) {
  Execute(absl::StrCat("INSERT INTO StringIds VALUES (", ++strings_, ", '", text, "')"));
  return strings_;
}

void NsysDatabase::Range(const NsysProcess& process, const std::string& name, int64_t start, int64_t end,
                         const std::string& payload) {
  if (!form_.ranges) return;
  const bool has_payload = form_.payloads && !payload.empty();
  Execute(absl::StrCat(
      "INSERT INTO NVTX_EVENTS (start, end, eventType, text, textId, globalTid, domainId, binaryData) "
      "VALUES (",
      start * 1000, ", ", end * 1000, ", 59, ",
      form_.inline_text ? absl::StrCat("'", name, "', NULL") : absl::StrCat("NULL, ", String(name)), ", ",
      static_cast<int64_t>(Thread(process)), ", ", kDomain, ", ",
      has_payload ? absl::StrCat("x'", absl::BytesToHexString(payload), "'") : "NULL", ")"));
}

void NsysDatabase::Kernel(const NsysProcess& process, const NsysCall& call, int64_t launched) {
  if (call.kernel.empty()) return;
  const int64_t correlation = ++correlations_, name = String(call.kernel);
  Execute(absl::StrCat("INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (", call.started * 1000, ", ",
                       call.finished * 1000, ", ", process.device, ", 1, 7, ", correlation, ", ",
                       static_cast<int64_t>(Process(process)), ", ", name, ", ", name, ", 1)"));
  if (form_.launches)
    Execute(absl::StrCat("INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (", launched * 1000, ", ",
                         launched * 1000 + 500, ", 0, ", static_cast<int64_t>(Thread(process)), ", ",
                         correlation, ", 0, 0)"));
}

std::string NsysDatabase::Payload(const NsysCall& call) const {
  const bool exchange = call.peer >= 0;
  return Header(exchange ? kExchange : kCollective,
                Little(call.communicator, 8) + Little(static_cast<uint64_t>(call.bytes), 8) +
                    Little(static_cast<uint64_t>(exchange ? call.peer : 0), 4) + Little(0, 4));
}

void NsysDatabase::Created(const NsysProcess& process, uint64_t communicator, int ranks, int rank) {
  Range(process, "ncclCommInitRankConfig", 1, 9,
        Header(kCreation, Little(communicator, 8) + Little(static_cast<uint64_t>(ranks), 4) +
                              Little(static_cast<uint64_t>(rank), 4) + Little(process.device, 4) +
                              Little(0, 4)));
}

void NsysDatabase::Call(const NsysProcess& process, const NsysCall& call) {
  if (call.grouped) return Group(process, {call}, {call});
  Range(process, call.name, call.called, call.called + 4, Payload(call));
  Kernel(process, call, call.called + 2);
}

void NsysDatabase::Group(const NsysProcess& process, const std::vector<NsysCall>& calls,
                         const std::vector<NsysCall>& kernels) {
  int64_t last = 0;
  for (const NsysCall& call : calls) {
    Range(process, call.name, call.called, call.called + 1, Payload(call));
    last = std::max(last, call.called + 2);
  }
  Range(process, "ncclGroupEnd", last, last + 4, "");
  for (const NsysCall& kernel : kernels) Kernel(process, kernel, last + 2);
}

}  // namespace rankle::testing

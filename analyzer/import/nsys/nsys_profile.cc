#include "analyzer/import/nsys/nsys_profile.h"

#include <algorithm>
#include <cctype>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/nsys/database.h"

namespace rankle::import {
namespace {

constexpr const char* kKernels = "CUPTI_ACTIVITY_KIND_KERNEL";
constexpr const char* kRuntime = "CUPTI_ACTIVITY_KIND_RUNTIME";
constexpr const char* kRanges = "NVTX_EVENTS";
constexpr const char* kStrings = "StringIds";
// eventType of NVTX_EVENTS (ENUM_NSYS_EVENT_TYPE).
enum NvtxEvent : int64_t { kPushPop = 59, kStartEnd = 60 };

// Nanoseconds of a hundred years: what is later is damage, and the sum of two is no overflow.
constexpr int64_t kLatestNs = 3'200'000'000'000'000'000;
bool IsTime(int64_t ns) { return ns >= 0 && ns <= kLatestNs; }

// "ncclAllReduce", not PyTorch's "nccl:all_reduce", which is about the same call.
bool IsNcclCall(std::string_view name) {
  return name.size() > 4 && name.substr(0, 4) == "nccl" &&
         std::isupper(static_cast<unsigned char>(name[4])) != 0;
}
// "ncclDevKernel_...", "ncclKernel_..."; before 2.14 "ncclAllReduceRingLLKernel_sum_f32".
bool IsNcclKernel(std::string_view name) {
  return name.substr(0, 4) == "nccl" && name.find("Kernel") != std::string_view::npos;
}

// The 3 of "LOCAL_RANK=1 RANK=3 python ..."; -1 = none.
int32_t RankInEnvironment(std::string_view text) {
  constexpr std::string_view kKey = "RANK=";
  for (size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at + 1)) {
    if (at > 0 && (text[at - 1] == '_' || std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0))
      continue;
    const std::string_view number = text.substr(at + kKey.size());
    size_t digits = 0;
    while (digits < number.size() && std::isdigit(static_cast<unsigned char>(number[digits])) != 0) ++digits;
    int32_t rank = -1;
    if (absl::SimpleAtoi(absl::string_view(number.data(), digits), &rank)) return rank;
  }
  return -1;
}

class ProfileReader {
 public:
  ProfileReader(const ForeignDatabase& database, NsysProfile& profile)
      : database_(database), profile_(profile) {}

  absl::Status Read() {
    // Those without which nothing can be told must be whole; the rest is read as far as it goes.
    for (const auto& [table, read] :
         {std::pair(kStrings, &ProfileReader::ReadStrings), std::pair(kKernels, &ProfileReader::ReadKernels),
          std::pair(kRuntime, &ProfileReader::ReadLaunches),
          std::pair("NVTX_PAYLOAD_SCHEMA_ENTRIES", &ProfileReader::ReadSchemas),
          std::pair(kRanges, &ProfileReader::ReadRanges),
          std::pair("TARGET_INFO_SESSION_START_TIME", &ProfileReader::ReadSession),
          std::pair("TARGET_INFO_SYSTEM_ENV", &ProfileReader::ReadHost),
          std::pair("MPI_RANKS", &ProfileReader::ReadMpiRanks),
          std::pair("META_DATA_CAPTURE", &ProfileReader::ReadCapture)}) {
      if (!database_.HasTable(table)) continue;
      if (absl::Status status = (this->*read)(); !status.ok()) return status;
    }
    std::sort(profile_.kernels.begin(), profile_.kernels.end(), [](const NsysKernel& a, const NsysKernel& b) {
      return std::tie(a.process, a.device, a.start_ns) < std::tie(b.process, b.device, b.start_ns);
    });
    std::stable_sort(profile_.ranges.begin(), profile_.ranges.end(),
                     [](const NsysRange& a, const NsysRange& b) {
                       return std::tie(a.thread, a.start_ns) < std::tie(b.thread, b.start_ns);
                     });
    return absl::OkStatus();
  }

 private:
  // Only names of NCCL: a profile has millions of strings.
  absl::Status ReadStrings() {
    return database_.Read(
        kStrings, {"id", "value"},
        [&](const DatabaseRow& row) { strings_.try_emplace(row.Integer(0), std::string(row.Bytes(1))); },
        "value GLOB 'nccl*'");
  }
  std::string_view String(int64_t id) const {
    const auto it = strings_.find(id);
    return it == strings_.end() ? std::string_view() : std::string_view(it->second);
  }

  absl::Status ReadKernels() {
    return database_.Read(
        kKernels,
        {"start", "end", "deviceId", "streamId", "correlationId", "globalPid", "shortName", "demangledName"},
        [&](const DatabaseRow& row) {
          std::string_view name = String(row.Integer(6, -1));
          if (name.empty()) name = String(row.Integer(7, -1));
          if (!IsNcclKernel(name)) return;
          NsysKernel kernel;
          kernel.start_ns = row.Integer(0), kernel.end_ns = row.Integer(1, -1);
          if (row.IsNull(0) || !IsTime(kernel.start_ns) || !IsTime(kernel.end_ns) ||
              kernel.end_ns < kernel.start_ns) {
            ++profile_.malformed;
            return;
          }
          kernel.device = static_cast<uint32_t>(row.Integer(2)),
          kernel.stream = static_cast<uint32_t>(row.Integer(3));
          kernel.process = static_cast<uint64_t>(row.Integer(5));
          kernel.name = name;
          if (!row.IsNull(4)) launched_[{kernel.process, row.Integer(4)}].push_back(profile_.kernels.size());
          profile_.kernels.push_back(std::move(kernel));
        });
  }

  // Correlations count per process. Where kernels do not tell theirs, all calls of the file are meant.
  absl::Status ReadLaunches() {
    return database_.Read(kRuntime, {"start", "globalTid", "correlationId"}, [&](const DatabaseRow& row) {
      const auto thread = static_cast<uint64_t>(row.Integer(1));
      auto it = launched_.find({ProcessOfThread(thread), row.Integer(2)});
      if (it == launched_.end()) it = launched_.find({0, row.Integer(2)});
      if (it == launched_.end() || row.IsNull(0) || !IsTime(row.Integer(0))) return;
      for (const size_t k : it->second) {
        profile_.kernels[k].launch_thread = thread, profile_.kernels[k].launch_ns = row.Integer(0);
        if (profile_.kernels[k].process == 0) profile_.kernels[k].process = ProcessOfThread(thread);
      }
    });
  }

  absl::Status ReadSchemas() {
    return database_.Read(
        "NVTX_PAYLOAD_SCHEMA_ENTRIES", {"domainId", "schemaId", "idx", "type", "name", "offset"},
        [&](const DatabaseRow& row) {
          schemas_.Add(static_cast<uint64_t>(row.Integer(0)), static_cast<uint64_t>(row.Integer(1)),
                       row.Integer(2), row.Integer(3), row.Bytes(4), row.Integer(5, -1));
        });
  }

  absl::Status ReadRanges() {
    return database_.Read(kRanges, {"start", "end", "eventType", "text", "textId", "globalTid", "binaryData"},
                          [&](const DatabaseRow& row) {
                            std::string_view name = row.Bytes(3);
                            if (name.empty()) name = String(row.Integer(4, -1));
                            const int64_t type = row.Integer(2, kPushPop);
                            const auto thread = static_cast<uint64_t>(row.Integer(5));
                            if ((type != kPushPop && type != kStartEnd) || !IsNcclCall(name)) return;
                            if (row.IsNull(0) || !IsTime(row.Integer(0)) || !IsTime(row.Integer(1, -1)) ||
                                row.Integer(1) < row.Integer(0))
                              return;  // without an end: it was open when the profile ended
                            profile_.ranges.push_back({thread, row.Integer(0), row.Integer(1),
                                                       std::string(name), schemas_.Decode(row.Bytes(6))});
                          });
  }

  absl::Status ReadSession() {
    return database_.Read("TARGET_INFO_SESSION_START_TIME", {"utcEpochNs"}, [&](const DatabaseRow& row) {
      profile_.session_ns = IsTime(row.Integer(0)) ? row.Integer(0) : 0;
    });
  }

  absl::Status ReadHost() {
    return database_.Read("TARGET_INFO_SYSTEM_ENV", {"name", "value"}, [&](const DatabaseRow& row) {
      if (row.Bytes(0) == "Hostname") profile_.host = row.Bytes(1).substr(0, 256);
    });
  }

  absl::Status ReadMpiRanks() {
    return database_.Read("MPI_RANKS", {"globalPid", "rank"}, [&](const DatabaseRow& row) {
      if (const int64_t rank = row.Integer(1, -1); rank >= 0 && rank <= INT32_MAX)
        profile_.mpi_ranks[static_cast<uint64_t>(row.Integer(0))] = static_cast<int32_t>(rank);
    });
  }

  // The command, and the environment where it was captured. Which rows there are depends on the version, so
  // all are looked at.
  absl::Status ReadCapture() {
    return database_.Read("META_DATA_CAPTURE", {"name", "value"}, [&](const DatabaseRow& row) {
      const std::string_view name = row.Bytes(0), value = row.Bytes(1);
      const int32_t rank =
          RankInEnvironment(absl::StrCat(std::string(name), name == "RANK" ? "=" : " ", std::string(value)));
      if (rank >= 0) profile_.named_rank = rank;
    });
  }

  const ForeignDatabase& database_;
  NsysProfile& profile_;
  absl::flat_hash_map<int64_t, std::string> strings_;
  absl::flat_hash_map<std::pair<uint64_t, int64_t>, std::vector<size_t>>
      launched_;  // by process and correlation
  PayloadSchemas schemas_;
};

}  // namespace

bool IsNsysExport(const std::string& path, std::string_view first_bytes) {
  const auto database = ForeignDatabase::Open(path);
  if (database.ok())
    return database->HasTable(kStrings) &&
           (database->HasTable(kKernels) || database->HasTable(kRanges) || database->HasTable(kRuntime));
  // Damaged: its first page has mostly the statements that made the tables.
  return first_bytes.find(kStrings) != std::string_view::npos &&
         (first_bytes.find(kKernels) != std::string_view::npos ||
          first_bytes.find(kRanges) != std::string_view::npos ||
          first_bytes.find(kRuntime) != std::string_view::npos);
}

absl::StatusOr<NsysProfile> ReadNsysProfile(const std::string& path) {
  auto database = ForeignDatabase::Open(path);
  if (!database.ok()) return database.status();
  NsysProfile profile;
  profile.file = path;
  if (absl::Status status = ProfileReader(*database, profile).Read(); !status.ok()) return status;
  return profile;
}

}  // namespace rankle::import

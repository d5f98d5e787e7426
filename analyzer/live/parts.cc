#include "analyzer/live/parts.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "analyzer/import/directory.h"
#include "analyzer/import/flight_record/job_assembler.h"
#include "analyzer/import/nodes.h"

namespace rankle::live {
namespace {

namespace fs = std::filesystem;

// A digest of a thousand processes has 10 MB; what is larger is none.
constexpr uintmax_t kLargestFile = 256u << 20;

std::optional<std::string> ReadText(const std::string& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file || size > kLargestFile) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

double WrittenAt(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return 0;
  return static_cast<double>(info.st_mtim.tv_sec) + 1e-9 * static_cast<double>(info.st_mtim.tv_nsec);
}

Part ReadPart(const std::string& directory, std::vector<std::string>& problems) {
  Part part;
  part.directory = directory;
  if (import::IsNodeDirectory(directory))
    part.node = fs::path(directory).filename().string().substr(import::kNodePrefix.size());
  if (const auto text = ReadText(absl::StrCat(directory, "/run.json"))) {
    auto run = import::ParseRunJson(*text, absl::StrCat(directory, "/run.json"));
    if (run.ok()) {
      part.run = *std::move(run);
    } else {
      problems.emplace_back(run.status().message());
    }
  }
  const std::string path = absl::StrCat(directory, "/", kDigestFile);
  part.written_s = WrittenAt(path);
  if (const auto text = ReadText(path)) {
    auto digest = ParseDigest(*text, path);
    part.has_digest = digest.ok();
    if (digest.ok()) {
      part.digest = *std::move(digest);
    } else {
      problems.emplace_back(digest.status().message());
    }
  }
  if (!part.has_digest) part.digest.processes = ReadNewest(directory, kDigestRecords);
  return part;
}

}  // namespace

std::vector<record::FlightRecord> ReadNewest(const std::string& directory, uint64_t records) {
  std::vector<record::FlightRecord> found;
  for (const fs::path& entry : import::EntriesOf(directory)) {
    if (entry.extension() != ".rkl") continue;
    record::FlightRecord record;
    if (!ReadFlightRecord(entry, {.sites = false, .newest = records}, record).ok()) continue;
    // Ground truth of injected faults is for scoring alone: it does not even leave the node.
    std::erase_if(record.events, [](const record::Event& e) { return e.kind == record::Kind::kInjection; });
    found.push_back(std::move(record));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const record::FlightRecord& a, const record::FlightRecord& b) {
                     return std::pair(a.process.rank, a.process.start_monotonic_ns) <
                            std::pair(b.process.rank, b.process.start_monotonic_ns);
                   });
  return found;
}

std::vector<Part> ReadParts(const std::string& directory, std::vector<std::string>& problems) {
  std::vector<Part> parts;
  for (const std::string& place : import::WithNodeDirectories({directory})) {
    Part part = ReadPart(place, problems);
    if (part.has_digest || part.run || !part.digest.processes.empty()) parts.push_back(std::move(part));
  }
  MarkStale(parts);
  return parts;
}

void MarkStale(std::vector<Part>& parts) {
  double newest = 0;
  for (const Part& part : parts) newest = std::max(newest, part.written_s);
  for (Part& part : parts) {
    part.stale =
        part.has_digest && !part.digest.ended && !part.HasEnded() && newest - part.written_s >= kStaleAfterS;
  }
}

absl::StatusOr<store::Store> BuildStore(const std::vector<Part>& parts) {
  import::JobAssembler job;
  std::vector<const record::FlightRecord*> records;
  std::vector<record::FlightRecord> stale;
  for (const Part& part : parts) {
    if (part.stale || part.HasEnded()) {
      stale.insert(stale.end(), part.digest.processes.begin(), part.digest.processes.end());
    } else {
      for (const record::FlightRecord& record : part.digest.processes) records.push_back(&record);
    }
  }
  for (record::FlightRecord& record : stale) {
    record.observed_ns = 0;  // who does not look any more does not hold up the view of the others
    records.push_back(&record);
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const auto* a, const auto* b) { return a->process.rank < b->process.rank; });
  for (const record::FlightRecord* record : records) job.Add(*record);
  for (const Part& part : parts) {
    if (part.run && !part.stale) job.AddRun(*part.run);  // nobody waits for its processes any more
  }
  if (records.empty())
    return absl::NotFoundError("no process has left a record yet: wait, or see `rankle doctor`");
  store::Store store;
  job.Finish(store);
  return store;
}

}  // namespace rankle::live

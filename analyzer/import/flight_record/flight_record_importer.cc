#include "analyzer/import/flight_record/flight_record_importer.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/flight_record/job_assembler.h"
#include "analyzer/import/in_order.h"
#include "analyzer/import/kernel_samples/kernel_samples.h"
#include "analyzer/import/live_events.h"
#include "analyzer/import/nodes.h"
#include "analyzer/import/transport/transfer_assembler.h"
#include "tracer/cupti/reader.h"
#include "tracer/record/reader.h"
#include "tracer/transport/reader.h"

namespace rankle::import {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool IsTransportRecord(const std::string& path) { return absl::EndsWith(path, ".rkt"); }

bool IsKernelRecord(const std::string& path) { return absl::EndsWith(path, ".rkd"); }

bool IsKernelSamples(const std::string& path) { return absl::EndsWith(path, "/kernel.json"); }

bool IsRunJson(const std::string& path) { return absl::EndsWith(path, ".json"); }

bool IsLiveEvents(const std::string& path) { return absl::EndsWith(path, ".jsonl"); }

// Each node of a job has a run of its own, with a job id of its own: what lies in the node directories of one
// place belongs together. A node that ended this long before the newest began is left over from an earlier
// job: nodes of one job start within seconds, and so far may their clocks differ.
constexpr uint64_t kLeftoverNs = 10'000'000'000;

class NodeJobs {
 public:
  void Add(const std::string& run_json, const RunInfo& run) {
    const std::filesystem::path directory = std::filesystem::path(run_json).parent_path();
    if (!IsNodeDirectory(directory)) return;
    Span& span = spans_[directory.string()];
    span.begin = run.start_realtime_ns;
    if (run.end_monotonic_ns != 0) span.end = span.begin + (run.end_monotonic_ns - run.start_monotonic_ns);
    uint64_t& newest = newest_[directory.parent_path().string()];
    newest = std::max(newest, span.begin);
  }
  // The job that a file belongs to.
  uint64_t JobOf(const std::string& file, uint64_t recorded_id) const {
    const std::filesystem::path directory = std::filesystem::path(file).parent_path();
    const auto newest = newest_.find(directory.parent_path().string());
    if (newest == newest_.end() || !IsNodeDirectory(directory)) return recorded_id;
    const auto span = spans_.find(directory.string());
    if (span != spans_.end() && span->second.end + kLeftoverNs < newest->second) return recorded_id;
    return std::hash<std::string>()(newest->first);
  }

 private:
  struct Span {
    uint64_t begin = 0, end = UINT64_MAX - kLeftoverNs;
  };
  std::map<std::string, Span> spans_;       // by node directory
  std::map<std::string, uint64_t> newest_;  // by the directory around it
};

// All jobs found; most directories hold one.
struct Jobs {
  struct Run {
    RunInfo info;
    uint64_t job_id = 0;
  };
  std::map<uint64_t, JobAssembler> by_id;
  std::vector<std::pair<std::string, RunInfo>> found;  // path of run.json
  std::vector<Run> runs;
  NodeJobs nodes;
  std::vector<LiveEvent> live_events;
  std::vector<transport::TransportRecord> transports;
  std::vector<cupti::KernelRecord> kernels;
  std::vector<std::string> notes;
  uint64_t malformed = 0;

  void ReadRun(const std::string& path) {
    auto run = ParseRunJson(ReadText(path), path);
    if (!run.ok()) return Reject(run.status());
    nodes.Add(path, *run);
    found.emplace_back(path, *std::move(run));
  }
  void AssignRuns() {
    for (auto& [path, run] : found) {
      const uint64_t id = nodes.JobOf(path, run.job_id);
      runs.push_back({std::move(run), id});
    }
  }
  void ReadLiveEvents(const std::string& path) {
    uint64_t unreadable = 0;
    const std::vector<LiveEvent> events = ParseLiveEvents(ReadText(path), unreadable);
    // They tell the story, no diagnosis rests on them: said, and no reason for less confidence.
    if (unreadable > 0) notes.push_back(absl::StrCat(path, ": ", unreadable, " lines cannot be read"));
    live_events.insert(live_events.end(), events.begin(), events.end());
  }
  void ReadTransport(const std::string& path) {
    auto transport = transport::ReadTransportRecord(path);
    transport.ok() ? transports.push_back(*std::move(transport)) : Reject(transport.status());
  }
  void ReadKernels(const std::string& path) {
    auto record = cupti::ReadKernelRecord(path);
    record.ok() ? kernels.push_back(*std::move(record)) : Reject(record.status());
  }
  // Ranks are added in their order, so that the columns need no sorting, and columns get their size at once.
  void ReadRecords(const std::vector<std::string>& paths) {
    struct File {
      const std::string* path = nullptr;
      record::Outline outline;
    };
    std::vector<File> files;
    std::map<uint64_t, uint64_t> records;
    for (const std::string& path : paths) {
      auto outline = record::ReadOutline(path);
      if (!outline.ok()) {
        Reject(outline.status());
        continue;
      }
      outline->job_id = nodes.JobOf(path, outline->job_id);
      files.push_back({&path, *outline});
      records[outline->job_id] += outline->records;
    }
    for (const auto& [job_id, count] : records) by_id[job_id].Reserve(count);
    std::stable_sort(files.begin(), files.end(),
                     [](const File& a, const File& b) { return a.outline.rank < b.outline.rank; });
    struct Parsed {
      absl::Status status;
      record::FlightRecord record;
    };
    InOrder<Parsed>(
        files.size(), std::thread::hardware_concurrency(),
        [&](size_t i, Parsed& p) {
          p.status = record::ReadFlightRecord(*files[i].path, {.sites = false}, p.record);
        },
        [&](size_t i, Parsed& p) {
          p.status.ok() ? by_id[files[i].outline.job_id].Add(p.record) : Reject(p.status);
        });
    // A file that became unreadable in between may have been all of its job.
    std::erase_if(by_id, [](const auto& job) { return job.second.processes() == 0; });
  }
  void Reject(const absl::Status& status) {
    ++malformed;
    notes.emplace_back(status.message());
  }
  // The job with the most processes, the newest of equals.
  JobAssembler& Choose() {
    auto best = by_id.begin();
    for (auto it = by_id.begin(); it != by_id.end(); ++it) {
      const auto weight = [](const JobAssembler& job) {
        return std::pair(job.processes(), job.newest_start());
      };
      if (weight(it->second) > weight(best->second)) best = it;
    }
    if (by_id.size() > 1) {
      notes.push_back(absl::StrCat(by_id.size(), " jobs lie here; the largest (job id ",
                                   absl::Hex(best->first), ", ", best->second.processes(),
                                   " processes) was analyzed, the others left out"));
    }
    for (Run& run : runs) {
      if (run.job_id == best->first || by_id.size() == 1) best->second.AddRun(std::move(run.info));
    }
    for (cupti::KernelRecord& record : kernels) {
      if (record.job_id == best->first) best->second.AddKernels(std::move(record));
    }
    best->second.AddLiveEvents(std::move(live_events));
    return best->second;
  }
};

}  // namespace

bool FlightRecordImporter::Recognises(const std::string& path, const std::string& first_bytes) const {
  // A run.json that is damaged is still one: it must be reported, not overlooked.
  if (IsKernelSamples(path)) return LooksLikeKernelSamples(first_bytes);
  if (IsRunJson(path)) return LooksLikeRunJson(first_bytes) || absl::EndsWith(path, "/run.json");
  if (IsKernelRecord(path)) return cupti::LooksLikeKernelRecord(first_bytes);
  if (IsLiveEvents(path)) return LooksLikeLiveEvents(first_bytes);
  if (IsTransportRecord(path)) return transport::LooksLikeTransportRecord(first_bytes);
  return record::LooksLikeFlightRecord(first_bytes) || absl::EndsWith(path, ".rkl");
}

// What `rankle run` needs for itself or tells its like on other nodes, and diagnosis must never read. Site
// records
// (.rks) hold what was injected, and are for `rankle trace sites` and campaigns. kernel.jsonl (docs/ebpf.md)
// is for people: its sums are in kernel.json.
bool FlightRecordImporter::IsCompanion(const std::string& path) const {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name == "plan.armed" || name == "plan.txt" || name == "control" || name == "digest.json" ||
         name == "kernel.jsonl" || absl::EndsWith(name, ".rks");
}

absl::Status FlightRecordImporter::Import(const std::vector<std::string>& files, store::Store& store) const {
  Jobs jobs;
  std::vector<std::string> records, samples;
  for (const std::string& path : files) {
    if (IsKernelSamples(path)) {
      samples.push_back(path);
    } else if (IsRunJson(path)) {
      jobs.ReadRun(path);
    } else if (IsLiveEvents(path)) {
      jobs.ReadLiveEvents(path);
    } else if (IsTransportRecord(path)) {
      jobs.ReadTransport(path);
    } else if (IsKernelRecord(path)) {
      jobs.ReadKernels(path);
    } else {
      records.push_back(path);
    }
  }
  jobs.AssignRuns();
  jobs.ReadRecords(records);
  if (jobs.by_id.empty() && !jobs.runs.empty() && !jobs.runs.front().info.processes.empty()) {
    jobs.by_id[jobs.runs.front().job_id];  // how the processes ended is better than nothing
    jobs.notes.push_back("no process left a usable flight record; only run.json was used");
  }
  if (jobs.by_id.empty()) {
    return absl::InvalidArgumentError(jobs.notes.empty()
                                          ? absl::StrCat(files.front(), ": a run without any flight record")
                                          : absl::StrCat("no usable flight record: ", jobs.notes.front()));
  }
  JobAssembler& job = jobs.Choose();
  store.quality.notes.insert(store.quality.notes.end(), jobs.notes.begin(), jobs.notes.end());
  store.quality.malformed += jobs.malformed;
  store.quality.unreadable_files += jobs.malformed;
  job.Finish(store);
  // A file may have been taken for one of the wrong job: a restart shares host, ranks and groups.
  constexpr double kCertaintyOfTwoJobs = 0.8;
  if (jobs.by_id.size() > 1) store.quality.certainty = std::min(store.quality.certainty, kCertaintyOfTwoJobs);
  AddTransfers(jobs.transports, store);
  for (const std::string& path : samples) {
    const absl::Status status = AddKernelSamples(ReadText(path), path, store);
    if (status.ok()) continue;
    store.quality.notes.emplace_back(status.message());  // evidence is missing, the records are whole
  }
  return absl::OkStatus();
}

}  // namespace rankle::import

#include "analyzer/import/profiler_dump/profiler_importer.h"

#include "analyzer/import/profiler_dump/profiler_trace.h"
#include "analyzer/import/tool_files.h"
#include "analyzer/import/tool_job.h"

namespace rankle::import {
namespace {

// How many ranks a communicator has is only seen by those that are mentioned, and processes are told by their
// pid, which may occur on several hosts.
constexpr double kCertainty = 0.7;

}  // namespace

bool ProfilerDumpImporter::Recognises(const std::string&, const std::string& first_bytes) const {
  return LooksLikeProfilerTrace(first_bytes);
}

absl::Status ProfilerDumpImporter::Import(const std::vector<std::string>& files, store::Store& store) const {
  return BuildToolStore(
      MergeProcesses(ReadToolFiles<ProfilerTraceReader>(files, store.quality)),
      {.source = "nccl-profiler",
       .certainty = kCertainty,
       .limits = "dumps of NCCL's example profiler only: written when a communicator ends, the last "
                 "few operations of it; hangs and how the job ended are not in them"},
      store);
}

}  // namespace rankle::import

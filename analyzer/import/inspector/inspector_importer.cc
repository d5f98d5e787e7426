#include "analyzer/import/inspector/inspector_importer.h"

#include "analyzer/import/inspector/inspector_log.h"
#include "analyzer/import/tool_files.h"
#include "analyzer/import/tool_job.h"

namespace rankle::import {
namespace {

// Durations are measured well; what is not recorded (small messages, work between collectives) may matter.
constexpr double kCertainty = 0.85;

}  // namespace

bool InspectorImporter::Recognises(const std::string&, const std::string& first_bytes) const {
  return LooksLikeInspector(first_bytes);
}

absl::Status InspectorImporter::Import(const std::vector<std::string>& files, store::Store& store) const {
  return BuildToolStore(
      ReadToolFiles<InspectorReader>(files, store.quality),
      {.source = "inspector",
       .certainty = kCertainty,
       .limits = "NCCL Inspector only: it records what completed, of 8 KiB or more; neither hangs "
                 "nor how the job ended are in it"},
      store);
}

}  // namespace rankle::import

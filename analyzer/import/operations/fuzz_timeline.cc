// libFuzzer: arbitrary bytes as an operation timeline, up to the figures. Nothing may crash or run away.
#include <cstddef>
#include <cstdint>
#include <string>

#include "analyzer/import/operations/timeline_reader.h"
#include "analyzer/whatif/analysis.h"
#include "analyzer/whatif/pipeline.h"

namespace {

// Each dp rank and stage is replayed: inputs of more workers than this are about time, not about the code.
constexpr size_t kMostWorkers = 64;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string json(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto trace = rankle::import::ReadTimeline(json, data[0] % 4);
  if (!trace.ok() || trace->workers.size() > kMostWorkers) return 0;
  const auto model = rankle::whatif::PipelineModel(*trace);
  if (model.ok()) (void)rankle::whatif::Analyze(*model);
  return 0;
}

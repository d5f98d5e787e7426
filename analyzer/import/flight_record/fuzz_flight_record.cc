// libFuzzer: arbitrary bytes as a flight record, through the importer to a verdict. Nothing may crash or run
// away.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "analyzer/analyze.h"
#include "analyzer/import/flight_record/job_assembler.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto record =
      rankle::record::ParseFlightRecord(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
  if (!record.ok()) return 0;
  rankle::import::JobAssembler job;
  job.Add(*record);
  rankle::store::Store store;
  job.Finish(store);
  auto report = rankle::AnalyzeStore(std::move(store), {});
  if (report.ok()) (void)rankle::RenderJson(*report);
  return 0;
}

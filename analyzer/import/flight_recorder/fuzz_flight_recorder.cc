// libFuzzer: arbitrary bytes as a Flight Recorder dump (pickle or JSON), through the importer to the facts,
// once alone and once as the dumps of two ranks. Nothing may crash or run away. Rules and report, which no
// longer see the bytes, are left to fuzz_flight_record: they would take nearly all of the time. Seeds:
// flight_recorder_seeds DIRECTORY writes dumps of made-up jobs.
#include <cstddef>
#include <cstdint>
#include <string>

#include "analyzer/facts/facts.h"
#include "analyzer/import/flight_recorder/dump.h"
#include "analyzer/import/flight_recorder/dump_job.h"

namespace {

void AnalyzeDumps(std::vector<rankle::import::Dump> dumps) {
  rankle::store::Store store;
  rankle::import::BuildStore(std::move(dumps), store);
  (void)rankle::facts::FindFacts(store, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  rankle::import::DumpReader reader;
  rankle::import::Dump dump;
  (void)rankle::import::LooksLikeDump(bytes);
  if (!reader.Read(bytes, "dump_0", dump).ok()) return 0;
  rankle::import::Dump other = dump;
  other.file = "dump_1";
  AnalyzeDumps({dump});
  AnalyzeDumps({std::move(dump), std::move(other)});
  return 0;
}

// Fuzzes the readers of what NCCL's own tools write, up to the store: no input may crash them, make them read
// out of bounds or allocate without bound. The first byte says which format, the second into pieces of which
// size the rest is cut; the input is taken for the files of two processes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/import/inspector/inspector_log.h"
#include "analyzer/import/json_documents.h"
#include "analyzer/import/profiler_dump/profiler_trace.h"
#include "analyzer/import/ras/ras_job.h"
#include "analyzer/import/ras/ras_testimony.h"
#include "analyzer/import/ras/ras_text.h"
#include "analyzer/import/tool_job.h"
#include "analyzer/localize/last_arrival.h"
#include "analyzer/localize/skew.h"

namespace rankle::import {
namespace {

template <typename Reader>
std::vector<ToolLog> ReadTwice(std::string_view text, size_t piece) {
  std::vector<ToolLog> logs;
  for (const char* file : {"a/1", "b/2"}) {
    Reader reader;
    bool usable = true;
    for (size_t at = 0; at < text.size() && usable; at += piece)
      usable = reader.Feed(text.substr(at, piece)).ok();
    if (usable) logs.push_back(reader.Finish(file));
  }
  return logs;
}

void Look(const store::Store& store) {
  (void)localize::FindSkews(store);
  (void)localize::FindLastArrivals(store);
}

void TryTool(std::vector<ToolLog> logs) {
  store::Store store;
  if (BuildToolStore(std::move(logs), {.source = "fuzz"}, store).ok()) Look(store);
}

RasRecords ReadRas(std::string_view text, size_t piece) {
  RasRecords records;
  RasText lines("fuzz", records);
  const auto take = [&](std::string_view json) { (void)AddRasDocument(json, "fuzz", records); };
  JsonDocuments documents(take, [&](std::string_view line) { lines.TakeLine(line); });
  for (size_t at = 0; at < text.size(); at += piece) documents.Feed(text.substr(at, piece));
  (void)documents.Finish();
  lines.Finish();
  return records;
}

void TryRas(std::string_view text, size_t piece) {
  const RasRecords records = ReadRas(text, piece);
  store::Store store;
  if (!BuildRasStore(records, store).ok()) return;
  Look(store);
  (void)JoinRas(records, store);
}

void Try(uint8_t format, std::string_view text, size_t piece) {
  switch (format % 3) {
    case 0:
      return TryRas(text, piece);
    case 1:
      return TryTool(ReadTwice<InspectorReader>(text, piece));
    default:
      return TryTool(MergeProcesses(ReadTwice<ProfilerTraceReader>(text, piece)));
  }
}

}  // namespace
}  // namespace rankle::import

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  rankle::import::Try(data[0], text, size_t{data[1]} + 1);
  return 0;
}

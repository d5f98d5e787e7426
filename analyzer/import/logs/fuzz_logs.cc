// libFuzzer: arbitrary bytes as a log and as an error file, in two pieces, through the scanners to the facts,
// alone and joined to a job. Nothing may crash or run away. Seeds: logs_seeds DIRECTORY.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "analyzer/facts/facts.h"
#include "analyzer/import/logs/log_job.h"
#include "analyzer/import/logs/log_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rankle;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)import::LooksLikeLog(bytes);
  import::LogContents contents;
  import::LogReader reader(contents);
  reader.TakeErrorFile("attempt_0/1/error.json", bytes);
  reader.BeginFile("log");
  reader.Take(bytes.substr(0, size / 2)), reader.Take(bytes.substr(size / 2));
  reader.EndFile();
  reader.Finish();
  store::Store store;
  const import::LogContents again = contents;
  if (!import::BuildStore(std::move(contents), store).ok()) return 0;
  (void)facts::FindFacts(store, {});
  (void)import::JoinStore(again, store);
  (void)facts::FindFacts(store, {});
  return 0;
}

// Fuzzes the reader of profiler traces up to the store and the what-if figures on it: no input may crash it,
// make it read out of bounds or allocate without bound. The first byte says into pieces of which size the
// rest is cut; the input is tried as a whole file, and as the inside of the list of events.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "analyzer/import/kineto/kineto_job.h"
#include "analyzer/whatif/analysis.h"
#include "analyzer/whatif/from_store.h"

namespace {

using namespace rankle;

void Try(std::string_view text, size_t piece) {
  std::vector<import::RankTrace> traces;
  for (int copy = 0; copy < 2; ++copy) {
    import::KinetoReader reader;
    bool usable = true;
    for (size_t at = 0; at < text.size() && usable; at += piece)
      usable = reader.Feed(text.substr(at, piece)).ok();
    if (usable) traces.push_back(reader.Finish("fuzz"));
  }
  store::Store store;
  if (traces.empty()) return;
  // The second copy speaks for another rank, or both would claim one.
  if (traces.size() == 2 && traces[1].rank >= 0) traces[1].rank = (traces[1].rank + 1) % 2;
  if (!import::BuildStore(std::move(traces), store).ok()) return;
  const auto model = whatif::ModelFromStore(store);
  if (model.ok()) (void)whatif::Analyze(*model);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = size_t{data[0]} + 1;
  Try(text, piece);
  Try("{\"traceEvents\": [" + std::string(text) + "]}", piece);
  return 0;
}

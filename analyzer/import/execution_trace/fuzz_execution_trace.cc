// libFuzzer: arbitrary bytes as an execution trace, in the form that they look like and in all others,
// through the importer to the facts; once alone and once as the traces of two ranks. Nothing may crash or run
// away. The first byte says into pieces of which size the rest is cut. Seeds: execution_trace_seeds
// DIRECTORY.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/facts/facts.h"
#include "analyzer/import/execution_trace/execution_trace.h"
#include "analyzer/import/execution_trace/execution_trace_job.h"

namespace {

using namespace rankle;

void Try(import::ExecutionTraceForm form, std::string_view text, size_t piece) {
  std::vector<import::RankTrace> traces;
  for (const char* name : {"rank0", "rank1"}) {
    import::ExecutionTraceReader reader(form);
    for (size_t at = 0; at < text.size(); at += piece) {
      if (!reader.Feed(text.substr(at, piece)).ok()) return;
    }
    traces.push_back(reader.Finish(name));
  }
  for (const size_t ranks : {1, 2}) {
    store::Store store;
    const std::vector<import::RankTrace> some(traces.begin(),
                                              traces.begin() + static_cast<std::ptrdiff_t>(ranks));
    if (import::BuildExecutionStore(some, store).ok()) (void)facts::FindFacts(store, {});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = size_t{data[0]} + 1;
  (void)import::FormOfExecutionTrace(text);
  for (const auto form : {import::ExecutionTraceForm::kPyTorch, import::ExecutionTraceForm::kChakraJson,
                          import::ExecutionTraceForm::kChakraMessages})
    Try(form, text, piece);
  return 0;
}

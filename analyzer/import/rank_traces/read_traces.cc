#include "analyzer/import/rank_traces/read_traces.h"

#include <thread>
#include <utility>

#include "analyzer/import/in_order.h"

namespace rankle::import {

absl::StatusOr<std::vector<RankTrace>> ReadAll(
    const std::vector<std::string>& files,
    const std::function<absl::StatusOr<RankTrace>(const std::string& path)>& read, store::Store& store) {
  struct Parsed {
    absl::StatusOr<RankTrace> trace = RankTrace();
  };
  std::vector<RankTrace> traces;
  InOrder<Parsed>(
      files.size(), std::thread::hardware_concurrency(),
      [&](size_t i, Parsed& p) { p.trace = read(files[i]); },
      [&](size_t, Parsed& p) {
        if (p.trace.ok()) {
          traces.push_back(*std::move(p.trace));
          return;
        }
        ++store.quality.malformed, ++store.quality.unreadable_files;
        store.quality.notes.emplace_back(p.trace.status().message());
      });
  if (traces.empty())
    return absl::InvalidArgumentError(absl::StrCat("no usable trace: ", store.quality.notes.back()));
  return traces;
}

}  // namespace rankle::import

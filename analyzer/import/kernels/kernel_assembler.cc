#include "analyzer/import/kernels/kernel_assembler.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "analyzer/import/kernels/kernel_name.h"
#include "analyzer/import/kernels/match_kernels.h"

namespace rankle::import {
namespace {

using store::kNone;

// The event that device times are measured from is renewed every 10 s (injector/hooks/device_times.cc); a
// device clock that drifts by 10 ppm against the host's is 100 us off by then. CUPTI's own error and that of
// taking the event's time are a few us.
constexpr int64_t kToleranceNs = 100'000;

int32_t FindProcess(const cupti::KernelRecord& record, const store::Store& store) {
  const auto it = std::find_if(store.processes.begin(), store.processes.end(), [&](const store::Process& p) {
    return p.pid == record.pid && p.host == record.host && p.job_id == record.job_id;
  });
  return it == store.processes.end() ? kNone : static_cast<int32_t>(it - store.processes.begin());
}

// Operations that were launched together: a group, or one alone.
using Launch = std::vector<uint32_t>;  // indices into Store::operations

// What the matcher is given of one process, and the way back.
struct OfProcess {
  std::vector<EventSpan> spans;
  std::vector<std::vector<Launch>> launches;  // by span
  std::vector<KernelTime> kernels;
  std::vector<size_t> rows;  // by kernel: index into Store::kernels
};

void AddSpans(const store::Store& store, size_t rank, OfProcess& of) {
  const store::Operations& o = store.operations;
  struct Open {
    size_t span;
    uint16_t group;
  };
  std::map<uint32_t, Open> last;  // by stream
  for (size_t i = store.rank_begin(rank); i < store.rank_begin(rank + 1); ++i) {
    if (o.state[i] != store::OpState::kDone || o.started[i] == 0 || o.finished[i] == 0) continue;
    const auto operation = static_cast<uint32_t>(i);
    const auto found = last.find(o.stream[i]);
    if (found != last.end()) {
      EventSpan& span = of.spans[found->second.span];
      std::vector<Launch>& launches = of.launches[found->second.span];
      if (span.started == o.started[i] && span.finished == o.finished[i]) {  // the same pair of events
        if (o.group[i] != 0 && o.group[i] == found->second.group) {
          launches.back().push_back(operation);
          span.several_kernels = true;
        } else {
          launches.push_back({operation});
          ++span.launches;
        }
        continue;
      }
    }
    last[o.stream[i]] = {of.spans.size(), o.group[i]};
    // A stream of the program is one of a rank: ranks of one process drive devices of their own.
    const auto lane = static_cast<int64_t>(rank << 32 | o.stream[i]);
    of.spans.push_back({lane, o.started[i], o.finished[i], 1, false});
    of.launches.push_back({{operation}});
  }
}

// Moves the times of a span's launches to those of their kernels; adds the ranks of which there are some.
void MoveTimes(const OfProcess& of, const std::vector<KernelMatch>& matches, std::set<int32_t>& ranks,
               store::Store& store) {
  struct Times {
    int64_t started = INT64_MAX, finished = 0;
  };
  std::map<std::pair<size_t, uint32_t>, Times> times;  // by span and launch
  for (const KernelMatch& m : matches) {
    Times& t = times[{m.span, m.launch}];
    t.started = std::min(t.started, of.kernels[m.kernel].started);
    t.finished = std::max(t.finished, of.kernels[m.kernel].finished);
    store.kernels[of.rows[m.kernel]].operation = of.launches[m.span][m.launch].front();
  }
  for (const auto& [key, t] : times) {
    for (uint32_t operation : of.launches[key.first][key.second]) {
      store.operations.started[operation] = t.started, store.operations.finished[operation] = t.finished;
      ++store.quality.kernel_timed_operations;
      ranks.insert(store.GlobalRank(store.operations.rank[operation]));
    }
  }
}

}  // namespace

void AddKernels(const std::vector<cupti::KernelRecord>& records, store::Store& store) {
  std::map<std::string, uint32_t> names;
  uint64_t unknown = 0;
  for (const cupti::KernelRecord& record : records) {
    const int32_t process = FindProcess(record, store);
    if (process == kNone) {
      ++unknown;
      continue;
    }
    store.quality.malformed += record.malformed;
    store.quality.lost_kernels += record.lost;
    if (record.lost > 0) store.processes[process].lost_kernels = true;
    const int64_t offset = store.processes[process].clock_offset;
    for (const cupti::Kernel& k : record.kernels) {
      const std::string name = k.name < record.names.size() ? record.names[k.name] : "";
      const auto [it, added] = names.try_emplace(name, static_cast<uint32_t>(store.kernel_names.size()));
      if (added) store.kernel_names.push_back(name);
      store::Kernel row;
      row.process = process, row.name = it->second;
      row.started = static_cast<int64_t>(k.start_ns) + offset;
      row.finished = static_cast<int64_t>(k.end_ns) + offset;
      row.device = k.device, row.stream = k.stream, row.correlation = k.correlation, row.graph = k.graph;
      store.kernels.push_back(row);
    }
  }
  if (unknown > 0) {
    store.quality.notes.push_back(
        absl::StrCat(unknown, " kernel records belong to no process with a flight record; left out"));
  }
}

void ApplyKernelTimes(store::Store& store) {
  if (store.kernels.empty()) return;
  std::map<int32_t, OfProcess> processes;
  std::map<std::pair<int32_t, uint64_t>, int32_t> lanes;  // by process, device and stream
  for (size_t i = 0; i < store.kernels.size(); ++i) {
    const store::Kernel& k = store.kernels[i];
    const auto key = std::pair(k.process, uint64_t{k.device} << 32 | k.stream);
    const auto lane = lanes.try_emplace(key, static_cast<int32_t>(lanes.size())).first->second;
    OfProcess& of = processes[k.process];
    of.kernels.push_back({lane, k.started, k.finished});
    of.rows.push_back(i);
  }
  for (size_t rank = 0; rank < store.ranks.size(); ++rank) {
    const auto it = processes.find(store.ranks[rank].process);
    if (it != processes.end()) AddSpans(store, rank, it->second);
  }
  uint64_t matched = 0;
  std::set<int32_t> ranks;
  for (auto& [process, of] : processes) {
    const store::Process& p = store.processes[process];
    const auto fits = [&, &of = of](size_t kernel, size_t span, uint32_t launch) {
      const Launch& operations = of.launches[span][launch];
      // A group is carried by the kernel of one of its functions, or by a general one.
      if (operations.size() > 1) return true;
      return KernelMayBe(store.kernel_names[store.kernels[of.rows[kernel]].name],
                         store::OperationName(store.operations.api[operations.front()]));
    };
    const bool nothing_lost = !p.lost_kernels && p.dropped == 0 && p.malformed == 0;
    const std::vector<KernelMatch> matches =
        MatchKernels(of.spans, of.kernels, {kToleranceNs, nothing_lost, fits});
    matched += matches.size();
    MoveTimes(of, matches, ranks, store);
  }
  store.quality.kernel_timed_ranks.assign(ranks.begin(), ranks.end());
  std::string note =
      absl::StrCat("device times of ", store.quality.kernel_timed_operations, " of ", store.operations.size(),
                   " operations (ranks ", store::RankList(store.quality.kernel_timed_ranks),
                   ") are those of their kernels (CUPTI), the others those of events around them");
  if (const uint64_t left = store.kernels.size() - matched; left > 0)
    absl::StrAppend(&note, "; ", left, " of ", store.kernels.size(), " kernels fit no operation for certain");
  if (store.quality.lost_kernels > 0) absl::StrAppend(&note, "; CUPTI lost ", store.quality.lost_kernels);
  store.quality.notes.push_back(std::move(note));
}

}  // namespace rankle::import

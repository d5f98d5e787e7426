#include "analyzer/verdict/clock_doubt.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace rankle::verdict {
namespace {

// When the data leave two possibilities.
constexpr double kUndecided = 0.5;

int64_t Uncertainty(const store::Store& store, int32_t rank) {
  const store::Process* p = store.ProcessOf(rank);
  const auto clock = std::find_if(store.clocks.begin(), store.clocks.end(), [&](const store::HostClock& c) {
    return p != nullptr && c.host == p->host;
  });
  return clock == store.clocks.end() ? 0 : clock->uncertainty_ns;
}

bool OnOneHost(const store::Store& store, int32_t a, int32_t b) {
  const store::Process *p = store.ProcessOf(a), *q = store.ProcessOf(b);
  return p == nullptr || q == nullptr || p->host == q->host;
}

}  // namespace

double MostCertain(const store::Store& store, const facts::Facts& facts, ReportedFinding& finding) {
  if (!absl::StartsWith(finding.anomaly, "crash.")) return 1;
  const auto root = std::find_if(facts.failures.begin(), facts.failures.end(),
                                 [](const localize::Failure& f) { return f.root; });
  if (root == facts.failures.end()) return 1;
  double most = 1;
  for (const localize::Failure& f : facts.failures) {
    // Typical consequences are set aside whatever their time; what remains is told apart by time alone.
    const bool rival = f.first_of_rank && !f.root && f.cascade == localize::Cascade::kLocal;
    if (!rival || OnOneHost(store, root->rank, f.rank)) continue;
    const int64_t later = f.time - root->time;
    const int64_t uncertain = Uncertainty(store, root->rank) + Uncertainty(store, f.rank);
    if (later >= uncertain) continue;
    most = kUndecided;
    finding.evidence.push_back(
        absl::StrFormat("rank %d on another host failed %.3f ms later by clocks that are uncertain by %.3f "
                        "ms: it may have been first (%s)",
                        store.GlobalRank(f.rank), static_cast<double>(later) * 1e-6,
                        static_cast<double>(uncertain) * 1e-6, f.what));
  }
  return most;
}

}  // namespace rankle::verdict

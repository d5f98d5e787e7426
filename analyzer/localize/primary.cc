#include "analyzer/localize/primary.h"

#include <utility>

#include "analyzer/localize/period.h"

namespace rankle::localize {

uint64_t Mix(uint64_t a, uint64_t b) {
  uint64_t z = a * 0x9e3779b97f4a7c15ull + b;
  z = (z ^ z >> 29) * 0xbf58476d1ce4e5b9ull;
  return z ^ z >> 32;
}

std::vector<const store::Member*> PrimaryMembers(const store::Store& store) {
  std::vector<const store::Member*> primary(store.ranks.size(), nullptr);
  std::vector<std::pair<size_t, size_t>> most(store.ranks.size());
  for (const store::Communicator& c : store.communicators) {
    for (const store::Member& m : c.members) {
      const std::pair weight(c.members.size(), m.collectives.size());
      if (m.rank < 0 || m.collectives.size() < kRegularUse || weight <= most[m.rank]) continue;
      primary[m.rank] = &m, most[m.rank] = weight;
    }
  }
  return primary;
}

size_t CollectivePeriod(const store::Store& store, const store::Member& member) {
  const store::Operations& o = store.operations;
  std::vector<uint64_t> signatures;
  for (uint32_t i : member.collectives) signatures.push_back(Mix(o.api[i], o.count[i]));
  if (const size_t period = FindPeriod(signatures); period != 0) return period;
  // Sizes that vary.
  for (size_t k = 0; k < signatures.size(); ++k) signatures[k] = o.api[member.collectives[k]];
  return FindPeriod(signatures);
}

}  // namespace rankle::localize

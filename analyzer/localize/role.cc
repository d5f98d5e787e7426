#include "analyzer/localize/role.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace rankle::localize {

// Programs repeat themselves: what was seen before is passed over, so that the sets stay out of the way.
Role RoleOf(const store::Store& store, int32_t rank) {
  const store::Operations& o = store.operations;
  const size_t begin = store.rank_begin(rank), end = store.rank_begin(rank + 1);
  absl::flat_hash_map<int32_t, absl::flat_hash_set<int32_t>> peers;
  for (size_t i = begin; i < end; ++i) {
    if (o.p2p[i]) peers[o.communicator[i]].insert(o.peer[i]);
  }
  Role role;
  absl::flat_hash_set<std::tuple<uint16_t, int32_t, int>> seen;
  for (size_t i = begin; i < end; ++i) {
    const int32_t c = o.communicator[i];
    const size_t size = store.communicators[c].members.size();
    int direction = 0;
    // An all-to-all has no direction.
    if (o.p2p[i] && !(size > 2 && peers[c].size() + 1 >= size)) {
      direction = o.peer[i] < o.member[i] ? -1 : o.peer[i] > o.member[i] ? 1 : 0;
    }
    if (seen.insert({o.api[i], c, direction}).second) role.insert({o.api[i], size, direction});
  }
  return role;
}

}  // namespace rankle::localize

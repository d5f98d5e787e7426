// Which ranks can be compared with each other? Those that do the same, apart from amounts. Ranks with another
// role (first and last pipeline stages, say) have other work to do and are no standard for this one. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <tuple>

#include "analyzer/store/store.h"

namespace rankle::localize {

// Operations (api), sizes of their communicators, direction of point-to-point traffic.
using Role = std::set<std::tuple<uint16_t, size_t, int>>;

Role RoleOf(const store::Store& store, int32_t rank);

}  // namespace rankle::localize

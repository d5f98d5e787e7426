// Collectives that nobody leaves before everybody has come. Pure.
#pragma once

#include <cstdint>

namespace rankle::localize {

// Do all members need the data of all others before they can leave? Of a broadcast, say, the root need not
// wait for anybody.
bool NeedsEveryMember(uint16_t api);

}  // namespace rankle::localize

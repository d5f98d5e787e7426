// Is a signature seen in more of the injected runs? Fisher's exact test, one-sided: right also for signatures
// that plain runs show now and then, where a union over the plain runs either hides a consequence (seen once
// by chance) or makes one up (never seen by chance).
#pragma once

#include <cstddef>

#include "analyzer/stitch/fca/p_value.h"

namespace rankle::stitch {

// `with` of so many runs of each side showed it.
PValue Presence(size_t plain_with, size_t plain, size_t injected_with, size_t injected);

}  // namespace rankle::stitch

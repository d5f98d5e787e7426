// "Not supported", said once per function on stderr.
#pragma once

#include <atomic>

namespace rankle::vgpu {

// Names the function on stderr unless `*named` says that this was done.
void NameUnsupported(const char* function, std::atomic<bool>* named);

}  // namespace rankle::vgpu

// The action `signal`. Shared by both libraries that inject.
#pragma once

#include <cstdint>

namespace rankle::hooks {

// Sends the process a signal; SIGSTOP with `continue_after_ns` above 0 also arranges for SIGCONT after that
// time. False when it could not be done.
bool SignalSelf(int number, uint64_t continue_after_ns);

}  // namespace rankle::hooks

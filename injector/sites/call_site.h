// The frame above the one that called a hook: the second half of a call site.
//
// Without frame pointers only the unwind tables of the binary know where a function's return address lies,
// and libgcc's unwinder takes 1-2 us to say so (docs/measurements.md), too much for every read and write. But
// a compiler's rule for one place in the code is the same at every call: "so many bytes above the stack
// pointer", or "at the frame pointer" where the function moves its stack pointer. So the unwinder is asked
// the first times that a place calls, the rule is kept, and from then on two loads do. Answers that
// contradict the rule make the place one that is always unwound. All of it is lock-free and async-signal-safe
// with glibc 2.35.
#pragma once

#include <cstdint>

namespace rankle::sites {

// What a wrapper knows of the call: its return address and its own frame (__builtin_frame_address(0)).
struct CallFrame {
  uint64_t address = 0;
  const uint64_t* frame = nullptr;
};

// Neither 0 nor an address: the call is rankle's own or the loader's, to be passed over.
inline constexpr uint64_t kOwnCaller = 1;

// The return address of the function that called; 0 = unknown (no unwind table, or no frame above).
uint64_t CallerOf(const CallFrame& call);

// After modules were unloaded: rules for places in them are learned anew.
void ForgetUnloadedRules();

// The same by libgcc's unwinder alone, for comparison.
uint64_t UnwindCaller(uint64_t address);

}  // namespace rankle::sites

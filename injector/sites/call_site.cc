#include "injector/sites/call_site.h"

#include <string.h>
#include <unwind.h>

#include <algorithm>
#include <atomic>

#include "injector/sites/modules.h"

namespace rankle::sites {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// Where the return address of the calling function lies.
enum Where : uint64_t {
  kNew = 0,
  kAtFramePointer = 1,  // one word above where its frame pointer points
  kNowhere = 2,         // it cannot be told
  kUnwind = 3,          // no rule holds: ask the unwinder each time
  kOwn = 4,             // the call is rankle's or the loader's own
  kAboveStack = 16,     // kAboveStack + n: n bytes above the stack pointer at the call
};

// Beyond the places that a site record holds, with room for those in it that share a return address.
constexpr uint32_t kRules = 8192;
constexpr uint32_t kProbes = 16;
// A rule is held against the unwinder so often before it is trusted.
constexpr uint32_t kChecks = 4;
// No function that calls has a frame this large in practice; one that has is unwound each time.
constexpr uint64_t kLargestFrame = 1 << 20;

struct Rule {
  std::atomic<uint64_t> address{0};
  std::atomic<uint64_t> where{kNew};
  std::atomic<uint64_t> code{0};  // the call instruction: another one means that a module was exchanged
  std::atomic<uint32_t> checks{0};
};
constinit Rule g_rules[kRules];

// The eight bytes before the return address, moved up where they would begin on the page before: only the
// page of the call instruction is known to be there.
uint64_t CodeBefore(uint64_t address) {
  constexpr uint64_t kPage = 4096;
  const uint64_t page = (address - 1) / kPage * kPage;
  uint64_t code;
  memcpy(&code, reinterpret_cast<const void*>(std::max(address - sizeof(code), page)), sizeof(code));
  return code;
}

Rule* RuleOf(uint64_t address) {
  const uint64_t hash = (address * 0x9e3779b97f4a7c15ull) >> 32;
  for (uint32_t probe = 0; probe < kProbes; ++probe) {
    Rule& rule = g_rules[(hash + probe) % kRules];
    uint64_t found = rule.address.load(std::memory_order_acquire);
    if (found == address) return &rule;
    if (found == 0 && rule.address.compare_exchange_strong(found, address)) return &rule;
    if (found == address) return &rule;
  }
  return nullptr;
}

// What the unwinder found: the caller's return address, and the word of the stack that holds it.
struct Unwound {
  uint64_t wanted = 0;
  bool at_call = false;  // the frame that called has been passed
  uint64_t caller = 0;
  const uint64_t* slot = nullptr;
};

_Unwind_Reason_Code Visit(_Unwind_Context* context, void* data) {
  auto& unwound = *static_cast<Unwound*>(data);
  const uint64_t address = _Unwind_GetIP(context);
  if (unwound.at_call) {
    unwound.caller = address;
    // The canonical frame address of the frame just left: on x86-64 the return address lies below it.
    unwound.slot = reinterpret_cast<const uint64_t*>(_Unwind_GetCFA(context)) - 1;
    return _URC_END_OF_STACK;
  }
  unwound.at_call = address == unwound.wanted;
  return _URC_NO_REASON;
}

Unwound Unwind(uint64_t address) {
  Unwound unwound;
  unwound.wanted = address;
  _Unwind_Backtrace(Visit, &unwound);
  return unwound;
}

// The stack pointer of the caller at the call, on x86-64: above the wrapper's saved frame pointer and return
// address. Elsewhere only frame pointers are used, which those ABIs keep.
const uint64_t* StackOf(const CallFrame& call) { return call.frame + 2; }

// Looks at words of other functions' frames, which a sanitizer may hold to be out of bounds.
__attribute__((no_sanitize("address"))) uint64_t LearnWhere(const CallFrame& call, const Unwound& unwound) {
  if (unwound.caller == 0) return kNowhere;
  const uint64_t pointer = call.frame[0];
  const auto* const at_pointer = reinterpret_cast<const uint64_t*>(pointer) + 1;
  // Only what lies between the wrapper and the slot is known to be stack.
  if (pointer % alignof(uint64_t) == 0 && at_pointer > call.frame && at_pointer <= unwound.slot &&
      *at_pointer == unwound.caller)
    return kAtFramePointer;
#if defined(__x86_64__)
  if (unwound.slot >= StackOf(call) && *unwound.slot == unwound.caller) {
    const auto above = static_cast<uint64_t>(reinterpret_cast<const char*>(unwound.slot) -
                                             reinterpret_cast<const char*>(StackOf(call)));
    if (above <= kLargestFrame) return kAboveStack + above;
  }
#endif
  return kUnwind;
}

uint64_t Learn(const CallFrame& call, Rule& rule) {
  if (IsOwnCode(call.address)) {
    rule.where.store(kOwn, kRelaxed);
    rule.checks.store(kChecks, kRelaxed);
    return kOwnCaller;
  }
  const Unwound unwound = Unwind(call.address);
  const uint64_t where = LearnWhere(call, unwound);
  const uint64_t before = rule.where.load(kRelaxed);
  if (before == kNew)
    rule.where.store(where, kRelaxed);
  else if (before != where)
    rule.where.store(kUnwind, kRelaxed);
  rule.checks.fetch_add(1, kRelaxed);
  return unwound.caller;
}

}  // namespace

void ForgetUnloadedRules() {
  for (Rule& rule : g_rules) {
    const uint64_t address = rule.address.load(kRelaxed);
    // No call instruction is 0: the next call there finds it changed.
    if (address != 0 && !IsLoaded(address)) rule.code.store(0, kRelaxed);
  }
}

uint64_t UnwindCaller(uint64_t address) { return Unwind(address).caller; }

__attribute__((no_sanitize("address"))) uint64_t CallerOf(const CallFrame& call) {
  Rule* const rule = RuleOf(call.address);
  if (rule == nullptr) return UnwindCaller(call.address);
  const uint64_t code = CodeBefore(call.address);
  if (rule->code.load(kRelaxed) != code) [[unlikely]] {
    rule->code.store(code, kRelaxed);
    rule->where.store(kNew, kRelaxed);
    rule->checks.store(0, kRelaxed);
  }
  if (rule->checks.load(kRelaxed) < kChecks) [[unlikely]]
    return Learn(call, *rule);
  const uint64_t where = rule->where.load(kRelaxed);
  switch (where) {
    case kAtFramePointer:
      return reinterpret_cast<const uint64_t*>(call.frame[0])[1];
    case kNowhere:
      return 0;
    case kOwn:
      return kOwnCaller;
    case kNew:
    case kUnwind:
      return UnwindCaller(call.address);
    default:
      return *reinterpret_cast<const uint64_t*>(reinterpret_cast<const char*>(StackOf(call)) + where -
                                                kAboveStack);
  }
}

}  // namespace rankle::sites

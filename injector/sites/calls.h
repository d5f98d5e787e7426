// What rankle knows of each function that librankle-libc.so stands in front of (calls.inc), as constants, and
// what an answer of it means. Pure.
#pragma once

#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

#include "injector/api/table.h"
#include "tracer/sites/format.h"

namespace rankle::sites {

// How a function says that it failed.
enum class Failure : uint8_t {
  kErrno,     // -1, and errno
  kNumber,    // returns the error number
  kResolver,  // returns an EAI_ code (below 0)
  kRest,      // returns the seconds that are left of an interrupted sleep
  kExec,      // as kErrno, and does not return when it succeeds
};

// What an answer of 0 means.
enum class Zero : uint8_t { kOk, kEnd, kTimeout };

// Where a function has the bytes that it moves, for short reads and writes.
enum class Transfer : uint8_t {
  kNone,
  kSize,     // (fd, data, size, ...)
  kPieces,   // (fd, iovec*, count)
  kMessage,  // (fd, msghdr*, flags)
};

struct Call {
  std::string_view symbol = {};
  uint16_t api = 0;
  Failure failure = Failure::kErrno;
  Zero zero = Zero::kOk;
  Transfer transfer = Transfer::kNone;
  std::string_view errors = {};  // names, blanks between them
  // Position of the argument that is the payload's size, -1 = none.
  int8_t bytes = -1;
};

consteval int8_t BytesPosition(uint16_t api) { return api::kApiTable[api::IndexOf(api)].args.bytes; }

inline constexpr Call kCalls[] = {
#define RANKLE_CALL(symbol, function, result, parameters, arguments, failure, zero, transfer, errors) \
  {#symbol,                                                                                           \
   api::IdOf(#function),                                                                              \
   Failure::failure,                                                                                  \
   Zero::zero,                                                                                        \
   Transfer::transfer,                                                                                \
   errors,                                                                                            \
   BytesPosition(api::IdOf(#function))},
#include "injector/sites/calls.inc"
#undef RANKLE_CALL
};
inline constexpr size_t kCallCount = std::size(kCalls);

consteval size_t SlotOf(std::string_view symbol) {
  for (size_t i = 0; i < kCallCount; ++i) {
    if (kCalls[i].symbol == symbol) return i;
  }
  api::NoSuchFunctionInApisTxt();
  return 0;
}

// The first line of a function; nullptr for a function that is not in the table.
constexpr const Call* FindCall(uint16_t api) {
  for (const Call& call : kCalls) {
    if (call.api == api) return &call;
  }
  return nullptr;
}

// `asked`: the bytes that a transfer was to move, 0 = unknown.
constexpr Outcome OutcomeOf(const Call& call, int64_t result, int error, uint64_t asked) {
  switch (call.failure) {
    case Failure::kErrno:
    case Failure::kExec:
      if (result == -1) return {OutcomeKind::kError, static_cast<uint32_t>(error)};
      break;
    case Failure::kNumber:
    case Failure::kResolver:
      if (result != 0) return {OutcomeKind::kError, static_cast<uint32_t>(result)};
      break;
    case Failure::kRest:
      if (result != 0) return {OutcomeKind::kError, static_cast<uint32_t>(error)};
      break;
  }
  if (result == 0 && call.zero == Zero::kTimeout) return {OutcomeKind::kTimeout, 0};
  if (result == 0 && call.zero == Zero::kEnd && asked != 0) return {OutcomeKind::kEnd, 0};
  if (call.transfer != Transfer::kNone && result > 0 && static_cast<uint64_t>(result) < asked)
    return {OutcomeKind::kShort, 0};
  return {OutcomeKind::kOk, 0};
}

}  // namespace rankle::sites

// The actions of the fault catalogue, as numbers that flight records and armed plans store (append-only).
#pragma once

#include <cstdint>

namespace rankle::plan {

enum class Action : uint8_t {
  kNone = 0,
  kDelay = 1,
  kHang = 2,
  kFail = 3,
  kAsyncError = 4,
  kSkip = 5,
  kRepeat = 6,
  kSwap = 7,
  kMutate = 8,
  kCorrupt = 9,
  kOom = 10,
  kLeak = 11,
  kSlowKernel = 12,
  kSlowCopy = 13,
  kGpuLost = 14,  // also `xid`
  kExit = 15,
  kAbort = 16,
  kSignal = 17,
  kThrow = 18,
  // Of 19 to 29 some are carried out outside the job (injector/host), some are refused with the reason
  // (catalogue.cc).
  kThrottle = 19,
  kGil = 20,
  kNetDelay = 21,
  kNetDrop = 22,
  kNetLimit = 23,
  kNetReset = 24,
  kDiskSlow = 25,
  kDiskFull = 26,
  kDiskError = 27,
  kClockSkew = 28,
  kChurn = 29,
  kShort = 30,
  kTimeOut = 31,
  kFreeze = 32,
  kMemoryLimit = 33,
  kFdLimit = 34,
  kDiskLimit = 35,
  kLast = kDiskLimit,
};

// The argument that `mutate` changes.
enum class MutateField : uint8_t { kNone, kCount, kDatatype, kRoot, kOp, kPeer, kComm, kStream };

// Whose packets a fault of the network meets: what the named ranks send, what they receive, or both.
enum class Direction : uint8_t { kOut, kIn, kBoth };

// What `corrupt` writes, and into which buffer.
enum class CorruptPattern : uint8_t { kBitflip, kNan, kZero, kRandom };
enum class CorruptBuffer : uint8_t { kSend, kRecv };

}  // namespace rankle::plan

// What PyTorch's ProcessGroupWrapper (TORCH_DISTRIBUTED_DEBUG=DETAIL) says when two ranks are in different
// collectives: "Detected mismatch between collectives on ranks. Rank 1 is running collective:
// CollectiveFingerPrint(SequenceNumber=31, OpType=ALLREDUCE, TensorShape=[8], ...), but Rank 0 is running
// collective: CollectiveFingerPrint(...)". Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace rankle::import {

struct Fingerprint {
  int32_t rank = -1;
  int64_t sequence = -1, elements = -1;
  std::string_view operation;  // "ALLREDUCE"; points into the line
};

bool MayBeFingerprintLine(std::string_view line);
bool ParseFingerprintLine(std::string_view line, std::array<Fingerprint, 2>& sides);

}  // namespace rankle::import

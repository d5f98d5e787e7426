// What the plugin gives NCCL as the handle of an event: a number that says which operation, transfer or step
// it is. NCCL only hands it back. Pure.
#pragma once

#include <cstdint>

namespace rankle::nccl_profiler {

struct Handle {
  enum Kind : uint8_t { kNothing = 0, kOperation = 1, kTransfer = 2, kStep = 3 };
  Kind kind = kNothing;
  uint32_t index = 0;      // of the link (< 2^16) or of the step (< 2^30)
  uint32_t operation = 0;  // number of the operation; 0 = not known

  static constexpr Handle OfOperation(uint32_t number) { return {kOperation, 0, number}; }
  static constexpr Handle OfTransfer(uint32_t link, uint32_t operation) {
    return {kTransfer, link, operation};
  }
  static constexpr Handle OfStep(uint32_t step) { return {kStep, step, 0}; }

  // The kind lies in bits that are zero in every address of a process: a foreign pointer is kNothing.
  constexpr uint64_t Pack() const { return uint64_t{kind} << 62 | uint64_t{index} << 32 | operation; }
  static constexpr Handle Unpack(uint64_t bits) {
    return {static_cast<Kind>(bits >> 62), static_cast<uint32_t>(bits >> 32) & 0x3fffffff,
            static_cast<uint32_t>(bits)};
  }
  void* ToPointer() const { return reinterpret_cast<void*>(Pack()); }
  static Handle FromPointer(const void* pointer) { return Unpack(reinterpret_cast<uint64_t>(pointer)); }
};

}  // namespace rankle::nccl_profiler

// The card that the virtual GPUs pretend to be: an H100 SXM with compute capability 9.0.
#pragma once

#include <cstddef>

namespace rankle::vgpu {

inline constexpr char kDeviceName[] = "NVIDIA H100 80GB HBM3 (virtual)";
inline constexpr int kComputeMajor = 9;
inline constexpr int kComputeMinor = 0;
inline constexpr int kMultiprocessors = 132;
inline constexpr int kWarpSize = 32;
inline constexpr unsigned kMaxThreadsPerBlock = 1024;
inline constexpr int kMaxThreadsPerMultiprocessor = 2048;
inline constexpr int kMaxBlocksPerMultiprocessor = 32;
inline constexpr unsigned kMaxBlockZ = 64;
inline constexpr unsigned kMaxGridX = 2147483647;
inline constexpr unsigned kMaxGridYZ = 65535;
inline constexpr size_t kSharedPerBlock = 48 * 1024;
inline constexpr size_t kSharedPerBlockOptin = 227 * 1024;
inline constexpr size_t kSharedPerMultiprocessor = 228 * 1024;
inline constexpr size_t kReservedSharedPerBlock = 1024;
inline constexpr int kRegistersPerMultiprocessor = 65536;
inline constexpr size_t kConstantBytes = 64 * 1024;
inline constexpr int kL2Bytes = 50 * 1024 * 1024;
inline constexpr int kMemoryBusBits = 5120;
inline constexpr int kMemoryClockKhz = 2619000;
inline constexpr int kClockKhz = 1980000;
inline constexpr int kLeastStreamPriority = 0;
inline constexpr int kGreatestStreamPriority = -5;
inline constexpr int kDriverVersion = 13000;
inline constexpr int kPciDomain = 0;
// Device i sits at 0000:<kFirstPciBus + i>:00.0.
inline constexpr int kFirstPciBus = 0x10;

}  // namespace rankle::vgpu

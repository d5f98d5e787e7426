// What the environment says about the virtual GPUs. Parsing is pure; FromEnvironment() reads the process'
// variables.
//   RANKLE_VIRTUAL_GPUS       number of GPUs of this machine, default 1
//   CUDA_VISIBLE_DEVICES      which of them this process sees, as indices or UUID prefixes
//   RANKLE_VGPU_MEMORY        memory of each GPU, e.g. 512MiB, 80GiB; default 80GiB
//   RANKLE_VGPU_KERNEL_TIME   see kernel_time.h
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankle::vgpu {

struct Settings {
  std::vector<int> visible;  // physical index of each visible device
  size_t memory_bytes = size_t{80} << 30;
  std::string kernel_time;
};

Settings SettingsFromEnvironment();

// The GPUs of the machine, whatever is visible to this process.
int PhysicalDeviceCount();

// "64MiB", "2GiB", "1G", "4096"; nothing for anything else.
std::optional<size_t> ParseBytes(std::string_view text);

// CUDA's rules: the list ends at the first entry that names no device or one that was named before.
std::vector<int> ParseVisibleDevices(std::string_view list, int physical_count);

// "GPU-52616e6b-6c65-5647-5055-00000000000<index>": the same in every process of a host.
std::string DeviceUuid(int physical_index);

}  // namespace rankle::vgpu

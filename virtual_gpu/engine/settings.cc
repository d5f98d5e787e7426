#include "virtual_gpu/engine/settings.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace rankle::vgpu {
namespace {

constexpr int kMaxDevices = 1024;

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<long> ParseInteger(std::string_view text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<int> ResolveDevice(std::string_view name, int physical_count) {
  if (name.starts_with("GPU-")) {
    std::optional<int> match;
    for (int i = 0; i < physical_count; ++i) {
      if (!DeviceUuid(i).starts_with(name)) continue;
      if (match) return std::nullopt;  // an ambiguous prefix names no device
      match = i;
    }
    return match;
  }
  const std::optional<long> index = ParseInteger(name);
  if (!index || *index < 0 || *index >= physical_count) return std::nullopt;
  return static_cast<int>(*index);
}

}  // namespace

std::optional<size_t> ParseBytes(std::string_view text) {
  text = Trim(text);
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = Trim(text.substr(end - text.data()));
  static constexpr struct {
    std::string_view name;
    int shift;
  } kUnits[] = {{"", 0},     {"B", 0},  {"K", 10},  {"KB", 10},  {"KiB", 10}, {"M", 20},  {"MB", 20},
                {"MiB", 20}, {"G", 30}, {"GB", 30}, {"GiB", 30}, {"T", 40},   {"TB", 40}, {"TiB", 40}};
  for (const auto& candidate : kUnits) {
    if (unit != candidate.name) continue;
    if (number > (SIZE_MAX >> candidate.shift)) return std::nullopt;
    return number << candidate.shift;
  }
  return std::nullopt;
}

std::string DeviceUuid(int physical_index) {
  char text[48];
  snprintf(text, sizeof(text), "GPU-52616e6b-6c65-5647-5055-%012x", static_cast<unsigned>(physical_index));
  return text;
}

std::vector<int> ParseVisibleDevices(std::string_view list, int physical_count) {
  std::vector<int> visible;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::optional<int> device = ResolveDevice(Trim(list.substr(0, comma)), physical_count);
    if (!device || std::find(visible.begin(), visible.end(), *device) != visible.end()) break;
    visible.push_back(*device);
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return visible;
}

int PhysicalDeviceCount() {
  const char* text = std::getenv("RANKLE_VIRTUAL_GPUS");
  if (text == nullptr) return 1;
  const std::optional<long> count = ParseInteger(Trim(text));
  if (count && *count >= 0 && *count <= kMaxDevices) return static_cast<int>(*count);
  fprintf(stderr, "rankle: virtual GPU: RANKLE_VIRTUAL_GPUS=%s is not a number from 0 to %d; using 1\n", text,
          kMaxDevices);
  return 1;
}

Settings SettingsFromEnvironment() {
  Settings settings;
  const int physical_count = PhysicalDeviceCount();
  if (const char* list = std::getenv("CUDA_VISIBLE_DEVICES")) {
    settings.visible = ParseVisibleDevices(list, physical_count);
  } else {
    for (int i = 0; i < physical_count; ++i) settings.visible.push_back(i);
  }
  if (const char* text = std::getenv("RANKLE_VGPU_MEMORY")) {
    const std::optional<size_t> bytes = ParseBytes(text);
    if (bytes && *bytes > 0) {
      settings.memory_bytes = *bytes;
    } else {
      fprintf(stderr,
              "rankle: virtual GPU: RANKLE_VGPU_MEMORY=%s is not a size such as 512MiB; using 80GiB\n", text);
    }
  }
  if (const char* text = std::getenv("RANKLE_VGPU_KERNEL_TIME")) settings.kernel_time = text;
  return settings;
}

}  // namespace rankle::vgpu

// The modelled duration of kernels. RANKLE_VGPU_KERNEL_TIME is one duration for all ("50us") or a list of
// PATTERN=DURATION, first match wins ("*gemm*=200us,*=10us"). A pattern is a shell glob on the kernel's
// mangled name, its full C++ signature or its plain name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankle::vgpu {

// "10us", "1.5ms", "2s", "300ns"; a bare number counts microseconds.
std::optional<uint64_t> ParseDurationNs(std::string_view text);

// "void ns::add<float>(float*, int)" -> "add".
std::string PlainKernelName(std::string_view signature);

class KernelTimes {
 public:
  // Entries that cannot be parsed are put into `*errors` and left out.
  static KernelTimes Parse(std::string_view text, std::vector<std::string>* errors);

  uint64_t DurationNs(const std::string& mangled, const std::string& signature) const;

 private:
  struct Rule {
    std::string pattern;
    uint64_t duration_ns;
  };
  std::vector<Rule> rules_;
};

}  // namespace rankle::vgpu

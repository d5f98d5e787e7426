// The small floating-point formats of NCCL (fp16, bf16, fp8 e4m3 and e5m2) as conversions from and to float,
// with round-to-nearest-even. fp16 and bf16 overflow to infinity as IEEE does; the fp8 formats saturate at
// their largest finite value, which is what CUDA's conversions do by default. Pure functions, no state.
#pragma once

#include <bit>
#include <cstdint>

namespace rankle::virtual_nccl {

inline constexpr uint32_t kNoInfinity = ~0u;

// One format: exponent and mantissa widths, the largest finite code, what a larger value becomes, the codes
// of infinity and NaN.
template <int kExponentBits, int kMantissaBits, uint32_t kLargestFinite, uint32_t kOverflow,
          uint32_t kInfinity, uint32_t kNan>
struct SmallFloat {
  static constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  static constexpr int kShift = 23 - kMantissaBits;

  static uint32_t FromFloat(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const uint32_t sign = (bits >> 31) << (kExponentBits + kMantissaBits);
    const uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return sign | kNan;
    const int exponent = static_cast<int>(magnitude >> 23) - 127;
    if (exponent >= 1 - kBias) return sign | Normal(magnitude);
    return sign | Subnormal(magnitude, (1 - kBias) - exponent);
  }

  static float ToFloat(uint32_t code) {
    constexpr uint32_t kMagnitudeMask = (1u << (kExponentBits + kMantissaBits)) - 1;
    const uint32_t magnitude = code & kMagnitudeMask;
    const uint32_t sign = (code >> (kExponentBits + kMantissaBits)) << 31;
    uint32_t bits;
    if (magnitude > kLargestFinite) {
      bits = magnitude == kInfinity ? 0x7f800000u : 0x7fc00000u;
    } else if ((magnitude >> kMantissaBits) == 0) {
      // A subnormal is mantissa x 2^(1 - bias - mantissa bits): exact in float, also when float is subnormal
      // itself.
      const float unit = std::bit_cast<float>(UnitBits());
      bits = std::bit_cast<uint32_t>(static_cast<float>(magnitude) * unit);
    } else {
      bits = (magnitude << kShift) + (static_cast<uint32_t>(127 - kBias) << 23);
    }
    return std::bit_cast<float>(bits | sign);
  }

 private:
  static constexpr uint32_t UnitBits() {
    constexpr int kExponent = 1 - kBias - kMantissaBits + 127;
    return kExponent > 0 ? static_cast<uint32_t>(kExponent) << 23 : 1u << (22 + kExponent);
  }

  static uint32_t Normal(uint32_t magnitude) {
    const uint32_t half_minus_one = (1u << (kShift - 1)) - 1;
    const uint32_t rounded = (magnitude + half_minus_one + ((magnitude >> kShift) & 1)) >> kShift;
    const uint32_t code = rounded - (static_cast<uint32_t>(127 - kBias) << kMantissaBits);
    return code > kLargestFinite ? kOverflow : code;
  }

  static uint32_t Subnormal(uint32_t magnitude, int steps_below) {
    const int shift = kShift + steps_below;
    if (shift > 25) return 0;
    const bool has_hidden_bit = (magnitude >> 23) != 0;
    const uint32_t mantissa = (magnitude & 0x7fffffu) | (has_hidden_bit ? 0x800000u : 0u);
    const uint32_t code = mantissa >> shift;
    const uint32_t rest = mantissa & ((1u << shift) - 1);
    const uint32_t half = 1u << (shift - 1);
    return code + (rest > half || (rest == half && (code & 1)) ? 1 : 0);
  }
};

using Half = SmallFloat<5, 10, 0x7bff, 0x7c00, 0x7c00, 0x7e00>;
using Float8e4m3 = SmallFloat<4, 3, 0x7e, 0x7e, kNoInfinity, 0x7f>;
using Float8e5m2 = SmallFloat<5, 2, 0x7b, 0x7b, 0x7c, 0x7f>;

// bf16 has float's exponent, so its conversions are plain shifts (and the hot ones in training).
struct Bfloat16 {
  static uint32_t FromFloat(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (bits >> 16) | 0x40u;
    return (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16;
  }
  static float ToFloat(uint32_t code) { return std::bit_cast<float>(code << 16); }
};

}  // namespace rankle::virtual_nccl

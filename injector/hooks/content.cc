#include "injector/hooks/content.h"

#include <nccl.h>
#include <string.h>

#include <bit>

namespace rankle::hooks {
namespace {

// Eight bytes at a time with a multiply and a rotation (the round of xxHash64 by Y. Collet): about a byte per
// cycle would not do for every result of a job.
uint64_t HashContent(const unsigned char* bytes, size_t size) {
  constexpr uint64_t kPrime1 = 0x9e3779b185ebca87ull, kPrime2 = 0xc2b2ae3d27d4eb4full;
  uint64_t hash = kPrime1 + size;
  while (size != 0) {
    uint64_t word = 0;
    const size_t step = size < sizeof(word) ? size : sizeof(word);
    memcpy(&word, bytes, step);
    hash = std::rotl(hash ^ (std::rotl(word * kPrime2, 31) * kPrime1), 27) * kPrime1 + kPrime2;
    bytes += step;
    size -= step;
  }
  hash = (hash ^ (hash >> 33)) * kPrime2;
  return hash ^ (hash >> 29);
}

// A floating-point format: sign, exponent, mantissa. All-ones exponents are NaN or infinite, except in e4m3
// (OCP FP8), where only the all-ones mantissa is a NaN.
template <typename Bits, int kMantissa, int kExponent, bool kOnlyNan = false>
void Scan(const unsigned char* bytes, size_t size, Content& content) {
  constexpr Bits kMantissaMask = static_cast<Bits>((Bits{1} << kMantissa) - 1);
  constexpr Bits kExponentMask = static_cast<Bits>(((Bits{1} << kExponent) - 1) << kMantissa);
  constexpr Bits kMagnitude = static_cast<Bits>(kMantissaMask | kExponentMask);
  Bits largest = 0;
  for (size_t at = 0; at + sizeof(Bits) <= size; at += sizeof(Bits)) {
    Bits value;
    memcpy(&value, bytes + at, sizeof(value));
    value = static_cast<Bits>(value & kMagnitude);
    const bool nonfinite = kOnlyNan ? value == kMagnitude : (value & kExponentMask) == kExponentMask;
    if (nonfinite) {
      ++content.nonfinite;
    } else if (value > largest) {
      largest = value;  // magnitudes order like their bits
    }
  }
  constexpr int kBias = (1 << (kExponent - 1)) - 1;
  const int exponent = static_cast<int>(largest >> kMantissa);
  const double fraction =
      static_cast<double>(largest & kMantissaMask) / static_cast<double>(Bits{1} << kMantissa);
  if (largest == 0) return;
  const double scale = exponent == 0 ? fraction : 1 + fraction;
  content.largest = static_cast<float>(__builtin_ldexp(scale, (exponent == 0 ? 1 : exponent) - kBias));
}

}  // namespace

Content Summarise(const void* data, size_t size, int dtype) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  Content content;
  content.hash = HashContent(bytes, size);
  switch (dtype) {
    case ncclFloat16:
      Scan<uint16_t, 10, 5>(bytes, size, content);
      break;
    case ncclBfloat16:
      Scan<uint16_t, 7, 8>(bytes, size, content);
      break;
    case ncclFloat32:
      Scan<uint32_t, 23, 8>(bytes, size, content);
      break;
    case ncclFloat64:
      Scan<uint64_t, 52, 11>(bytes, size, content);
      break;
    case ncclFloat8e4m3:
      Scan<uint8_t, 3, 4, true>(bytes, size, content);
      break;
    case ncclFloat8e5m2:
      Scan<uint8_t, 2, 5>(bytes, size, content);
      break;
    default:
      break;
  }
  return content;
}

}  // namespace rankle::hooks

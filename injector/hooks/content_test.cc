#include "injector/hooks/content.h"

#include <gtest/gtest.h>
#include <nccl.h>

#include <cmath>
#include <limits>
#include <vector>

namespace rankle::hooks {
namespace {

template <typename T>
Content Of(const std::vector<T>& values, int dtype) {
  return Summarise(values.data(), values.size() * sizeof(T), dtype);
}

TEST(Content, OneChangedBitAnywhereChangesTheHash) {
  std::vector<unsigned char> bytes(1003, 7);
  const uint64_t before = Of(bytes, ncclInt8).hash;
  EXPECT_EQ(Of(bytes, ncclInt8).hash, before);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= 1u << (i % 8);
    EXPECT_NE(Of(bytes, ncclInt8).hash, before) << i;
    bytes[i] ^= 1u << (i % 8);
  }
}

TEST(Content, LengthsDiffer) {
  EXPECT_NE(Of(std::vector<unsigned char>(8), ncclInt8).hash,
            Of(std::vector<unsigned char>(9), ncclInt8).hash);
}

TEST(Content, FindsTheLargestFiniteValue) {
  EXPECT_FLOAT_EQ(Of<float>({1.5f, -37.25f, 0, 3}, ncclFloat32).largest, 37.25f);
  EXPECT_FLOAT_EQ(Of<double>({1e-300, -2.5}, ncclFloat64).largest, 2.5f);
  EXPECT_FLOAT_EQ(Of<float>({1e-40f}, ncclFloat32).largest, 1e-40f);  // subnormal
  EXPECT_FLOAT_EQ(Of<uint16_t>({0x3c00, 0xc200}, ncclFloat16).largest, 3.0f);
  EXPECT_FLOAT_EQ(Of<uint16_t>({0x3f80, 0xc040}, ncclBfloat16).largest, 3.0f);
  EXPECT_FLOAT_EQ(Of<uint8_t>({0x38, 0x7e}, ncclFloat8e4m3).largest, 448.0f);  // the format's largest
  EXPECT_EQ(Of<int32_t>({5, -9}, ncclInt32).largest, 0);
}

TEST(Content, CountsWhatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const Content content = Of<float>({1, nan, -inf, 2, -nan}, ncclFloat32);
  EXPECT_EQ(content.nonfinite, 3u);
  EXPECT_FLOAT_EQ(content.largest, 2);
  EXPECT_EQ(Of<double>({NAN, 1}, ncclFloat64).nonfinite, 1u);
  EXPECT_EQ(Of<uint16_t>({0x7c00, 0x7e00, 0x7bff}, ncclFloat16).nonfinite, 2u);
  EXPECT_EQ(Of<uint16_t>({0x7f80, 0xffff}, ncclBfloat16).nonfinite, 2u);
  EXPECT_EQ(Of<uint8_t>({0x7f, 0xff, 0x7e}, ncclFloat8e4m3).nonfinite, 2u);
  EXPECT_EQ(Of<uint8_t>({0x7c, 0x7b}, ncclFloat8e5m2).nonfinite, 1u);
  EXPECT_EQ(Of<int32_t>({-1}, ncclInt32).nonfinite, 0u);
}

TEST(Content, NothingIsNothing) {
  const Content content = Summarise(nullptr, 0, ncclFloat32);
  EXPECT_EQ(content.nonfinite, 0u);
  EXPECT_EQ(content.largest, 0);
}

}  // namespace
}  // namespace rankle::hooks

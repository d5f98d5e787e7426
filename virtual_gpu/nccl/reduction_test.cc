// Conversions of the small float formats agree with CUDA's own, bit for bit; reductions round and wrap as
// they must.
#include "virtual_gpu/nccl/reduction.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "virtual_gpu/nccl/float_formats.h"
#include "virtual_gpu/nccl/testing/values.h"

namespace rankle::virtual_nccl {
namespace {

template <typename Format, typename Cuda, typename Code>
void ExpectDecodesLikeCuda(uint32_t codes) {
  for (uint32_t code = 0; code < codes; ++code) {
    const Code narrow = static_cast<Code>(code);
    Cuda value;
    std::memcpy(static_cast<void*>(&value), &narrow, sizeof narrow);
    const float expected = static_cast<float>(value);
    const float actual = Format::ToFloat(code);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(actual)) << code;
    } else {
      EXPECT_EQ(std::bit_cast<uint32_t>(actual), std::bit_cast<uint32_t>(expected)) << code;
    }
  }
}

template <typename Format, typename Cuda, typename Code>
void ExpectEncodesLikeCuda() {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> exponent(-32, 20);
  for (int i = 0; i < 200000; ++i) {
    const float sign = (i & 1) != 0 ? -1.0f : 1.0f;
    const float value = i < 4000 ? static_cast<float>(i) / 64.0f : sign * std::exp2(exponent(random));
    const Cuda encoded(value);
    Code expected;
    std::memcpy(&expected, &encoded, sizeof expected);
    ASSERT_EQ(Format::FromFloat(value), expected) << value;
  }
}

TEST(FloatFormats, DecodeLikeCuda) {
  ExpectDecodesLikeCuda<Half, __half, uint16_t>(1 << 16);
  ExpectDecodesLikeCuda<Bfloat16, __nv_bfloat16, uint16_t>(1 << 16);
  ExpectDecodesLikeCuda<Float8e4m3, __nv_fp8_e4m3, uint8_t>(1 << 8);
  ExpectDecodesLikeCuda<Float8e5m2, __nv_fp8_e5m2, uint8_t>(1 << 8);
}

TEST(FloatFormats, EncodeLikeCuda) {
  ExpectEncodesLikeCuda<Half, __half, uint16_t>();
  ExpectEncodesLikeCuda<Bfloat16, __nv_bfloat16, uint16_t>();
  ExpectEncodesLikeCuda<Float8e4m3, __nv_fp8_e4m3, uint8_t>();
  ExpectEncodesLikeCuda<Float8e5m2, __nv_fp8_e5m2, uint8_t>();
}

TEST(Reduction, SignedIntegersWrap) {
  int8_t partial = 127;
  const int8_t one = 1;
  Reduction::BuiltIn(ncclInt8, ncclSum, 2).Accumulate(&partial, &one, 1);
  EXPECT_EQ(partial, -128);
}

TEST(Reduction, IntegerAverageTruncatesTowardsZero) {
  int32_t partial = -7;
  Reduction::BuiltIn(ncclInt32, ncclAvg, 2).Finish(&partial, 1);
  EXPECT_EQ(partial, -3);
}

TEST(Reduction, HalfAverageDoesNotOverflowOnItsWay) {
  const __half large(60000.0f);
  uint16_t partial = 0;
  const Reduction average = Reduction::BuiltIn(ncclFloat16, ncclAvg, 2);
  average.Load(&partial, &large, 1);
  average.Accumulate(&partial, &large, 1);
  average.Finish(&partial, 1);
  EXPECT_EQ(Half::ToFloat(partial), static_cast<float>(large));
}

TEST(Reduction, MaximumPrefersNumbersToNan) {
  float partial = std::nanf("");
  const float two = 2;
  Reduction::BuiltIn(ncclFloat, ncclMax, 2).Accumulate(&partial, &two, 1);
  EXPECT_EQ(partial, 2);
}

TEST(Reduction, UnalignedBuffersWork) {
  alignas(8) char in[20] = {};
  alignas(8) char partial[20] = {};
  const double value = 1.5;
  std::memcpy(in + 1, &value, sizeof value);
  std::memcpy(partial + 3, &value, sizeof value);
  Reduction::BuiltIn(ncclDouble, ncclSum, 2).Accumulate(partial + 3, in + 1, 1);
  double sum = 0;
  std::memcpy(&sum, partial + 3, sizeof sum);
  EXPECT_EQ(sum, 3.0);
}

TEST(Reduction, UnknownTypesHaveNoSize) {
  EXPECT_EQ(ElementSize(ncclNumTypes), 0u);
  EXPECT_EQ(ElementSize(static_cast<ncclDataType_t>(-1)), 0u);
}

}  // namespace
}  // namespace rankle::virtual_nccl

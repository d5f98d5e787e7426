// Collectives move and reduce the right bytes: every function, datatype, operation and several sizes on 1 to
// 8 ranks, against a reference in double.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "virtual_gpu/nccl/testing/ranks.h"
#include "virtual_gpu/nccl/testing/values.h"

namespace rankle::virtual_nccl::testing {
namespace {

struct Shape {
  ncclDataType_t type = ncclFloat;
  ncclRedOp_t op = ncclSum;
  size_t count = 0;
  int root = 0;
  bool in_place = false;

  std::string Text() const {
    return "type " + std::to_string(type) + " op " + std::to_string(op) + " count " + std::to_string(count) +
           " root " + std::to_string(root) + (in_place ? " in place" : "");
  }
};

// One collective as its sizes, its call and its meaning.
struct Collective {
  const char* name;
  size_t send_blocks;  // blocks of `count` elements; 0 means one per rank
  size_t receive_blocks;
  bool only_root_receives;
  std::function<ncclResult_t(const void*, void*, const Shape&, Rank&)> call;
  // Expected element i of rank r's receive buffer: from (rank, index) pairs of send buffers.
  std::function<std::vector<std::pair<int, size_t>>(int nranks, int r, size_t i, const Shape&)> sources;
};

std::vector<std::pair<int, size_t>> FromAll(int nranks, size_t index) {
  std::vector<std::pair<int, size_t>> sources;
  for (int rank = 0; rank < nranks; ++rank) sources.emplace_back(rank, index);
  return sources;
}

const std::vector<Collective>& Collectives() {
  using Sources = std::vector<std::pair<int, size_t>>;
  static const std::vector<Collective> all = {
      {"AllReduce", 1, 1, false,
       [](const void* s, void* r, const Shape& a, Rank& k) {
         return ncclAllReduce(s, r, a.count, a.type, a.op, k.comm, k.stream);
       },
       [](int n, int, size_t i, const Shape&) { return FromAll(n, i); }},
      {"Reduce", 1, 1, true,
       [](const void* s, void* r, const Shape& a, Rank& k) {
         return ncclReduce(s, r, a.count, a.type, a.op, a.root, k.comm, k.stream);
       },
       [](int n, int, size_t i, const Shape&) { return FromAll(n, i); }},
      {"ReduceScatter", 0, 1, false,
       [](const void* s, void* r, const Shape& a, Rank& k) {
         return ncclReduceScatter(s, r, a.count, a.type, a.op, k.comm, k.stream);
       },
       [](int n, int r, size_t i, const Shape& a) { return FromAll(n, r * a.count + i); }},
      {"AllGather", 1, 0, false,
       [](const void* s, void* r, const Shape& a, Rank& k) {
         return ncclAllGather(s, r, a.count, a.type, k.comm, k.stream);
       },
       [](int, int, size_t i, const Shape& a) {
         return Sources{{static_cast<int>(i / a.count), i % a.count}};
       }},
      {"Broadcast", 1, 1, false,
       [](const void* s, void* r, const Shape& a, Rank& k) {
         return ncclBroadcast(s, r, a.count, a.type, a.root, k.comm, k.stream);
       },
       [](int, int, size_t i, const Shape& a) {
         return Sources{{a.root, i}};
       }},
      {"AlltoAll", 0, 0, false,
       [](const void* s, void* r, const Shape& a, Rank& k) {
         return ncclAlltoAll(s, r, a.count, a.type, k.comm, k.stream);
       },
       [](int, int r, size_t i, const Shape& a) {
         return Sources{{static_cast<int>(i / a.count), r * a.count + i % a.count}};
       }},
      {"Gather", 1, 0, true,
       [](const void* s, void* r, const Shape& a, Rank& k) {
         return ncclGather(s, r, a.count, a.type, a.root, k.comm, k.stream);
       },
       [](int, int, size_t i, const Shape& a) {
         return Sources{{static_cast<int>(i / a.count), i % a.count}};
       }},
      {"Scatter", 0, 1, false,
       [](const void* s, void* r, const Shape& a, Rank& k) {
         return ncclScatter(s, r, a.count, a.type, a.root, k.comm, k.stream);
       },
       [](int, int r, size_t i, const Shape& a) {
         return Sources{{a.root, r * a.count + i}};
       }},
  };
  return all;
}

bool Reduces(const Collective& c) { return std::string(c.name).find("Reduce") != std::string::npos; }

// In place where the two buffers may be one: NCCL's rules for gathers and scatters are offsets into the
// larger buffer.
void* InPlaceReceive(const Collective& c, Array& send, const Shape& shape, int rank) {
  return c.send_blocks == 0 && c.receive_blocks == 1 ? send.at(rank * shape.count) : send.data();
}

void RunAndCheck(World& world, int nranks, const Collective& c, const Shape& shape) {
  const size_t n = static_cast<size_t>(nranks);
  const size_t send_count = (c.send_blocks == 0 ? n : c.send_blocks) * shape.count;
  const size_t receive_count = (c.receive_blocks == 0 ? n : c.receive_blocks) * shape.count;
  const ncclRedOp_t pattern = Reduces(c) ? shape.op : ncclMax;
  world.Run([&](Rank& rank) {
    Array send(shape.type, std::max(send_count, shape.in_place ? receive_count : 0));
    Array receive(shape.type, receive_count + 1);
    for (size_t i = 0; i < send_count; ++i) send.Set(i, Input(rank.rank, i, pattern));
    void* const target = shape.in_place ? InPlaceReceive(c, send, shape, rank.rank) : receive.data();
    ASSERT_EQ(c.call(send.data(), target, shape, rank), ncclSuccess) << ncclGetLastError(rank.comm);
    cudaStreamSynchronize(rank.stream);
    if (receive_count == 0 || (c.only_root_receives && rank.rank != shape.root)) return;
    if (shape.in_place) std::memcpy(receive.data(), target, receive_count * SizeOf(shape.type));
    // Large results are sampled with a stride that meets every position within a chunk in the course of the
    // tests.
    const size_t stride = receive_count > 1000 ? 17 : 1;
    for (size_t step = 0; step * stride < receive_count + stride - 1; ++step) {
      const size_t i = std::min(step * stride, receive_count - 1);
      std::vector<double> inputs;
      for (const auto& [source, index] : c.sources(nranks, rank.rank, i, shape)) {
        inputs.push_back(Input(source, index, pattern));
      }
      ASSERT_NEAR(receive.Get(i), Reduced(inputs, shape.type, Reduces(c) ? shape.op : ncclMax),
                  Tolerance(shape.type, shape.op))
          << c.name << " rank " << rank.rank << "/" << nranks << " element " << i << " " << shape.Text();
    }
    if (!shape.in_place) {
      ASSERT_EQ(receive.Get(receive_count), Array(shape.type, 1).Get(0)) << c.name << " wrote past its end";
    }
  });
}

class CollectivesTest : public ::testing::TestWithParam<int> {};

TEST_P(CollectivesTest, EveryTypeAndOperationMatchesTheReference) {
  World world(GetParam());
  for (const Collective& c : Collectives()) {
    for (int type = 0; type < ncclNumTypes; ++type) {
      for (int op = 0; op < (Reduces(c) ? ncclNumOps : 1); ++op) {
        const bool large = op == ncclSum || op == ncclAvg;
        for (size_t count : {size_t{0}, size_t{1}, size_t{33}, size_t{large ? 17001u : 2u}}) {
          const Shape shape{static_cast<ncclDataType_t>(type), static_cast<ncclRedOp_t>(op), count,
                            GetParam() - 1, false};
          RunAndCheck(world, GetParam(), c, shape);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_P(CollectivesTest, InPlaceMatchesTheReference) {
  World world(GetParam());
  for (const Collective& c : Collectives()) {
    const std::string name = c.name;
    if (name == "AlltoAll" || name == "Gather" || name == "Scatter" || name == "AllGather") continue;
    for (size_t count : {size_t{5}, size_t{40001}}) {
      RunAndCheck(world, GetParam(), c, {ncclInt32, ncclSum, count, 0, true});
      if (HasFatalFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, CollectivesTest, ::testing::Range(1, 9));

TEST(CollectivesTest, MessagesOfManyChunksMatchTheReference) {
  World world(3);
  for (const Collective& c : Collectives()) {
    const bool per_rank_blocks = c.send_blocks == 0 || c.receive_blocks == 0;
    const size_t count = (per_rank_blocks ? 1 : 4) * (1 << 20) + 12345;  // 4 to 17 MiB
    RunAndCheck(world, 3, c, {ncclFloat, ncclSum, count, 1, false});
    if (HasFatalFailure()) return;
  }
}

TEST(CollectivesTest, AllGatherInPlaceKeepsTheOwnBlock) {
  World world(4);
  constexpr size_t kCount = 30000;
  world.Run([&](Rank& rank) {
    std::vector<int> data(4 * kCount, -1);
    std::fill_n(data.begin() + rank.rank * kCount, kCount, rank.rank);
    ASSERT_EQ(
        ncclAllGather(data.data() + rank.rank * kCount, data.data(), kCount, ncclInt, rank.comm, rank.stream),
        ncclSuccess);
    cudaStreamSynchronize(rank.stream);
    for (size_t i = 0; i < data.size(); ++i) ASSERT_EQ(data[i], static_cast<int>(i / kCount));
  });
}

TEST(CollectivesTest, PreMultipliedSumReadsDeviceScalarsWhenTheCollectiveRuns) {
  World world(3);
  world.Run([](Rank& rank) {
    float scalar = 0;
    ncclRedOp_t op;
    ASSERT_EQ(ncclRedOpCreatePreMulSum(&op, &scalar, ncclFloat, ncclScalarDevice, rank.comm), ncclSuccess);
    scalar = 2.0f + static_cast<float>(rank.rank);
    float in = 10;
    float out = 0;
    ASSERT_EQ(ncclAllReduce(&in, &out, 1, ncclFloat, op, rank.comm, rank.stream), ncclSuccess);
    ASSERT_EQ(ncclRedOpDestroy(op, rank.comm), ncclSuccess);
    cudaStreamSynchronize(rank.stream);
    EXPECT_EQ(out, 90);
    EXPECT_EQ(ncclAllReduce(&in, &out, 1, ncclFloat, op, rank.comm, rank.stream), ncclInvalidArgument);
  });
}

TEST(CollectivesTest, PreMultipliedSumTakesHostScalarsAtOnce) {
  World world(2);
  world.Run([](Rank& rank) {
    int64_t scalar = 3;
    ncclRedOp_t op;
    ASSERT_EQ(ncclRedOpCreatePreMulSum(&op, &scalar, ncclInt64, ncclScalarHostImmediate, rank.comm),
              ncclSuccess);
    scalar = 1000;
    std::vector<int64_t> data(50000, rank.rank + 1);
    ASSERT_EQ(ncclAllReduce(data.data(), data.data(), data.size(), ncclInt64, op, rank.comm, rank.stream),
              ncclSuccess);
    cudaStreamSynchronize(rank.stream);
    for (int64_t value : data) ASSERT_EQ(value, 9);
    float wrong_type = 0;
    EXPECT_EQ(ncclAllReduce(&wrong_type, &wrong_type, 1, ncclFloat, op, rank.comm, rank.stream),
              ncclInvalidArgument);
  });
}

}  // namespace
}  // namespace rankle::virtual_nccl::testing

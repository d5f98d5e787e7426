#include "tracer/ebpf/call.h"

#include <gtest/gtest.h>

#include "injector/api/table.h"
#include "injector/plan/random.h"
#include "tracer/ebpf/draw.h"
#include "tracer/ebpf/probes.h"

namespace rankle::ebpf {
namespace {

const api::ApiInfo& Api(const char* name) { return *api::FindApi(name); }

rankle_enter_event NumberedArguments() {
  rankle_enter_event event = {};
  for (uint64_t i = 0; i < RANKLE_REGISTER_ARGUMENTS; ++i) event.registers[i] = 100 + i;
  for (uint64_t i = 0; i < RANKLE_STACK_WORDS; ++i) event.stack[i] = 200 + i;
  return event;
}

TEST(Call, TheSeventhArgumentLiesInMemory) {
  const rankle_enter_event event = NumberedArguments();
  const Call call(Api("ncclAllReduce"), event);
  EXPECT_EQ(call.Word(2), 102u);
  EXPECT_EQ(call.comm(), 105u);
  EXPECT_EQ(call.stream(), 200u);
}

// ncclCommInitRankConfig(comm, nranks, id by value, rank, config): the id takes no register.
TEST(Call, AStructByValueMovesTheArgumentsBehindItUp) {
  const rankle_enter_event event = NumberedArguments();
  const Call call(Api("ncclCommInitRankConfig"), event);
  EXPECT_EQ(call.Word(0), 100u);
  EXPECT_EQ(call.Word(1), 101u);
  EXPECT_EQ(call.Word(3), 102u);
  EXPECT_EQ(call.Word(4), 103u);
  ASSERT_EQ(call.unique_id().size(), 128u);
  EXPECT_EQ(static_cast<unsigned char>(call.unique_id()[0]), 200);
  EXPECT_TRUE(Call(Api("ncclAllReduce"), event).unique_id().empty());
}

TEST(Probes, ACookieTellsWhereHandlesAndPayloadAre) {
  const rankle_cookie all_reduce = CookieOf(Api("ncclAllReduce"));
  EXPECT_EQ(all_reduce.bytes_kind, RANKLE_BYTES_COUNT);
  EXPECT_EQ(all_reduce.first, 3);
  EXPECT_EQ(all_reduce.second, 4);
  EXPECT_EQ(all_reduce.stack_words, 1) << "the stream";
  EXPECT_EQ(CookieOf(Api("ncclCommSplit")).out_argument, 4);
  EXPECT_EQ(CookieOf(Api("ncclCommSplit")).bytes_kind, RANKLE_CONFIG);
  EXPECT_EQ(CookieOf(Api("cudaMalloc")).bytes_kind, RANKLE_BYTES_SIZE);
  EXPECT_EQ(CookieOf(Api("cudaStreamQuery")).tell, RANKLE_TELL_SUCCESS);
  EXPECT_EQ(CookieOf(Api("ncclCommGetAsyncError")).tell, RANKLE_TELL_ERROR);
  EXPECT_EQ(CookieOf(Api("ncclCommInitRank")).stack_words, RANKLE_STACK_WORDS);
}

TEST(Probes, WhatOnlyEnqueuesIsLeftAloneUnlessAFaultIsAimedAtIt) {
  EXPECT_TRUE(IsTraced(Api("ncclAllReduce")));
  EXPECT_TRUE(IsTraced(Api("cudaStreamSynchronize")));
  EXPECT_FALSE(IsTraced(Api("cudaLaunchKernel")));
  EXPECT_FALSE(IsTraced(Api("cudaMemcpyAsync")));
  EXPECT_FALSE(IsTraced(Api("connect")));
  EXPECT_EQ(ApiOfSymbol("pncclAllReduce"), &Api("ncclAllReduce"));
  EXPECT_EQ(ApiOfSymbol("cuMemAlloc_v2"), &Api("cuMemAlloc"));
  EXPECT_EQ(ApiOfSymbol("connect"), nullptr);
  EXPECT_EQ(ApiOfSymbol("curl_easy_init"), nullptr);
}

// The kernel side draws what the hooks draw: a probability of the plan meets the same calls.
TEST(Draw, IsThatOfTheHooks) {
  for (const uint64_t seed : {0ull, 1ull, 0xfedcba9876543210ull}) {
    for (const uint64_t fault : {0, 3}) {
      for (const int64_t rank : {-1, 0, 7}) {
        for (uint64_t call = 1; call < 50; ++call) {
          const uint64_t seed_key = plan::MixBits(plan::MixBits(seed) ^ fault);
          EXPECT_EQ(static_cast<double>(rankle_draw(seed_key, rank, call)) * 0x1p-53,
                    plan::DrawPoint(seed, fault, rank, call).Unit(0));
        }
      }
    }
  }
}

}  // namespace
}  // namespace rankle::ebpf

#include "injector/api/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "injector/api/results.h"

namespace rankle::api {
namespace {

TEST(ApiTable, IsOrderedByIdWithUniqueNamesAndFitsTheArmedPlanBitSet) {
  std::set<std::string_view> names;
  uint16_t last = 0;
  for (const ApiInfo& api : AllApis()) {
    EXPECT_GT(api.id, last) << api.name;
    EXPECT_LT(api.id, 1024) << api.name;
    EXPECT_TRUE(names.insert(api.name).second) << api.name;
    last = api.id;
  }
}

TEST(ApiTable, IdsStoredInFlightRecordsDoNotChange) {
  EXPECT_EQ(FindApi("ncclCommInitRank")->id, 3);
  EXPECT_EQ(FindApi("ncclAllReduce")->id, 28);
  EXPECT_EQ(FindApi("ncclRecv")->id, 38);
  EXPECT_EQ(FindApi("cudaMalloc")->id, 200);
  EXPECT_EQ(FindApi("cudaMemcpyAsync")->id, 224);
  EXPECT_EQ(FindApi("cuMemAlloc")->id, 402);
  EXPECT_EQ(FindApi("rankleMarkStep")->id, 900);
}

TEST(ApiTable, DerivesArgumentPositionsFromThePrototype) {
  const ApiInfo& reduce = *FindApi("ncclReduce");
  EXPECT_EQ(reduce.args.sendbuf, 0);
  EXPECT_EQ(reduce.args.recvbuf, 1);
  EXPECT_EQ(reduce.args.count, 2);
  EXPECT_EQ(reduce.args.dtype, 3);
  EXPECT_EQ(reduce.args.redop, 4);
  EXPECT_EQ(reduce.args.root, 5);
  EXPECT_EQ(reduce.args.peer, -1);
  EXPECT_EQ(reduce.args.comm, 6);
  EXPECT_EQ(reduce.args.stream, 7);
  const ApiInfo& send = *FindApi("ncclSend");
  EXPECT_EQ(send.args.sendbuf, 0);
  EXPECT_EQ(send.args.recvbuf, -1);
  EXPECT_EQ(send.args.peer, 3);
  EXPECT_EQ(FindApi("ncclBcast")->args.recvbuf, 0);
  EXPECT_EQ(FindApi("cudaMemcpyAsync")->args.bytes, 2);
  EXPECT_EQ(FindApi("cudaMemcpyAsync")->args.stream, 4);
  EXPECT_EQ(FindApi("cudaMalloc")->args.bytes, 1);
}

TEST(ApiTable, EveryCollectiveKnowsItsCountTypeCommunicatorAndStream) {
  int collectives = 0;
  for (const ApiInfo& api : AllApis()) {
    if (!(api.groups & (kCollective | kP2p))) continue;
    ++collectives;
    EXPECT_GE(api.args.count, 0) << api.name;
    EXPECT_GE(api.args.dtype, 0) << api.name;
    EXPECT_GE(api.args.comm, 0) << api.name;
    EXPECT_GE(api.args.stream, 0) << api.name;
    EXPECT_GE(std::max(api.args.sendbuf, api.args.recvbuf), 0) << api.name;
  }
  EXPECT_EQ(collectives, 19);
}

TEST(FindApi, KnowsExportedSymbolsAndProfilingAliases) {
  EXPECT_EQ(FindApi("pncclAllReduce"), FindApi("ncclAllReduce"));
  EXPECT_EQ(FindApi("cuMemAlloc_v2"), FindApi("cuMemAlloc"));
  EXPECT_EQ(FindApi("cuMemcpyHtoDAsync_v2_ptsz"), FindApi("cuMemcpyHtoDAsync"));
  EXPECT_EQ(FindApi("ncclNoSuchThing"), nullptr);
}

TEST(FindApi, FindsEveryIdAndNoOther) {
  for (const ApiInfo& api : AllApis()) EXPECT_EQ(FindApi(api.id), &api);
  EXPECT_EQ(FindApi(uint16_t{0}), nullptr);
  EXPECT_EQ(FindApi(uint16_t{199}), nullptr);
  EXPECT_EQ(FindApi(uint16_t{1023}), nullptr);
}

TEST(ApiName, NamesIdsOfNewerVersions) {
  EXPECT_EQ(ApiName(28), "ncclAllReduce");
  EXPECT_EQ(ApiName(199), "api#199");
  EXPECT_EQ(ApiName(199).data(), ApiName(199).data());
}

TEST(GroupByName, KnowsTheGroupsOfThePlanLanguage) {
  for (const char* name :
       {"collective", "p2p", "cuda", "malloc", "memcpy", "launch", "sync", "socket", "file", "process"}) {
    EXPECT_NE(GroupByName(name), 0u) << name;
  }
  EXPECT_EQ(GroupByName("ncclAllReduce"), 0u);
  EXPECT_TRUE(FindApi("cudaMemcpy")->groups & GroupByName("cuda"));
  EXPECT_TRUE(FindApi("cudaLaunchKernel")->groups & GroupByName("launch"));
}

TEST(Names, OfDataTypesOperatorsAndResults) {
  EXPECT_EQ(DataTypeBytes(7), 4u);
  EXPECT_EQ(DataTypeBytes(9), 2u);
  EXPECT_EQ(DataTypeBytes(200), 0u);
  EXPECT_EQ(DataTypeName(9), "bfloat16");
  EXPECT_EQ(DataTypeByName("float32"), 7);
  EXPECT_EQ(DataTypeByName("half"), 6);
  EXPECT_EQ(DataTypeByName("float33"), -1);
  EXPECT_EQ(RedOpName(0), "sum");
  EXPECT_EQ(RedOpName(0xfe), "custom");
  EXPECT_EQ(RedOpName(0xff), "");
  EXPECT_EQ(NcclResultName(6), "ncclRemoteError");
  EXPECT_EQ(NcclResultName(42), "ncclResult#42");
  EXPECT_EQ(CudaResultName(700), "cudaErrorIllegalAddress (700)");
  EXPECT_EQ(CudaResultName(12345), "CUDA error 12345");
}

}  // namespace
}  // namespace rankle::api

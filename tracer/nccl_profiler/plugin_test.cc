// The library as NCCL uses it: loaded by path, one symbol a version, each driven through its own structures.
// One process has one transport record; every version is a communicator in it.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "tracer/nccl_profiler/abi_traits.h"
#include "tracer/nccl_profiler/handle.h"
#include "tracer/transport/reader.h"

namespace rankle::nccl_profiler {
namespace {

using profiler::Abi;

constexpr int kCollType = 2, kP2pType = 4, kOpType = 8, kStepType = 16;
constexpr int kSendDone = 3, kSendGpuWait = 8, kSendWait = 9;

const std::string& Directory() {
  static const std::string directory = [] {
    std::string name = ::testing::TempDir() + "profiler-test-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    setenv("RANKLE_OUT", name.c_str(), 1);
    setenv("RANK", "6", 1);
    return name;
  }();
  return directory;
}

transport::TransportRecord Read() {
  for (const auto& entry : std::filesystem::directory_iterator(Directory())) {
    auto record = transport::ReadTransportRecord(entry.path());
    EXPECT_TRUE(record.ok()) << record.status();
    if (record.ok()) return *record;
  }
  ADD_FAILURE() << "no record";
  return {};
}

template <typename Version>
class PluginTest : public ::testing::Test {
 protected:
  static constexpr int V = Version::value;
  using Descr = typename Abi<V>::Descr;
  static constexpr int kSelf = 2, kPeer = 5;

  PluginTest() {
    Directory();
    library_ = dlopen(RANKLE_PROFILER_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    const std::string symbol = "ncclProfiler_v" + std::to_string(V);
    plugin_ = static_cast<typename Abi<V>::Plugin*>(dlsym(library_, symbol.c_str()));
  }
  void* Init(int* mask) {
    void* context = nullptr;
    if constexpr (V <= 3) {
      EXPECT_EQ(plugin_->init(&context, mask), ncclSuccess);
    } else if constexpr (V == 4) {
      EXPECT_EQ(plugin_->init(&context, mask, "dp", Hash(), 1, 8, kSelf, nullptr), ncclSuccess);
    } else {
      EXPECT_EQ(plugin_->init(&context, Hash(), mask, "dp", 1, 8, kSelf, nullptr), ncclSuccess);
    }
    return context;
  }
  static uint64_t Hash() { return 0x1000 + V; }
  void* Start(void* context, Descr& descr) {
    void* handle = &descr;  // to see that it is set
    EXPECT_EQ(plugin_->startEvent(context, &handle, &descr), ncclSuccess);
    return handle;
  }
  void Record(void* handle, int state, size_t bytes) {
    typename Abi<V>::Args args{};
    if constexpr (V <= 3) {
      args.proxyOp = {bytes, 1};
    } else {
      args.proxyStep.transSize = bytes;
    }
    EXPECT_EQ(plugin_->recordEventState(handle, state, &args), ncclSuccess);
  }
  // A collective with one send of one step, which stays open unless `finish`.
  void Send(void* context, bool finish, pid_t pid = getpid()) {
    Descr coll{};
    coll.type = kCollType, coll.rank = kSelf;
    if constexpr (V <= 3) coll.coll.name = "dp", coll.coll.commHash = Hash();
    if constexpr (V == 1) {
      coll.coll.func = 4;  // ncclFuncAllReduce
    } else {
      coll.coll.func = "AllReduce";
    }
    coll.coll.count = 1024, coll.coll.seqNumber = finish ? 7 : 8;
    void* const task = Start(context, coll);
    Descr op{};
    op.type = kOpType, op.rank = kSelf, op.parentObj = task;
    op.proxyOp = {pid, 1, kPeer, 1, 4096, 1};
    void* const flow = Start(context, op);
    Descr step{};
    step.type = kStepType, step.rank = kSelf, step.parentObj = flow;
    step.proxyStep.step = 4;
    void* const handle = Start(context, step);
    ASSERT_NE(handle, nullptr);
    Record(handle, kSendGpuWait, 0);
    Record(handle, kSendWait, 4096);
    if (!finish) return;
    plugin_->stopEvent(handle);
    if (V <= 3) Record(flow, kSendDone, 4096);
    plugin_->stopEvent(flow);
    plugin_->stopEvent(task);
  }
  const transport::CommRecord* Comm(const transport::TransportRecord& record) const {
    for (const auto& c : record.communicators) {
      if (c.hash == Hash()) return &c;
    }
    return nullptr;
  }

  void* library_ = nullptr;
  typename Abi<V>::Plugin* plugin_ = nullptr;
};

using Versions = ::testing::Types<std::integral_constant<int, 1>, std::integral_constant<int, 2>,
                                  std::integral_constant<int, 3>, std::integral_constant<int, 4>,
                                  std::integral_constant<int, 5>, std::integral_constant<int, 6>>;
TYPED_TEST_SUITE(PluginTest, Versions);

TYPED_TEST(PluginTest, StepsReachTheRecord) {
  ASSERT_NE(this->plugin_, nullptr) << dlerror();
  int mask = 0;
  void* const context = this->Init(&mask);
  ASSERT_NE(context, nullptr);
  EXPECT_EQ(mask, kCollType | kP2pType | kOpType | kStepType);
  this->Send(context, true);
  this->Send(context, false);
  EXPECT_EQ(this->plugin_->finalize(context), ncclSuccess);

  const transport::TransportRecord record = Read();
  EXPECT_EQ(record.rank, 6);
  const transport::CommRecord* const comm = this->Comm(record);
  ASSERT_NE(comm, nullptr);
  EXPECT_EQ(comm->rank, 2);
  EXPECT_EQ(comm->name, "dp");
  EXPECT_NE(comm->gone_ns, 0u);
  const transport::LinkRecord* link = nullptr;
  for (const auto& l : record.links) {
    if (l.key.comm == comm->index) link = &l;
  }
  ASSERT_NE(link, nullptr);
  EXPECT_EQ(link->key.self, 2u);
  EXPECT_EQ(link->key.peer, 5u);
  EXPECT_EQ(link->key.channel, 1u);
  EXPECT_TRUE(link->key.is_send);
  EXPECT_EQ(link->posted, 2u);
  EXPECT_EQ(link->moved, 1u);
  EXPECT_EQ(link->bytes, 4096u);
  int open = 0;
  for (const auto& step : record.open_steps) open += step.link.comm == comm->index && step.step == 4;
  EXPECT_EQ(open, 1);

  std::vector<transport::OperationRecord> operations;
  for (const auto& o : record.operations) {
    if (o.comm == comm->index) operations.push_back(o);
  }
  ASSERT_EQ(operations.size(), 2u);
  EXPECT_EQ(operations[0].function, "AllReduce");
  EXPECT_EQ(operations[0].count, 1024u);
  EXPECT_EQ(operations[0].sequence, 7u);
  EXPECT_EQ(operations[0].open, 0u);
  EXPECT_EQ(operations[0].moved[transport::kSends], 1u);
  EXPECT_EQ(operations[1].sequence, 8u);
  EXPECT_EQ(operations[1].open, 1u);
  EXPECT_EQ(operations[1].posted[transport::kSends], 1u);
  EXPECT_EQ(operations[1].moved[transport::kSends], 0u);
}

// NCCL's proxy may carry what another process sends (PXN); that one's handles mean nothing here.
TYPED_TEST(PluginTest, StepsOfAnotherProcessBelongToNoOperationOfThisOne) {
  ASSERT_NE(this->plugin_, nullptr) << dlerror();
  int mask = 0;
  void* const context = this->Init(&mask);
  const auto in_flight = [] {
    uint32_t open = 0;
    for (const auto& o : Read().operations) open += o.open;
    return open;
  };
  const uint32_t before = in_flight();
  this->Send(context, false, getpid() + 1);
  EXPECT_EQ(in_flight(), before);
}

TEST(HandleTest, EveryFieldSurvivesAndPointersAreNoHandles) {
  const Handle transfer = Handle::FromPointer(Handle::OfTransfer(511, 0xffffffff).ToPointer());
  EXPECT_EQ(transfer.kind, Handle::kTransfer);
  EXPECT_EQ(transfer.index, 511u);
  EXPECT_EQ(transfer.operation, 0xffffffffu);
  EXPECT_EQ(Handle::FromPointer(Handle::OfStep(4095).ToPointer()).index, 4095u);
  EXPECT_EQ(Handle::FromPointer(Handle::OfOperation(3).ToPointer()).kind, Handle::kOperation);
  int local = 0;
  EXPECT_EQ(Handle::FromPointer(&local).kind, Handle::kNothing);
  EXPECT_EQ(Handle::FromPointer(nullptr).kind, Handle::kNothing);
}

TYPED_TEST(PluginTest, WhatItDoesNotKnowIsLetThrough) {
  ASSERT_NE(this->plugin_, nullptr) << dlerror();
  int mask = 0;
  void* const context = this->Init(&mask);
  typename TestFixture::Descr kernel{};
  kernel.type = 64;
  EXPECT_EQ(this->Start(context, kernel), nullptr);
  typename TestFixture::Descr orphan{};
  orphan.type = kStepType;
  EXPECT_EQ(this->Start(context, orphan), nullptr);
  EXPECT_EQ(this->Start(nullptr, orphan), nullptr);
  EXPECT_EQ(this->plugin_->stopEvent(nullptr), ncclSuccess);
  EXPECT_EQ(this->plugin_->recordEventState(nullptr, kSendWait, nullptr), ncclSuccess);
}

}  // namespace
}  // namespace rankle::nccl_profiler

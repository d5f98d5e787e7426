// The calls of a rank and the operations that NCCL's profiler saw: whatever is lost or reordered, no
// operation is taken for another one.
#include "analyzer/import/transport/match_operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/job_builder.h"

namespace rankle::import {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kRank = 1, kPlace = 1;

class MatchOperationsTest : public ::testing::Test {
 protected:
  MatchOperationsTest() : job_(2), dp_(job_.Communicator("dp", {0, 1})) {}

  void Call(double entered, const std::string& api, uint64_t count = 1024, int peer = -1) {
    job_.Add({.rank = kRank,
              .communicator = dp_,
              .api = api,
              .entered = entered,
              .finished = entered + 0.05,
              .count = count,
              .peer = peer});
  }
  void Build() {
    job_.ObservedUntil(2);
    store_ = job_.Build();
    const store::Operations& o = store_.operations;
    // Where the job's axis has its zero: the first call was to enter at 0.1 s.
    for (size_t i = 0; i < o.size(); ++i) {
      if (o.rank[i] == kRank && (first_ == 0 || o.entered[i] < first_)) first_ = o.entered[i];
    }
  }
  void Seen(double begun, const std::string& function, uint64_t count = 1024, int peer = -1) {
    transport::OperationRecord& record = records_.emplace_back();
    record.function = function, record.count = count, record.peer = peer;
    record.begun_ns = static_cast<uint64_t>(first_ - kOffset) + static_cast<uint64_t>((begun - 0.1) * 1e9);
  }
  // "record:seq of the call" of each match.
  std::vector<std::string> Matches() const {
    std::vector<std::string> matches;
    for (const OperationMatch& m : MatchOperations(store_, 0, kPlace, records_, kOffset)) {
      matches.push_back(std::to_string(m.record) + (store_.operations.p2p[m.operation] != 0 ? ":p2p " : ":") +
                        std::to_string(store_.operations.seq[m.operation]));
    }
    return matches;
  }

  static constexpr int64_t kOffset = -5000;
  testing::JobBuilder job_;
  int dp_;
  int64_t first_ = 0;
  store::Store store_;
  std::vector<transport::OperationRecord> records_;
};

TEST_F(MatchOperationsTest, CallsOfEachFunctionAreMatchedInOrder) {
  Call(0.1, "ncclAllReduce"), Call(0.2, "ncclAllGather"), Call(0.3, "ncclAllReduce");
  Build();
  Seen(0.11, "AllReduce"), Seen(0.21, "AllGather", 4096),
      Seen(0.31, "AllReduce");  // an all-gather counts bytes
  EXPECT_THAT(Matches(), ElementsAre("0:1", "1:2", "2:3"));
}

TEST_F(MatchOperationsTest, ALostRecordDisplacesNoOther) {
  Call(0.1, "ncclAllReduce"), Call(0.2, "ncclAllReduce"), Call(0.3, "ncclAllReduce");
  Build();
  Seen(0.11, "AllReduce"), Seen(0.31, "AllReduce");
  EXPECT_THAT(Matches(), ElementsAre("0:1", "1:3"));
}

TEST_F(MatchOperationsTest, WhatWasSeenBeforeTheFirstCallOnRecordHasNone) {
  Call(0.2, "ncclAllReduce");
  Build();
  Seen(0.05, "AllReduce"), Seen(0.11, "AllReduce");
  EXPECT_THAT(Matches(), ElementsAre("1:1"));
}

TEST_F(MatchOperationsTest, AGroupThatNcclSortsIsMatchedByCount) {
  Call(0.1, "ncclAllReduce", 10), Call(0.101, "ncclAllReduce", 10'000);
  Build();
  Seen(0.11, "AllReduce", 10'000), Seen(0.111, "AllReduce", 10);
  EXPECT_THAT(Matches(), ElementsAre("0:2", "1:1"));
}

TEST_F(MatchOperationsTest, SendsAreMatchedByPeer) {
  Call(0.1, "ncclSend", 64, 0), Call(0.101, "ncclRecv", 64, 0), Call(0.102, "ncclSend", 64, 1);
  Build();
  Seen(0.11, "Send", 64, 1), Seen(0.11, "Recv", 64, 0), Seen(0.11, "Send", 64, 0);
  EXPECT_THAT(Matches(), ElementsAre("0:p2p 3", "1:p2p 2", "2:p2p 1"));
}

TEST_F(MatchOperationsTest, AnotherCountOrFunctionIsAnotherOperation) {
  Call(0.1, "ncclAllReduce", 1024);
  Build();
  Seen(0.11, "AllReduce", 1000), Seen(0.12, "Reduce", 1024);
  EXPECT_THAT(Matches(), IsEmpty());
}

}  // namespace
}  // namespace rankle::import

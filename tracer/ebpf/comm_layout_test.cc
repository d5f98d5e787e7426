#include "tracer/ebpf/comm_layout.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "tracer/ebpf/split_ledger.h"

namespace rankle::ebpf {
namespace {

constexpr size_t kPlace = 1600;
constexpr uint64_t kHash = 0x1234567890abcdefull, kOtherHash = 0x0fedcba987654321ull;
constexpr uint64_t kWorld = 1;

template <typename Value>
void Put(std::string& bytes, size_t at, Value value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

std::string CommunicatorAt(size_t place, uint64_t hash, int32_t rank, int32_t nranks, int32_t device) {
  std::string bytes(8192, '\0');
  Put(bytes, place, hash), Put(bytes, place + 8, rank), Put(bytes, place + 12, nranks),
      Put(bytes, place + 16, device);
  return bytes;
}

TEST(CommLayout, ThePlaceThatFitsTwoRanksIsIt) {
  CommLayout layout;
  layout.Learn(CommunicatorAt(kPlace, kHash, 2, 8, 2), kWorld, 2, 8);
  EXPECT_FALSE(layout.place(false)) << "one rank alone is chance";
  EXPECT_EQ(layout.place(true), kPlace) << "unless nobody else will tell";
  layout.Learn(CommunicatorAt(kPlace, kHash, 5, 8, 5), kWorld, 5, 8);
  EXPECT_EQ(layout.place(false), kPlace);
}

TEST(CommLayout, TwoPlacesThatFitEquallyLeaveDoubt) {
  CommLayout layout;
  for (const int32_t rank : {1, 2}) {
    std::string bytes = CommunicatorAt(kPlace, kHash, rank, 8, rank);
    const std::string again = CommunicatorAt(3200, kOtherHash, rank, 8, rank);
    bytes.replace(3200, 24, again.substr(3200, 24));
    layout.Learn(bytes, kWorld, rank, 8);
  }
  EXPECT_FALSE(layout.place(true));
}

TEST(CommLayout, RanksOfOneCommunicatorHaveOneHash) {
  CommLayout layout;
  layout.Learn(CommunicatorAt(kPlace, kHash, 1, 8, 1), kWorld, 1, 8);
  layout.Learn(CommunicatorAt(kPlace, kOtherHash, 2, 8, 2), kWorld, 2, 8);
  EXPECT_FALSE(layout.place(true));
}

TEST(CommLayout, SeveralCommunicatorsOfAllRanksHaveSeveralHashes) {
  CommLayout layout;
  layout.Learn(CommunicatorAt(kPlace, kHash, 1, 8, 1), kWorld, 1, 8);
  layout.Learn(CommunicatorAt(kPlace, kOtherHash, 2, 8, 2), kWorld, 2, 8);
  EXPECT_FALSE(layout.place(true)) << "nothing two ranks agree about";
  layout.Learn(CommunicatorAt(kPlace, kOtherHash, 1, 8, 1), kWorld, 1, 8);
  EXPECT_EQ(layout.place(false), kPlace);
}

TEST(CommLayout, APartOfTheWorldDoesNotMisleadTheOthers) {
  CommLayout layout;
  // Rank 6 of 8 tells what it is in the world, of a communicator of two.
  layout.Learn(CommunicatorAt(kPlace, kOtherHash, 0, 2, 3), kWorld, 6, 8);
  layout.Learn(CommunicatorAt(kPlace, kHash, 1, 8, 1), kWorld, 1, 8);
  layout.Learn(CommunicatorAt(kPlace, kHash, 2, 8, 2), kWorld, 2, 8);
  EXPECT_EQ(layout.place(false), kPlace);
}

TEST(CommLayout, WhatMakesNoSenseIsNotRead) {
  EXPECT_TRUE(CommLayout::Read(CommunicatorAt(kPlace, kHash, 7, 8, 0), kPlace));
  EXPECT_FALSE(CommLayout::Read(CommunicatorAt(kPlace, kHash, 8, 8, 0), kPlace)) << "rank outside";
  EXPECT_FALSE(CommLayout::Read(CommunicatorAt(kPlace, 7, 1, 8, 0), kPlace)) << "a small number is no hash";
  EXPECT_FALSE(CommLayout::Read(CommunicatorAt(kPlace, kHash, 1, 8, 0), 8190)) << "behind the end";
}

// Memory behind the hash in which the word at `at` counts.
std::string CountersAt(size_t at, uint64_t value) {
  std::string bytes(CommLayout::kCounterBytes, '\0');
  Put(bytes, 64, uint64_t{7});  // a constant
  Put(bytes, at, value);
  return bytes;
}

TEST(OperationCounter, TheWordThatKeepsPaceTellsHowManyThereWereBefore) {
  OperationCounter counter;
  counter.Add(CountersAt(256, 500), 0, 0);
  EXPECT_FALSE(counter.offset()) << "nothing has grown yet";
  counter.Add(CountersAt(256, 504), 4, 5);  // one call was under way
  counter.Add(CountersAt(256, 520), 20, 20);
  EXPECT_EQ(counter.offset(), 256u);
  EXPECT_EQ(counter.Before(256), 500u);
}

TEST(OperationCounter, ARankThatStandsStillIsPlacedByWhatOthersFound) {
  OperationCounter counter;
  counter.Add(CountersAt(256, 499), 0, 0);
  EXPECT_EQ(counter.Before(256), 499u);
  EXPECT_FALSE(counter.offset());
}

TEST(OperationCounter, AWordThatGrowsAtAnotherPaceIsNotIt) {
  OperationCounter counter;
  counter.Add(CountersAt(256, 500), 0, 0);
  counter.Add(CountersAt(256, 540), 20, 20);
  EXPECT_FALSE(counter.offset());
}

TEST(OperationCounter, DoubtIsNotDecided) {
  OperationCounter counter;
  counter.Add(CountersAt(256, 500), 0, 1);
  EXPECT_FALSE(counter.Before(256)) << "the call under way may be counted or not";
}

TEST(SplitLedger, RanksFollowKeyThenParentRank) {
  SplitLedger ledger;
  constexpr uint64_t kParent = 9;
  ledger.Note(kParent, 0, 0, /*color=*/1, /*key=*/5);
  ledger.Note(kParent, 0, 1, 0, 0);
  ledger.Note(kParent, 0, 2, 1, 3);
  EXPECT_FALSE(ledger.Find(kParent, 0, 0, 4)) << "one rank has not called yet";
  ledger.Note(kParent, 0, 3, 1, 5);
  const auto place = [&](int32_t rank) {
    const auto found = ledger.Find(kParent, 0, rank, 4);
    return std::pair(found->rank, found->nranks);
  };
  EXPECT_EQ(place(2), std::pair(0, 3));
  EXPECT_EQ(place(0), std::pair(1, 3));
  EXPECT_EQ(place(3), std::pair(2, 3));
  EXPECT_EQ(place(1), std::pair(0, 1));
  EXPECT_FALSE(ledger.Find(kParent, 1, 0, 4)) << "the next split is another one";
}

}  // namespace
}  // namespace rankle::ebpf

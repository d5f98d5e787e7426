#include "injector/hooks/allocations.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace rankle::hooks {
namespace {

const void* At(uintptr_t address) { return reinterpret_cast<const void*>(address); }

class Allocations : public ::testing::Test {
 protected:
  const std::unique_ptr<AllocationTable> owned_ = std::make_unique<AllocationTable>();
  AllocationTable& table_ = *owned_;
};

TEST_F(Allocations, TellsWhatIsLeftBehindAnAddressInTheMiddle) {
  table_.Add(At(3000), 100);
  table_.Add(At(1000), 500);
  EXPECT_EQ(table_.BytesLeft(At(1000)), 500);
  EXPECT_EQ(table_.BytesLeft(At(1499)), 1);
  EXPECT_EQ(table_.BytesLeft(At(3040)), 60);
}

TEST_F(Allocations, AddressesOutsideAreUnknown) {
  EXPECT_EQ(table_.BytesLeft(At(1000)), -1);
  table_.Add(At(1000), 500);
  EXPECT_EQ(table_.BytesLeft(At(999)), -1);
  EXPECT_EQ(table_.BytesLeft(At(1500)), -1);
}

TEST_F(Allocations, WhatIsFreedIsUnknownAgain) {
  table_.Add(At(1000), 500);
  table_.Add(At(2000), 500);
  table_.Remove(At(1000));
  EXPECT_EQ(table_.BytesLeft(At(1000)), -1);
  EXPECT_EQ(table_.BytesLeft(At(2000)), 500);
  table_.Remove(At(2100));  // no allocation begins there
  EXPECT_EQ(table_.BytesLeft(At(2000)), 500);
}

TEST_F(Allocations, ANewAllocationReplacesThoseWhoseFreeWasNotSeen) {
  table_.Add(At(1000), 100);
  table_.Add(At(1200), 100);
  table_.Add(At(1400), 100);
  table_.Add(At(1050), 300);
  EXPECT_EQ(table_.BytesLeft(At(1000)), -1);
  EXPECT_EQ(table_.BytesLeft(At(1250)), 100);
  EXPECT_EQ(table_.BytesLeft(At(1400)), 100);
}

TEST_F(Allocations, WhatFindsNoRoomIsUnknown) {
  for (uintptr_t i = 0; i < AllocationTable::kMax; ++i) table_.Add(At(1000 + 10 * i), 10);
  const uintptr_t beyond = 1000 + 10 * AllocationTable::kMax;
  table_.Add(At(beyond), 10);
  EXPECT_EQ(table_.BytesLeft(At(beyond)), -1);
  EXPECT_EQ(table_.BytesLeft(At(beyond - 10)), 10);
  table_.Remove(At(1000));
  table_.Add(At(beyond), 10);
  EXPECT_EQ(table_.BytesLeft(At(beyond)), 10);
}

// One thread looks for a range that stays while two others change the ones before it.
TEST_F(Allocations, LookUpsBesideChangesAreRightOrUnknown) {
  table_.Add(At(900'000), 77);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread looks([&] {
    while (!done.load()) {
      const int64_t left = table_.BytesLeft(At(900'000));
      if (left != 77 && left != -1) wrong.fetch_add(1);
    }
  });
  const auto change = [&](uintptr_t first) {
    for (int i = 0; i < 20'000; ++i) {
      table_.Add(At(first + 16 * (i % 100)), 16);
      table_.Remove(At(first + 16 * ((i + 50) % 100)));
    }
  };
  std::thread one(change, 10'000), other(change, 50'000);
  one.join(), other.join();
  done.store(true);
  looks.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(table_.BytesLeft(At(900'000)), 77);
}

}  // namespace
}  // namespace rankle::hooks

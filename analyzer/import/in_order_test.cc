#include "analyzer/import/in_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace rankle::import {
namespace {

TEST(InOrderTest, ItemsAreConsumedInOrderWhateverTheNumberOfThreads) {
  for (size_t threads : {0, 1, 2, 7}) {
    for (size_t items : {0, 1, 3, 500}) {
      std::vector<size_t> expected(items), seen;
      std::iota(expected.begin(), expected.end(), 0);
      InOrder<size_t>(
          items, threads, [](size_t i, size_t& value) { value = i * i; },
          [&](size_t i, size_t& value) {
            EXPECT_EQ(value, i * i);
            seen.push_back(i);
          });
      EXPECT_EQ(seen, expected) << threads << " threads";
    }
  }
}

TEST(InOrderTest, OneSlowItemDoesNotLetTheOthersRunFarAhead) {
  std::mutex mutex;
  std::condition_variable changed;
  size_t begun = 0;
  InOrder<int>(
      100, 3,
      [&](size_t i, int&) {
        std::unique_lock lock(mutex);
        ++begun;
        changed.notify_all();
        // The first item takes until the others have begun all that they may.
        if (i == 0) changed.wait(lock, [&] { return begun == 7; });
      },
      [](size_t, int&) {});
  EXPECT_EQ(begun, 100u);
}

}  // namespace
}  // namespace rankle::import

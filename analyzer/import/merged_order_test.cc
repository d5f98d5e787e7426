#include "analyzer/import/merged_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::import {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MergedOrder, WhatListsLackIsPutWhereOthersHaveIt) {
  EXPECT_THAT(MergeOrders({{5, 7, 8}, {1, 5, 6, 7}, {8, 9}}), ElementsAre(1, 5, 6, 7, 8, 9));
  EXPECT_THAT(MergeOrders({}), IsEmpty());
  EXPECT_THAT(MergeOrders({{}, {3}}), ElementsAre(3));
}

TEST(MergedOrder, WhereListsDisagreeEachKeyStillOccursOnce) {
  EXPECT_THAT(MergeOrders({{1, 2, 3}, {2, 1}}), ElementsAre(1, 2, 3));
  EXPECT_THAT(MergeOrders({{1, 1, 2}}), ElementsAre(1, 2));
}

}  // namespace
}  // namespace rankle::import

// Traces of a real job (8 ranks of one DLRM step), which are not part of this repository. Where they are
// absent the test is skipped; RANKLE_SHARED_TRACES names another place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "analyzer/import/importer.h"
#include "analyzer/localize/skew.h"
#include "analyzer/testing/shared_traces.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;

fs::path Archive() { return rankle::testing::SharedTraces("kineto") / "dlrm_kineto.tar.gz"; }

// Measured by hand on the files: who starts last in each of the eight collectives, and how long after the
// first.
TEST(RealTraces, TheLastArriverOfEachCollectiveIsNamedToTheMicrosecond) {
  if (!fs::exists(Archive())) GTEST_SKIP() << Archive() << " is absent: real traces are not tested";
  const fs::path directory = fs::path(::testing::TempDir()) / absl::StrCat("dlrm-", getpid());
  fs::create_directories(directory);
  ASSERT_EQ(
      std::system(absl::StrCat("tar xzf '", Archive().string(), "' -C '", directory.string(), "'").c_str()),
      0);
  const auto store = ImportPaths({directory.string()});
  fs::remove_all(directory);
  ASSERT_TRUE(store.ok()) << store.status();
  const struct {
    const char* op;
    int last;
    int64_t us;
  } expected[] = {{"AlltoAll", 7, 7624}, {"AlltoAll", 7, 1101}, {"AlltoAll", 7, 168},  {"AlltoAll", 7, 125},
                  {"AllReduce", 7, 223}, {"AlltoAll", 5, 534},  {"AllReduce", 5, 584}, {"AllReduce", 4, 885}};
  const auto skews = localize::FindSkews(*store);
  ASSERT_EQ(skews.size(), std::size(expected));
  for (size_t i = 0; i < skews.size(); ++i) {
    EXPECT_EQ(store::OperationName(skews[i].api), expected[i].op) << i;
    EXPECT_EQ(skews[i].ranks, 8) << i;
    EXPECT_EQ(store->GlobalRank(skews[i].last_rank), expected[i].last) << i;
    EXPECT_NEAR(static_cast<double>(skews[i].last - skews[i].first) * 1e-3,
                static_cast<double>(expected[i].us), 1)
        << i;
  }
}

}  // namespace
}  // namespace rankle::import

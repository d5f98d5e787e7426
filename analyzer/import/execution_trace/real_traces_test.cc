// Execution traces of a real job (8 ranks of one DLRM step), which are not part of this repository. Where
// they are absent the test is skipped; RANKLE_SHARED_TRACES names another place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "analyzer/analyze.h"
#include "analyzer/import/importer.h"
#include "analyzer/testing/shared_traces.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Counted by hand in the files: eight calls a rank beside five waits; the Kineto traces of the same step show
// the same eight.
TEST(RealExecutionTraces, AllCallsOfAllRanksAreReadAndAgree) {
  const fs::path archive = rankle::testing::SharedTraces("kineto") / "dlrm_pytorch_et.tar.gz";
  if (!fs::exists(archive)) GTEST_SKIP() << archive << " is absent: real traces are not tested";
  const fs::path directory = fs::path(::testing::TempDir()) / absl::StrCat("dlrm-et-", getpid());
  fs::create_directories(directory);
  ASSERT_EQ(
      std::system(absl::StrCat("tar xzf '", archive.string(), "' -C '", directory.string(), "'").c_str()), 0);
  const auto store = ImportPaths({directory.string()});
  const auto report = Analyze({directory.string()}, {});
  fs::remove_all(directory);
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_EQ(store->ranks.size(), 8u);
  EXPECT_THAT(store->quality.missing_ranks, IsEmpty());
  EXPECT_EQ(store->quality.malformed, 0u);
  ASSERT_EQ(store->communicators.size(), 1u);
  for (int32_t rank = 0; rank < 8; ++rank) {
    const std::string& file = store->ProcessOf(rank)->source;
    EXPECT_EQ(fs::path(file).filename(), absl::StrCat("dlrm_eg_", rank, ".json"));
    std::vector<std::string> names;
    for (size_t i = store->rank_begin(rank); i < store->rank_begin(rank + 1); ++i)
      names.push_back(store::OperationName(store->operations.api[i]));
    EXPECT_THAT(names, ElementsAre("AlltoAll", "AlltoAll", "AlltoAll", "AlltoAll", "AllReduce", "AlltoAll",
                                   "AllReduce", "AllReduce"));
  }
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict.anomaly, "healthy") << report->verdict.summary;
  EXPECT_THAT(report->verdict.ranks, IsEmpty());
}

}  // namespace
}  // namespace rankle::import

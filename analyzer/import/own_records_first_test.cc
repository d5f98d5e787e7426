// `rankle run` lets PyTorch write Flight Recorder dumps beside its own records: the records are analyzed,
// however many dumps there are, and the report says what became of the dumps.
#include <gtest/gtest.h>

#include "analyzer/import/importer.h"
#include "analyzer/testing/dump_files.h"
#include "analyzer/testing/job_builder.h"

namespace rankle::import {
namespace {

TEST(OwnRecordsFirst, MoreDumpsThanRecordsLieBesideThem) {
  const rankle::testing::DumpDirectory directory("own_records_first");
  rankle::testing::JobBuilder job(2);
  job.Steps(job.Communicator("dp", {0, 1}), 0, 3);
  ASSERT_TRUE(job.WriteTo(directory.path().string()));
  rankle::testing::DumpJob dumps(4);
  dumps.Collective(dumps.Group("dp", {0, 1, 2, 3}));
  directory.Write(dumps);
  const absl::StatusOr<store::Store> store = ImportPaths({directory.path().string()});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(store->ranks.size(), 2u);
  for (const store::InputFiles& files : store->inputs) {
    EXPECT_EQ(files.used, files.format == "rankle") << files.format;
    if (files.format == "pytorch-flight-recorder") {
      EXPECT_EQ(files.why, "rankle holds what was unfinished");
    }
  }
}

}  // namespace
}  // namespace rankle::import

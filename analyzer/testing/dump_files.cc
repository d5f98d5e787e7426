#include "analyzer/testing/dump_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "analyzer/analyze.h"

namespace rankle::testing {

namespace fs = std::filesystem;

DumpDirectory::DumpDirectory(const std::string& name)
    : path_(fs::path(::testing::TempDir()) / ("dumps_" + name)) {
  fs::remove_all(path_);
  fs::create_directories(path_);
}

DumpDirectory::~DumpDirectory() {
  std::error_code error;
  fs::remove_all(path_, error);
}

void DumpDirectory::Write(const std::string& name, const std::string& bytes) const {
  std::ofstream file(path_ / name, std::ios::binary);
  file << bytes;
  ASSERT_TRUE(file.good()) << name;
}

void DumpDirectory::Write(const DumpJob& job, int rank, const Form& form) const {
  const DumpContent dump = job.Dump(rank, form);
  const std::string bytes = form.json ? ToJson(dump) : ToPickle(dump);
  Write(absl::StrCat(form.prefix, rank), form.gzip ? Gzip(bytes) : bytes);
}

void DumpDirectory::Write(const DumpJob& job, const Form& form) const {
  for (int rank = 0; rank < job.ranks(); ++rank) Write(job, rank, form);
}

Report DumpDirectory::Analyze() const {
  auto report = rankle::Analyze({path_.string()}, {});
  EXPECT_TRUE(report.ok()) << report.status();
  if (!report.ok()) return {};
  EXPECT_THAT(report->problems, ::testing::IsEmpty());
  return *std::move(report);
}

}  // namespace rankle::testing

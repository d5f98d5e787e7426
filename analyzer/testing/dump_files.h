// Dumps of a made-up job as files of a fresh directory, and the report on it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "analyzer/report/report.h"
#include "analyzer/testing/dump_job.h"

namespace rankle::testing {

class DumpDirectory {
 public:
  // Below the test's own scratch directory; removed with the object.
  explicit DumpDirectory(const std::string& name);
  ~DumpDirectory();
  const std::filesystem::path& path() const { return path_; }
  void Write(const std::string& name, const std::string& bytes) const;

  struct Form : DumpJob::Form {
    bool json = false, gzip = false;
    std::string prefix = "nccl_trace_rank_";
  };
  void Write(const DumpJob& job) const { Write(job, Form{}); }
  void Write(const DumpJob& job, const Form& form) const;
  void Write(const DumpJob& job, int rank, const Form& form) const;
  // An analysis that fails, or a rule that cannot run, fails the test.
  Report Analyze() const;

 private:
  std::filesystem::path path_;
};

}  // namespace rankle::testing

// Reads the flight records of a running job for hang detection. The job does not notice: files are read with
// pread, no mapping is shared, nothing is written. Not thread safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "cli/launch/file_descriptor.h"
#include "cli/launch/hang_detector.h"

namespace rankle::cli {

class ProgressSampler {
 public:
  explicit ProgressSampler(std::string output_dir) : output_dir_(std::move(output_dir)) {}
  // One entry for each readable flight record in the output directory.
  std::vector<ProcessProgress> Sample();

 private:
  struct Source {
    FileDescriptor file;
    uint64_t entered = 0;  // cheap signature of the last sample
    ProcessProgress last;
  };
  void FindNewRecords();
  static std::optional<ProcessProgress> SampleRecord(Source& source);

  std::string output_dir_;
  absl::flat_hash_map<std::string, Source> sources_;
};

}  // namespace rankle::cli

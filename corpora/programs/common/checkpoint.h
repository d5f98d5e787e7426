// Checkpoints: one file a rank and step, and a file `latest` that names the step to go on from.
//
// Contract: every file appears by rename, so a reader sees all of it or nothing, whenever the writer dies.
// `latest` is moved on only after all ranks have written (the caller synchronises them), so it never names a
// step that misses a file.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_CHECKPOINT_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_CHECKPOINT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corpora/programs/common/layers.h"

namespace rankle::programs {

class Checkpoints {
 public:
  Checkpoints(std::string directory, std::string program, int world_size, int rank);

  // `arrays` in the same order and sizes for writing and reading.
  absl::Status Write(int64_t step, const std::vector<Floats>& arrays) const;
  absl::Status Read(int64_t step, const std::vector<Floats>& arrays) const;

  absl::Status SetLatest(int64_t step) const;
  // Nothing when no checkpoint was completed yet.
  absl::StatusOr<std::optional<int64_t>> Latest() const;
  // Removes this rank's file of an older step; a missing one is fine.
  void Remove(int64_t step) const;

 private:
  std::string FileOf(int64_t step) const;

  std::string directory_, program_;
  int world_size_, rank_;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_CHECKPOINT_H_

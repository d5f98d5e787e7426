// A text as tokens, and batches of windows drawn from it as a pure function of (seed, step, shard).
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_DATASET_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_DATASET_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::programs {

struct Batch {
  std::vector<int32_t> inputs;   // rows x context
  std::vector<int32_t> targets;  // rows
};

class Dataset {
 public:
  // Tokens number the distinct bytes of the text in byte order.
  static absl::StatusOr<Dataset> FromText(std::string_view text, int context);
  // An empty path is the text that is installed with the programs (../share/rankle/data beside bin).
  static absl::StatusOr<Dataset> FromFile(const std::string& path, int context);

  // Reads the file once more from the disk and keeps nothing of it.
  static absl::Status ReadThrough(const std::string& path);

  int vocabulary() const { return vocabulary_; }

  // Shards draw from disjoint parts of the random sequence, so ranks see different windows of the same text.
  void Fill(uint64_t seed, int64_t step, int shard, int rows, Batch& batch) const;

 private:
  Dataset() = default;

  int context_ = 0;
  int vocabulary_ = 0;
  std::vector<int32_t> tokens_;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_DATASET_H_

// Where a rank stands in the grid tensor x data x pipeline, and which communicators it shares with whom.
#ifndef RANKLE_CORPORA_PROGRAMS_HYBRID_LAYOUT_H_
#define RANKLE_CORPORA_PROGRAMS_HYBRID_LAYOUT_H_

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace rankle::programs {

// Tensor ranks are neighbours (they talk most), pipeline stages are farthest apart.
struct Layout {
  int tensor = 1, pipeline = 1, data = 1;
  int tensor_rank = 0, pipeline_rank = 0, data_rank = 0;

  // Colors of ncclCommSplit: ranks that differ only in the named coordinate share one.
  int TensorColor() const { return data_rank + data * pipeline_rank; }
  int PipelineColor() const { return tensor_rank + tensor * data_rank; }
  int DataColor() const { return tensor_rank + tensor * pipeline_rank; }
  bool FirstStage() const { return pipeline_rank == 0; }
  bool LastStage() const { return pipeline_rank == pipeline - 1; }
};

// A size of 0 is chosen: 2 for tensor, then pipeline, while it divides what is left; the rest for data.
inline absl::StatusOr<Layout> MakeLayout(int world, int rank, int tensor, int pipeline, int data) {
  Layout layout;
  const auto choose = [](int wanted, int left) { return wanted > 0 ? wanted : left % 2 == 0 ? 2 : 1; };
  layout.tensor = choose(tensor, world / (pipeline > 0 ? pipeline : 1) / (data > 0 ? data : 1));
  layout.pipeline = choose(pipeline, world / layout.tensor / (data > 0 ? data : 1));
  layout.data = data > 0 ? data : world / layout.tensor / layout.pipeline;
  if (layout.tensor * layout.pipeline * layout.data != world) {
    return absl::InvalidArgumentError(
        absl::StrCat("layout: --tp ", layout.tensor, " x --pp ", layout.pipeline, " x --dp ", layout.data,
                     " is not the number of ranks, ", world, "; choose sizes whose product is"));
  }
  layout.tensor_rank = rank % layout.tensor;
  layout.data_rank = rank / layout.tensor % layout.data;
  layout.pipeline_rank = rank / (layout.tensor * layout.data);
  return layout;
}

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_HYBRID_LAYOUT_H_

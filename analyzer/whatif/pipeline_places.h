// Which stage of a pipeline each rank is, told by who sends to whom. Pure; reads a finished Store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/store/store.h"
#include "analyzer/whatif/rank_order.h"

namespace rankle::whatif {

struct PipelinePlaces {
  std::string why_not;  // "" = told
  // By rank: which pipeline, counted by its lowest rank; stage in it, from the first. Empty when not told.
  std::vector<int32_t> pipeline, stage;
  int32_t stages = 0;
};

// `operations` by rank, ordered by arrival. In each step the first stage begins with a send, all others begin
// with a receive, and each rank's first send goes to the stage after it (of the last stage: back). All ranks
// must fit, in pipelines of one length.
PipelinePlaces FindPipelinePlaces(const store::Store& store,
                                  const std::vector<std::vector<TimedOperation>>& operations);

}  // namespace rankle::whatif

// What an operation of a trace is, by the name that PyTorch gave it or by its kernel. Pure.
#pragma once

#include "analyzer/import/rank_traces/rank_trace.h"
#include "analyzer/import/torch_names.h"

namespace rankle::import {

OperationMeaning MeaningOf(const RankOperation& operation);

}  // namespace rankle::import

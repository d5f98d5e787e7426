// Failures that logs tell, as events of the ranks of a Store and as ends of their processes. What only
// follows from a failure elsewhere is left out or marked, so that it is never taken for the cause. Pure.
#pragma once

#include <cstdint>
#include <functional>

#include "analyzer/import/logs/log_contents.h"
#include "analyzer/import/logs/log_ranks.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// Which ends of processes the logs may tell.
enum class EndsFromLogs : uint8_t {
  kNone,      // the records of rankle know them, and every error before: of failures only Xids are new
  kOwnFault,  // those with a reason of their own: whoever waits for others is known better from elsewhere
  kAll,
};

struct TroubleAccount {
  size_t told = 0;      // troubles of ranks of the store
  size_t stranger = 0;  // of somebody who is no rank of the store, or cannot be told
};
// `on_axis`: a time of the logs as one of the store.
TroubleAccount AddTroubles(const LogContents& contents, const RankFinder& finder,
                           const std::function<int64_t(int64_t)>& on_axis, EndsFromLogs ends,
                           store::Store& store);

}  // namespace rankle::import

// Ranks that died of themselves, as logs tell it, and of which nothing else is left: the commonest end of a
// job, as whoever dies writes no dump and has no watchdog any more. Pure.
#pragma once

#include <set>

#include "analyzer/import/logs/log_contents.h"
#include "analyzer/import/logs/log_ranks.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// By global rank. Who waited for others is none, nor who ended as all do that are told to.
std::set<int32_t> DeadRanks(const LogContents& contents, const RankFinder& finder);
// Gives those of them a place in a finished store that are members of its communicators, or that it misses.
void AddDeadRanks(const LogContents& contents, const RankFinder& finder, store::Store& store);

}  // namespace rankle::import

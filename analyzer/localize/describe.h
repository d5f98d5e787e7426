// Evidence in words: what a rank did last, who is where in a wait. Every sentence can be checked against the
// records.
#pragma once

#include <string>
#include <vector>

#include "analyzer/localize/wait_graph.h"
#include "analyzer/store/store.h"

namespace rankle::localize {

std::vector<int32_t> GlobalRanks(const store::Store& store, const std::vector<int32_t>& ranks);
// "ep" for ep0, ep1, ep#1: communicators of one kind.
std::string KindOfCommunicator(const std::string& name);
// "AllReduce #1182 of dp0", "creation of dp0"
std::string WaitName(const store::Store& store, const Wait& wait);
// "ranks 0-2 are in AllReduce #7 of dp0 since 12.3 s; rank 3 is not"
std::string DescribeWait(const store::Store& store, const Wait& wait);
// "rank 3: last AllReduce #1181 of dp0 finished at 12.1 s; process running, last sign of life at 60.2 s"
std::string DescribeRank(const store::Store& store, int32_t rank);

// One sentence for each place in the program where some of these ranks stand; nothing where that is not
// recorded.
void AddPlaces(const store::Store& store, const std::vector<int32_t>& ranks,
               std::vector<std::string>& evidence);

}  // namespace rankle::localize

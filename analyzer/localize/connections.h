// Which links are slow by what the kernel counted for their connections: data that are under way for long,
// because packets are lost, wait in a queue, or take their time. Links of a job are compared with each other.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/localize/matrix_fit.h"
#include "analyzer/store/store.h"

namespace rankle::localize {

enum class ConnectionCause { kLoss, kQueue, kOnTheWay };
std::string CauseName(ConnectionCause cause);  // "loss", "queue", "on_the_way"

struct SlowConnection {
  SlowPart part = SlowPart::kCell;
  int32_t source = -1, destination = -1;           // global ranks; -1 = all
  ConnectionCause cause = ConnectionCause::kLoss;  // of most of its links
  double share = 0, normal = 0;  // of the looks at which data were under way; median of the other links
  int64_t segments = 0, retransmits = 0;
  double min_rtt_s = 0, normal_min_rtt_s = 0;
  int links = 0;      // that show it
  double cost_s = 0;  // of an iteration (transfer_cost.h); 0 = no iterations are known
};

std::vector<SlowConnection> FindSlowConnections(const std::vector<store::KernelLink>& links);

}  // namespace rankle::localize

// Which of a worker's sends and receives belong to which of its computations. Pure.
//
// Tracers record more sends and receives than were launched: at both ends of a step (nothing is sent before
// the first computation has ended, nothing is received after the last one has begun), and, with several model
// chunks, at the two ends of the model, where there is nobody to exchange with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/whatif/operation_trace.h"

namespace rankle::whatif {

// The four sides of exchanges between stages.
struct Side {
  Kind kind;  // of the exchange
  Kind computation;
  bool sends;
  int peer;  // what to add to a stage, and to a chunk of the whole model, to get to the peer
};
inline constexpr Side kSides[] = {
    {Kind::kForwardSend, Kind::kForwardCompute, true, 1},
    {Kind::kForwardRecv, Kind::kForwardCompute, false, -1},
    {Kind::kBackwardSend, Kind::kBackwardCompute, true, -1},
    {Kind::kBackwardRecv, Kind::kBackwardCompute, false, 1},
};

struct Span {
  double start = 0, end = 0;
};

// How many of the exchanges (in order of start) cannot belong to a computation because of their time: the
// first ones of a sender, the last ones of a receiver.
size_t CountIdle(const Side& side, std::span<const Span> exchanges, std::span<const Span> computations);

// For each exchange, the index of its computation, -1 = none. `idle` as counted above; `has_peer` says for
// each computation whether there is a stage to exchange with.
std::vector<int32_t> MatchComputations(const Side& side, size_t exchanges, size_t idle,
                                       const std::vector<bool>& has_peer);

}  // namespace rankle::whatif

// The 1F1B pipeline schedule (one forward, one backward) of a stage, as a list of actions.
//
// Contract: pure. Transfers of one action must progress together (an NCCL group); an action with one transfer
// needs no group. Executed in order by every stage, with sends that block until received, it cannot deadlock.
#ifndef RANKLE_CORPORA_PROGRAMS_HYBRID_SCHEDULE_H_
#define RANKLE_CORPORA_PROGRAMS_HYBRID_SCHEDULE_H_

#include <vector>

namespace rankle::programs {

struct Transfer {
  enum class What { kSendActivation, kReceiveActivation, kSendGradient, kReceiveGradient };
  What what;
  int microbatch;
};

struct PipelineAction {
  enum class Kind { kForward, kBackward, kTransfer };
  Kind kind;
  int microbatch = 0;               // of kForward and kBackward
  std::vector<Transfer> transfers;  // of kTransfer: one or two
};

std::vector<PipelineAction> OneForwardOneBackward(int stage, int stages, int microbatches);

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_HYBRID_SCHEDULE_H_

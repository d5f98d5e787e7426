// Which link, which rank's sends or which rank's receives are slow? From the step times of the transport
// records: lower deciles of source x destination, compared among links that are alike and with the same
// link's earlier times. Pure.
//
// Alike are links of communicators of one kind (dp#0 and dp#1, ep0 and ep1) inside hosts, or between hosts;
// small steps and large steps are looked at apart. Ring and tree collectives fill few cells of the matrix: a
// rank that sends to one peer only cannot be told from the link to that peer, and the link is reported then.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/localize/matrix_fit.h"
#include "analyzer/store/store.h"

namespace rankle::localize {

struct SlowTransfer {
  SlowPart part = SlowPart::kCell;  // kRow: sends of `source`, kColumn: receives of `destination`
  int32_t source = store::kNone;    // indices into Store::ranks; kNone: all
  int32_t destination = store::kNone;
  bool alone = false;                     // the only link observed of its source or destination
  bool per_mib = false;                   // times are for a MiB (large steps), else of a step
  bool recent = false;                    // against its own earlier times, else against the other links
  int links = 0;                          // observed links in it
  uint64_t steps = 0;                     // timed steps behind the times
  double factor = 1;                      // over normal
  double measured_ns = 0, normal_ns = 0;  // lower deciles; of several links their median
  double noise = 0;                       // spread of the like that are not slow, relative
  double q = 1;                           // false discovery rate at which it would just be found
  double share = 0;                       // of the observed time that its steps took longer than normal
  double cost_ns = 0;                     // of an iteration of the job (transfer_cost.h); 0 = not known
  int64_t since = 0;                      // 0: since the start, as far as the records tell
};

// Significant ones, largest share first; each part once.
std::vector<SlowTransfer> FindSlowTransfers(const store::Store& store);

// What FindSlowTransfers compares, to look at: source x destination since the start of the job, and the fit
// to it. Factors are over what is normal.
struct FittedTransfer {
  int32_t source = store::kNone, destination = store::kNone;
  uint64_t steps = 0;
  double measured_ns = 0;  // lower decile of its steps
  double factor = 1;       // measured; the product of the next two
  double expected = 1;     // what a slow sender or receiver explains (matrix_model.h)
  double left = 1;         // what is the link's own
};
struct TransferMatrix {
  bool per_mib = false;                  // times are for a MiB (large steps), else of a step
  std::vector<double> sender, receiver;  // factor of each rank
  std::vector<FittedTransfer> links;     // by source, then destination
};
// One for each kind of time that enough links have.
std::vector<TransferMatrix> FitTransfers(const store::Store& store);

}  // namespace rankle::localize

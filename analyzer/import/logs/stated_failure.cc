#include "analyzer/import/logs/stated_failure.h"

#include <map>

#include "analyzer/import/logs/xid.h"

namespace rankle::import {
namespace {

// Some NCCL process of the logs, and each of them, tore a communicator down in an orderly way.
bool EndedWell(const LogContents& contents) {
  std::map<int32_t, bool> left_well;  // by process
  for (const LoggedCommunicator& c : contents.communicators) {
    bool& well = left_well[c.process];
    well = well || (c.gone != 0 && !c.aborted);
  }
  for (const auto& [process, well] : left_well) {
    if (!well) return false;
  }
  return !left_well.empty();
}

// How much a trouble says of what went wrong. 0 = it may stand in the log of a healthy job.
int WeightOf(const LoggedTrouble& t, bool known, bool ended_well) {
  const bool local = t.blame == store::Blame::kLocal;
  switch (t.kind) {
    case TroubleKind::kError:
      if (t.fatal && !known) return local ? 9 : 6;
      if (t.fatal || t.by_library) return local ? 5 : 4;
      return 0;  // an exception that somebody caught
    case TroubleKind::kEnd:
      return known ? 2 : 8;
    case TroubleKind::kWatchdog:
      return 7;
    case TroubleKind::kXid:
      // Kernel logs reach back to other jobs: beside one that ended well they say nothing of it.
      return !ended_well &&
                     MeaningOfXid(t.xid_cause != 0 ? t.xid_cause : t.xid).blame < XidBlame::kConsequence
                 ? 5
                 : 0;
    case TroubleKind::kRemark:
      if (t.signal == 0) return 3;  // a watchdog passes on the timeout of another one
      return ended_well ? 0 : 1;    // somebody told the job to end
  }
  return 0;
}

}  // namespace

const LoggedTrouble* StatedFailure(const LogContents& contents,
                                   const std::function<bool(const LoggedTrouble&)>& is_known) {
  const bool ended_well = EndedWell(contents);
  const LoggedTrouble* best = nullptr;
  int most = 0;
  for (const LoggedTrouble& trouble : contents.troubles) {
    const int weight = WeightOf(trouble, is_known(trouble), ended_well);
    if (weight > most) best = &trouble, most = weight;
  }
  return best;
}

}  // namespace rankle::import

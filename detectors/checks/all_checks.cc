// The list of checks: the only place that knows all of them.
#include "detectors/checks/blocking_call_in_group.h"
#include "detectors/checks/buffer_reuse_before_sync.h"
#include "detectors/checks/check.h"
#include "detectors/checks/comm_shared_by_threads.h"
#include "detectors/checks/comm_use_after_destroy.h"
#include "detectors/checks/concurrent_communicators.h"
#include "detectors/checks/conditional_zero_count.h"
#include "detectors/checks/count_in_bytes.h"
#include "detectors/checks/datatype_mismatch.h"
#include "detectors/checks/default_stream.h"
#include "detectors/checks/destroy_in_flight.h"
#include "detectors/checks/graph_capture_nonuniform.h"
#include "detectors/checks/group_unbalanced.h"
#include "detectors/checks/init_misuse.h"
#include "detectors/checks/inplace_overlap.h"
#include "detectors/checks/multi_device_not_grouped.h"
#include "detectors/checks/nonblocking_no_poll.h"
#include "detectors/checks/p2p_not_grouped.h"
#include "detectors/checks/rank_dependent_collective.h"
#include "detectors/checks/rank_dependent_count.h"
#include "detectors/checks/registration_lifetime.h"
#include "detectors/checks/serial_multi_abort.h"
#include "detectors/checks/static_destructor.h"
#include "detectors/checks/unchecked_result.h"
#include "detectors/checks/wait_without_async_poll.h"

namespace rankle::lint {

std::vector<std::unique_ptr<Check>> AllChecks() {
  std::vector<std::unique_ptr<Check>> all;
  all.push_back(MakeCountInBytes());
  all.push_back(MakeUncheckedResult());
  all.push_back(MakeGroupUnbalanced());
  all.push_back(MakeBlockingCallInGroup());
  all.push_back(MakeP2pNotGrouped());
  all.push_back(MakeMultiDeviceNotGrouped());
  all.push_back(MakeRankDependentCollective());
  all.push_back(MakeConditionalZeroCount());
  all.push_back(MakeDatatypeMismatch());
  all.push_back(MakeCommUseAfterDestroy());
  all.push_back(MakeDestroyInFlight());
  all.push_back(MakeNonblockingNoPoll());
  all.push_back(MakeInitMisuse());
  all.push_back(MakeRegistrationLifetime());
  all.push_back(MakeInplaceOverlap());
  all.push_back(MakeWaitWithoutAsyncPoll());
  all.push_back(MakeRankDependentCount());
  all.push_back(MakeBufferReuseBeforeSync());
  all.push_back(MakeConcurrentCommunicators());
  all.push_back(MakeDefaultStream());
  all.push_back(MakeCommSharedByThreads());
  all.push_back(MakeStaticDestructor());
  all.push_back(MakeGraphCaptureNonuniform());
  all.push_back(MakeSerialMultiAbort());
  return all;
}

}  // namespace rankle::lint

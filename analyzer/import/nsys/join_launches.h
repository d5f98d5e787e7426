// Which call of NCCL do the kernels of a profile carry? A kernel is launched inside the range of its call,
// or, in a group, inside of ncclGroupEnd: then it carries calls that the same thread has made since the last
// launch. A group may be launched as one kernel or as several. Pure.
#pragma once

#include <vector>

#include "analyzer/import/nsys/nsys_profile.h"

namespace rankle::import {

// A call that ran: as the device saw it.
struct NsysOperation {
  int64_t range = -1;  // index into NsysProfile::ranges; -1 = a kernel whose call is not on record
  uint64_t process = 0;
  uint32_t device = 0, stream = 0;
  std::string name;  // "AllReduce", of the call, else of the kernel
  int64_t started_ns = 0, finished_ns = 0;
};

// One a call that has a kernel, and one a kernel that has no call; ordered by process, device and start.
std::vector<NsysOperation> JoinLaunches(const NsysProfile& profile);

// Does a range of this name enqueue an operation ("ncclAllReduce")? Its name then, "AllReduce", else "".
std::string OperationOfRange(const std::string& name);

}  // namespace rankle::import

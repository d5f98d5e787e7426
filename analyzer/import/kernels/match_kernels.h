// Which kernel is which operation of one process? An operation is known by the events around it, a kernel by
// CUPTI; neither names the other, streams are numbered differently, and records may be lost on both sides.
// A kernel lies inside the events of its operation, and both run in the order of their stream. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace rankle::import {

// What one pair of events surrounds: an operation, the operations of a group on a stream, or a graph launch.
struct EventSpan {
  int64_t lane = 0;  // stream of the program
  int64_t started = 0, finished = 0;
  uint32_t launches = 1;         // what is launched by itself, in order: 1, or the operations of a graph
  bool several_kernels = false;  // a launch may be several kernels (a group over communicators)
};

struct KernelTime {
  int64_t lane = 0;  // device and stream as CUPTI numbers them
  int64_t started = 0, finished = 0;
};

struct KernelMatch {
  size_t kernel = 0, span = 0;
  uint32_t launch = 0;  // of the span
};

struct KernelMatchOptions {
  // How far a kernel may stick out of its span: both clocks are related to the host's with an error.
  int64_t tolerance_ns = 0;
  // Nothing was lost on either side: then order decides among spans that all would do.
  bool nothing_lost = false;
  // Could the kernel be that launch, by what else is known of both?
  std::function<bool(size_t kernel, size_t span, uint32_t launch)> fits;
};

// Ordered by kernel. A kernel is matched only where nothing else is possible:
//  - a lane of kernels belongs to the lane of spans that surrounds most of its kernels, more than any other;
//  - one span there surrounds the kernel; or, nothing being lost, a row of kernels has as many spans left as
//    kernels;
//  - a span takes the kernels of one lane only, and as many as it can have launched.
// What is lost: in a row of operations each shorter than the tolerance, a kernel and the span of its
// neighbour can be all that is left of two operations: then the neighbour's time is wrong, by less than the
// tolerance.
std::vector<KernelMatch> MatchKernels(const std::vector<EventSpan>& spans,
                                      const std::vector<KernelTime>& kernels,
                                      const KernelMatchOptions& options);

}  // namespace rankle::import

#include "analyzer/import/nsys/join_launches.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "analyzer/import/kernels/kernel_name.h"

namespace rankle::import {
namespace {

constexpr const char* kOperations[] = {"AllReduce", "Reduce",   "Broadcast",     "Bcast",
                                       "AllGather", "AlltoAll", "ReduceScatter", "Gather",
                                       "Scatter",   "Send",     "Recv"};

// What one launching call launched, and the calls that it carries.
struct Batch {
  std::vector<size_t> kernels, ranges;  // indices into the profile, in order
};

class Joiner {
 public:
  explicit Joiner(const NsysProfile& profile) : profile_(profile) {
    for (size_t r = 0; r < profile.ranges.size(); ++r) {
      const std::string operation = OperationOfRange(profile.ranges[r].name);
      names_.push_back(operation);
      if (!operation.empty()) calls_[profile.ranges[r].thread].push_back(r);
      all_[profile.ranges[r].thread].push_back(r);
    }
  }

  std::vector<NsysOperation> Join() {
    std::map<uint64_t, std::vector<size_t>> by_thread;
    for (size_t k = 0; k < profile_.kernels.size(); ++k) {
      const NsysKernel& kernel = profile_.kernels[k];
      kernel.launch_thread == 0 ? AddKernel(k) : by_thread[kernel.launch_thread].push_back(k);
    }
    for (auto& [thread, kernels] : by_thread) JoinThread(thread, kernels);
    std::stable_sort(found_.begin(), found_.end(), [](const NsysOperation& a, const NsysOperation& b) {
      return std::tie(a.process, a.device, a.started_ns) < std::tie(b.process, b.device, b.started_ns);
    });
    return std::move(found_);
  }

 private:
  void AddKernel(size_t k) {
    const NsysKernel& kernel = profile_.kernels[k];
    const std::string_view function = FunctionOfKernel(kernel.name);
    Add(-1, std::string(function.empty() ? kernel.name : function), k, kernel.start_ns, kernel.end_ns);
  }
  void Add(int64_t range, std::string name, size_t k, int64_t start, int64_t end) {
    const NsysKernel& kernel = profile_.kernels[k];
    found_.push_back({range, kernel.process, kernel.device, kernel.stream, std::move(name), start, end});
  }

  // The innermost of the thread's ranges around a time; -1 = none. They nest, as a thread's calls do.
  int64_t RangeAround(const std::vector<size_t>& ranges, int64_t time) const {
    constexpr int kDeepest = 8;  // a group in a group in a call that is made of others
    auto it = std::upper_bound(ranges.begin(), ranges.end(), time,
                               [&](int64_t t, size_t r) { return t < profile_.ranges[r].start_ns; });
    for (int i = 0; i < kDeepest && it != ranges.begin(); ++i) {
      --it;
      if (profile_.ranges[*it].end_ns >= time) return static_cast<int64_t>(*it);
    }
    return -1;
  }

  void JoinThread(uint64_t thread, std::vector<size_t>& kernels) {
    std::stable_sort(kernels.begin(), kernels.end(), [&](size_t a, size_t b) {
      return profile_.kernels[a].launch_ns < profile_.kernels[b].launch_ns;
    });
    const std::vector<size_t>& ranges = all_[thread];
    const std::vector<size_t>& calls = calls_[thread];
    size_t next = 0;  // call that no kernel carries yet
    for (size_t k = 0; k < kernels.size();) {
      const int64_t around = RangeAround(ranges, profile_.kernels[kernels[k]].launch_ns);
      Batch batch;
      // Launches inside of the same range belong together; outside of all each stands alone.
      const int64_t launch = profile_.kernels[kernels[k]].launch_ns;
      do {
        batch.kernels.push_back(kernels[k++]);
      } while (k < kernels.size() && around >= 0 &&
               RangeAround(ranges, profile_.kernels[kernels[k]].launch_ns) == around);
      if (around >= 0 && !names_[around].empty()) {  // the call itself launched
        batch.ranges.push_back(static_cast<size_t>(around));
        while (next < calls.size() && calls[next] <= static_cast<size_t>(around)) ++next;
      } else if (around >= 0) {  // the end of a group
        const int64_t end = profile_.ranges[around].end_ns;
        for (; next < calls.size() && profile_.ranges[calls[next]].start_ns <= std::max(launch, end); ++next)
          batch.ranges.push_back(calls[next]);
      }
      AddBatch(batch);
    }
  }

  bool MayCarry(size_t k, size_t r) const { return KernelMayBe(profile_.kernels[k].name, names_[r]); }

  // The kernels of a batch may be one for each call, or one for each communicator.
  void AddBatch(const Batch& batch) {
    if (batch.ranges.empty()) {
      for (const size_t k : batch.kernels) AddKernel(k);
      return;
    }
    std::vector<size_t> kernel_of(batch.ranges.size());
    if (OneEach(batch, kernel_of) || OneForEachCommunicator(batch, kernel_of)) {
      for (size_t i = 0; i < batch.ranges.size(); ++i) {
        const NsysKernel& kernel = profile_.kernels[kernel_of[i]];
        Add(static_cast<int64_t>(batch.ranges[i]), names_[batch.ranges[i]], kernel_of[i], kernel.start_ns,
            kernel.end_ns);
      }
      return;
    }
    // Nobody can tell: each call ran somewhere within all of them.
    int64_t start = INT64_MAX, end = 0;
    for (const size_t k : batch.kernels)
      start = std::min(start, profile_.kernels[k].start_ns), end = std::max(end, profile_.kernels[k].end_ns);
    for (const size_t r : batch.ranges) Add(static_cast<int64_t>(r), names_[r], batch.kernels[0], start, end);
  }

  bool OneEach(const Batch& batch, std::vector<size_t>& kernel_of) const {
    if (batch.kernels.size() != batch.ranges.size()) return false;
    for (size_t i = 0; i < batch.ranges.size(); ++i) {
      if (!MayCarry(batch.kernels[i], batch.ranges[i])) return false;
      kernel_of[i] = batch.kernels[i];
    }
    return true;
  }

  bool OneForEachCommunicator(const Batch& batch, std::vector<size_t>& kernel_of) const {
    std::vector<std::optional<uint64_t>> communicators;  // in order of their first call
    for (size_t i = 0; i < batch.ranges.size(); ++i) {
      const auto& communicator = profile_.ranges[batch.ranges[i]].payload.communicator;
      const auto it = std::find(communicators.begin(), communicators.end(), communicator);
      const auto place = static_cast<size_t>(it - communicators.begin());
      if (it == communicators.end()) communicators.push_back(communicator);
      if (place >= batch.kernels.size()) return false;
      kernel_of[i] = batch.kernels[place];
    }
    return communicators.size() == batch.kernels.size();
  }

  const NsysProfile& profile_;
  std::vector<std::string> names_;                       // of the operation of each range
  std::map<uint64_t, std::vector<size_t>> calls_, all_;  // ranges by thread, in order
  std::vector<NsysOperation> found_;
};

}  // namespace

std::string OperationOfRange(const std::string& name) {
  for (const char* operation : kOperations) {
    if (name.size() > 4 && name.compare(4, std::string::npos, operation) == 0) return operation;
  }
  return {};
}

std::vector<NsysOperation> JoinLaunches(const NsysProfile& profile) { return Joiner(profile).Join(); }

}  // namespace rankle::import

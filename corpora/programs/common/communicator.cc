#include "corpora/programs/common/communicator.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "corpora/programs/common/job_error.h"

namespace rankle::programs {
namespace {

struct LiveCommunicators {
  std::mutex mutex;
  std::vector<const Communicator*> list;
};

LiveCommunicators& Live() {
  static LiveCommunicators& live = *new LiveCommunicators;  // used during exit
  return live;
}

ncclConfig_t Named(const std::string& name) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.commName = name.c_str();
  return config;
}

}  // namespace

Communicator::Communicator(std::string name, int ranks, const ncclUniqueId& id, int rank)
    : name_(std::move(name)) {
  ncclConfig_t config = Named(name_);
  Check(ncclCommInitRankConfig(&handle_, ranks, id, rank, &config), "ncclCommInitRankConfig " + name_);
  Register();
}

Communicator::Communicator(const Communicator& parent, const std::string& kind, int color, int key)
    : name_(absl::StrCat(kind, color)) {
  ncclConfig_t config = Named(name_);
  Check(ncclCommSplit(parent.get(), color, key, &handle_, &config), "ncclCommSplit " + name_, parent.get());
  Register();
}

Communicator::Communicator(const Communicator& parent, std::vector<int> excluded, std::string name)
    : name_(std::move(name)) {
  ncclConfig_t config = Named(name_);
  Check(ncclCommShrink(parent.get(), excluded.data(), static_cast<int>(excluded.size()), &handle_, &config,
                       NCCL_SHRINK_DEFAULT),
        "ncclCommShrink " + name_, parent.get());
  Register();
}

void Communicator::Register() {
  Check(ncclCommUserRank(handle_, &rank_), "ncclCommUserRank", handle_);
  Check(ncclCommCount(handle_, &size_), "ncclCommCount", handle_);
  const std::lock_guard lock(Live().mutex);
  Live().list.push_back(this);
}

Communicator::~Communicator() {
  // It stays in the list until it is gone: a failure in between must still abort it.
  Check(ncclCommFinalize(handle_), "ncclCommFinalize " + name_, handle_);
  {
    const std::lock_guard lock(Live().mutex);
    std::erase(Live().list, this);
  }
  Check(ncclCommDestroy(handle_), "ncclCommDestroy " + name_);
}

void CheckAsyncErrors() {
  std::vector<const Communicator*> live;
  {
    const std::lock_guard lock(Live().mutex);
    live = Live().list;
  }
  for (const Communicator* communicator : live) {
    ncclResult_t state = ncclSuccess;
    Check(ncclCommGetAsyncError(communicator->get(), &state), "ncclCommGetAsyncError", communicator->get());
    if (state == ncclInProgress) continue;
    Check(state, "communicator " + communicator->name() + " (asynchronous)", communicator->get());
  }
}

void AbortCommunicators() {
  std::vector<const Communicator*> live;
  {
    const std::lock_guard lock(Live().mutex);
    live.swap(Live().list);
  }
  // The job is failing: what an abort returns changes nothing.
  for (const Communicator* communicator : live) (void)ncclCommAbort(communicator->get());
}

}  // namespace rankle::programs

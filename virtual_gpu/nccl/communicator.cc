#include "virtual_gpu/nccl/communicator.h"

#include <utility>

#include "virtual_gpu/nccl/debug_log.h"

namespace rankle::virtual_nccl {
namespace {

// Guards the handles and keeps all of them reachable. Leaked on purpose: see Handle.
std::mutex& HandleMutex() {
  static auto* mutex = new std::mutex;
  return *mutex;
}
std::vector<Handle*>& Handles() {
  static auto* handles = new std::vector<Handle*>;
  return *handles;
}

}  // namespace

void Communicator::Ready(const Shape& shape, std::shared_ptr<Link> link) {
  const std::lock_guard<std::mutex> lock(mutex_);
  shape_ = shape;
  link_ = std::move(link);
  if (aborted_) link_->Abort();
  if (handle != nullptr) {
    OutsideView& view = reinterpret_cast<Handle*>(handle)->view;
    view.rank = shape.rank, view.nranks = shape.nranks, view.comm_hash = shape.identity;
    view.cuda_device = view.nvml_device = device;
  }
  profiler_.Init({config.name.empty() ? nullptr : config.name.c_str(), shape.identity, shape.nodes,
                  shape.nranks, shape.rank});
}

uint64_t Communicator::NextOperation(bool collective) {
  if (handle != nullptr) {
    OutsideView& view = reinterpret_cast<Handle*>(handle)->view;
    ++view.operations;
    if (collective) ++view.collectives;
  }
  return operations_++;
}

ncclResult_t Communicator::CheckReady() const {
  if (async_error_ != ncclInProgress) return ncclSuccess;
  return NCCL_FAIL(ncclInvalidArgument,
                   "Attempt to use communicator before the previous operation returned ncclSuccess");
}

ncclResult_t Communicator::CheckUsable() const {
  if (revoked_) return NCCL_FAIL(ncclInvalidUsage, "Attempt to use a communicator that was revoked");
  if (finalized_) return NCCL_FAIL(ncclInvalidUsage, "Attempt to use a communicator that was finalized");
  if (const ncclResult_t ready = CheckReady(); ready != ncclSuccess) return ready;
  return async_error_;
}

void Communicator::Finalize() {
  finalized_ = true;
  order.WaitIdle();
}

void Communicator::Close() {
  order.Stop();
  profiler_.Finalize();
}

void Communicator::Release() {
  std::map<uint64_t, Interrupt> interrupts;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    release_ = true;
    if (link_ != nullptr) link_->Abort();
    for (const auto& [id, interrupt] : interrupts_) interrupt();
  }
  released_.notify_all();
  order.Stop();
  order.WaitIdle();
}

void Communicator::Abort() {
  aborted_ = true;
  Release();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (link_ != nullptr && shape_.owns_mesh) link_->mesh()->CloseAbruptly();
}

void Communicator::Revoke() {
  revoked_ = true;
  Release();
  async_error_ = ncclSuccess;
}

void Communicator::OnStopped(const TransferStopped& stopped) {
  if (stopped.why == TransferStopped::Why::kAborted) return;
  SetAsyncError(ncclRemoteError);
  LogWarning(ncclRemoteError, __FILE__, __LINE__,
             "comm %p rank %d nranks %d: connection to a peer was closed", static_cast<void*>(handle), rank(),
             nranks());
  StayBlocked();
}

void Communicator::OnFailure(const std::exception& error) {
  SetAsyncError(ncclSystemError);
  LogWarning(ncclSystemError, __FILE__, __LINE__, "comm %p rank %d: %s", static_cast<void*>(handle), rank(),
             error.what());
  StayBlocked();
}

void Communicator::StayBlocked() {
  std::unique_lock<std::mutex> lock(mutex_);
  released_.wait(lock, [&] { return release_; });
}

Communicator::InterruptScope::InterruptScope(Communicator& communicator, Interrupt interrupt)
    : communicator_(communicator) {
  const std::lock_guard<std::mutex> lock(communicator_.mutex_);
  if (communicator_.aborted_) interrupt();
  id_ = communicator_.next_interrupt_++;
  communicator_.interrupts_.emplace(id_, std::move(interrupt));
}

Communicator::InterruptScope::~InterruptScope() {
  const std::lock_guard<std::mutex> lock(communicator_.mutex_);
  communicator_.interrupts_.erase(id_);
}

ncclRedOp_t Communicator::AddReduction(const UserReduction& reduction) {
  const std::lock_guard<std::mutex> lock(mutex_);
  reductions_.emplace(next_reduction_, reduction);
  return static_cast<ncclRedOp_t>(next_reduction_++);
}

bool Communicator::RemoveReduction(ncclRedOp_t op) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return reductions_.erase(static_cast<int>(op)) > 0;
}

std::optional<UserReduction> Communicator::FindReduction(ncclRedOp_t op) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = reductions_.find(static_cast<int>(op));
  if (found == reductions_.end()) return std::nullopt;
  return found->second;
}

void* Communicator::AddRegistration(void* buffer, size_t size) {
  auto registration = std::make_unique<std::pair<void*, size_t>>(buffer, size);
  const std::lock_guard<std::mutex> lock(mutex_);
  void* const key = registration.get();
  registrations_.emplace(key, std::move(registration));
  return key;
}

bool Communicator::RemoveRegistration(void* handle) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return registrations_.erase(handle) > 0;
}

ncclComm_t NewHandle(std::shared_ptr<Communicator> communicator) {
  auto* const handle = new Handle;
  communicator->handle = reinterpret_cast<ncclComm_t>(handle);
  const std::lock_guard<std::mutex> lock(HandleMutex());
  handle->communicator = std::move(communicator);
  Handles().push_back(handle);
  return reinterpret_cast<ncclComm_t>(handle);
}

namespace {

std::shared_ptr<Communicator> Look(ncclComm_t comm, const char* function, bool take) {
  if (comm == nullptr) {
    LogWarning(ncclInvalidArgument, __FILE__, __LINE__, "%s : comm argument is NULL", function);
    return nullptr;
  }
  auto* const handle = reinterpret_cast<Handle*>(comm);
  {
    const std::lock_guard<std::mutex> lock(HandleMutex());
    if (handle->magic == Handle::kMagic && handle->communicator != nullptr) {
      return take ? std::move(handle->communicator) : handle->communicator;
    }
  }
  LogWarning(ncclInvalidArgument, __FILE__, __LINE__, "%s : comm %p is corrupted or was destroyed", function,
             static_cast<void*>(comm));
  return nullptr;
}

}  // namespace

std::shared_ptr<Communicator> FromHandle(ncclComm_t comm, const char* function) {
  return Look(comm, function, false);
}
std::shared_ptr<Communicator> TakeFromHandle(ncclComm_t comm, const char* function) {
  return Look(comm, function, true);
}

}  // namespace rankle::virtual_nccl

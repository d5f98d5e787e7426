// One rank's communicator: its state (in progress, ready, failed, revoked, aborted), its link to the other
// ranks, the order of its operations, its user reduction operators. Shared by the handle the program holds
// and by work on streams, which may outlive the handle. Thread-safe.
#pragma once

#include <nccl.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "virtual_gpu/nccl/config.h"
#include "virtual_gpu/nccl/link.h"
#include "virtual_gpu/nccl/outside_view.h"
#include "virtual_gpu/nccl/profiler.h"
#include "virtual_gpu/nccl/reduction.h"
#include "virtual_gpu/nccl/sigpipe.h"
#include "virtual_gpu/nccl/work_order.h"

namespace rankle::virtual_nccl {

// A reduction operator of ncclRedOpCreatePreMulSum.
struct UserReduction {
  ncclDataType_t type = ncclInt8;
  const void* device_scalar = nullptr;  // read when the collective runs; null: `immediate` holds the scalar
  uint64_t immediate = 0;
};

class Communicator {
 public:
  Communicator(int device, int64_t bus_id, Config config)
      : device(device), bus_id(bus_id), config(std::move(config)) {}

  const int device;
  const int64_t bus_id;
  const Config config;
  ncclComm_t handle = nullptr;

  // Known once the communicator is ready (a split finds them out in the background).
  struct Shape {
    int rank = 0;
    int nranks = 1;
    uint64_t identity = 0;  // commHash: equal on all ranks
    int nodes = 1;
    bool owns_mesh = false;  // made by an init call, not by split or shrink
  };
  int rank() const { return shape_.rank; }
  int nranks() const { return shape_.nranks; }
  const Shape& shape() const { return shape_; }

  // Life cycle. A communicator is born in progress.
  void Ready(const Shape& shape, std::shared_ptr<Link> link);
  void SetAsyncError(ncclResult_t result) { async_error_ = result; }
  ncclResult_t async_error() const { return async_error_; }
  // ncclSuccess, or why it takes no new operations.
  ncclResult_t CheckUsable() const;
  // ncclSuccess unless it is still being made.
  ncclResult_t CheckReady() const;
  // Waits for the operations under way.
  void Finalize();
  // Nothing runs any more, whatever a graph may still hold.
  void Close();
  // Releases everything that blocks on this communicator; nothing runs on it afterwards.
  void Abort();
  void Revoke();
  bool aborted() const { return aborted_; }
  bool revoked() const { return revoked_; }
  bool finalized() const { return finalized_; }

  // Runs `body` on a stream's thread when its turn comes. When the connection to a peer is lost the
  // communicator gets ncclRemoteError and the call stays blocked until it is aborted: a real kernel spins
  // there.
  template <typename Body>
  void RunOperation(WorkOrder::Ticket ticket, Body&& body) {
    if (!order.Begin(ticket)) return;
    const SigpipeScope no_sigpipe;
    try {
      body();
    } catch (const TransferStopped& stopped) {
      OnStopped(stopped);
    } catch (const std::exception& error) {
      OnFailure(error);
    }
    order.End(ticket);
  }
  WorkOrder order;

  Link& link() { return *link_; }
  const std::shared_ptr<Link>& shared_link() const { return link_; }
  CommProfiler& profiler() { return profiler_; }
  uint64_t NextOperation(bool collective);
  // Number of `function` calls before this one; what profiler plugins know as the sequence number.
  uint64_t NextOfFunction(int function) { return per_function_[function]++; }
  int NextChild() { return children_++; }

  // What an abort has to interrupt besides the link: a rendezvous, the control traffic of a split.
  using Interrupt = std::function<void()>;
  class InterruptScope {
   public:
    InterruptScope(Communicator& communicator, Interrupt interrupt);
    ~InterruptScope();

   private:
    Communicator& communicator_;
    uint64_t id_;
  };
  const std::atomic<bool>& abort_flag() const { return aborted_; }

  ncclRedOp_t AddReduction(const UserReduction& reduction);
  bool RemoveReduction(ncclRedOp_t op);
  std::optional<UserReduction> FindReduction(ncclRedOp_t op);

  // ncclCommRegister and windows: handles only, every buffer is reachable anyway.
  void* AddRegistration(void* buffer, size_t size);
  bool RemoveRegistration(void* handle);

 private:
  void OnStopped(const TransferStopped& stopped);
  void OnFailure(const std::exception& error);
  void StayBlocked();
  void Release();

  Shape shape_;
  std::shared_ptr<Link> link_;
  CommProfiler profiler_;
  std::atomic<ncclResult_t> async_error_{ncclInProgress};
  std::atomic<bool> aborted_{false};
  std::atomic<bool> revoked_{false};
  std::atomic<bool> finalized_{false};
  std::atomic<uint64_t> operations_{0};
  std::array<std::atomic<uint64_t>, 16> per_function_{};
  std::atomic<int> children_{0};

  std::mutex mutex_;
  std::condition_variable released_;
  bool release_ = false;
  std::map<uint64_t, Interrupt> interrupts_;
  uint64_t next_interrupt_ = 0;
  std::map<int, UserReduction> reductions_;
  int next_reduction_ = ncclNumOps;
  std::map<void*, std::unique_ptr<std::pair<void*, size_t>>> registrations_;
};

// The handle a program holds. It is never freed, so that use after destroy is an error and not a crash.
struct Handle {
  static constexpr uint64_t kMagic = 0x0280028002800280ull;
  uint64_t magic = kMagic;
  std::shared_ptr<Communicator> communicator;  // null when destroyed
  OutsideView view;
};

ncclComm_t NewHandle(std::shared_ptr<Communicator> communicator);
// Null with a warning when `comm` is no live communicator; `function` names the caller in the warning.
std::shared_ptr<Communicator> FromHandle(ncclComm_t comm, const char* function);
// Like FromHandle, and the handle is dead afterwards.
std::shared_ptr<Communicator> TakeFromHandle(ncclComm_t comm, const char* function);

}  // namespace rankle::virtual_nccl

// From checked operations to device work. The work owns what it needs (it may run after the communicator's
// handle is destroyed, and several times when captured into a graph).
#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "virtual_gpu/nccl/collectives.h"
#include "virtual_gpu/nccl/debug_log.h"
#include "virtual_gpu/nccl/device.h"
#include "virtual_gpu/nccl/launch_events.h"
#include "virtual_gpu/nccl/operation.h"
#include "virtual_gpu/nccl/point_to_point.h"

namespace rankle::virtual_nccl {
namespace {

constexpr int kChannels = 2;

// Streams that take part in one piece of work besides the one that runs it: each arrives, and goes on when it
// is done.
class StreamJoin {
 public:
  void ArriveAndWait() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    const uint64_t round = round_;
    changed_.wait(lock, [&] { return round_ != round; });
  }
  void WaitForAll(int streams) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= streams; });
  }
  void Done() {
    const std::lock_guard<std::mutex> lock(mutex_);
    arrived_ = 0;
    ++round_;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  uint64_t round_ = 0;
};

// What a stream runs: operations of one communicator that progress together.
struct Work {
  std::shared_ptr<Communicator> communicator;
  std::vector<Operation> operations;  // one collective, or any number of sends and receives
  WorkOrder::Ticket ticket = WorkOrder::kUnordered;
  bool has_run = false;
  std::shared_ptr<StreamJoin> join;  // null when only one stream takes part
  int joined_streams = 0;
};

Reduction ReductionOf(const Operation& o, int nranks) {
  const bool reduces = o.function == Function::kAllReduce || o.function == Function::kReduce ||
                       o.function == Function::kReduceScatter;
  if (!reduces) return Reduction::Copy(o.datatype);
  if (!o.user_reduction.has_value()) return Reduction::BuiltIn(o.datatype, o.op, nranks);
  const UserReduction& user = *o.user_reduction;
  return Reduction::PreMultipliedSum(o.datatype,
                                     user.device_scalar != nullptr ? user.device_scalar : &user.immediate);
}

void RunCollective(Communicator& communicator, const Operation& o) {
  OperationObserver observer(communicator.profiler(), communicator.rank(), o.task_event, kChannels);
  Transport transport{communicator.link(), observer.IfWanted()};
  const CollectiveArguments arguments{o.send, o.receive, o.count, o.root,
                                      ReductionOf(o, communicator.nranks())};
  switch (o.function) {
    case Function::kAllReduce:
      AllReduce(transport, arguments);
      break;
    case Function::kAllGather:
      AllGather(transport, arguments);
      break;
    case Function::kReduceScatter:
      ReduceScatter(transport, arguments);
      break;
    case Function::kBroadcast:
      Broadcast(transport, arguments);
      break;
    case Function::kReduce:
      Reduce(transport, arguments);
      break;
    default:
      break;  // point-to-point work comes through RunPointToPoint
  }
  observer.Completed();
}

// AlltoAll, Gather and Scatter are grouped sends and receives, as in NCCL.
bool RunsAsTransfers(const Operation& o) {
  return o.IsPointToPoint() || o.function == Function::kAllToAll || o.function == Function::kGather ||
         o.function == Function::kScatter;
}

void ExpandTransfers(const Operation& o, std::vector<Operation>* expanded) {
  if (o.IsPointToPoint()) {
    expanded->push_back(o);
    return;
  }
  const size_t bytes = o.count * ElementSize(o.datatype);
  const bool is_root = o.communicator->rank() == o.root;
  const auto add = [&](Function function, int peer, size_t block) {
    Operation part = o;
    part.function = function;
    part.root = peer;
    part.send = function == Function::kSend ? static_cast<const char*>(o.send) + block * bytes : nullptr;
    part.receive = function == Function::kReceive ? static_cast<char*>(o.receive) + block * bytes : nullptr;
    expanded->push_back(part);
  };
  if (o.function == Function::kGather) add(Function::kSend, o.root, 0);
  if (o.function == Function::kScatter) add(Function::kReceive, o.root, 0);
  for (int peer = 0; peer < o.communicator->nranks(); ++peer) {
    const size_t block = static_cast<size_t>(peer);
    const bool all = o.function == Function::kAllToAll;
    if (all || (o.function == Function::kScatter && is_root)) add(Function::kSend, peer, block);
    if (all || (o.function == Function::kGather && is_root)) add(Function::kReceive, peer, block);
  }
}

void RunPointToPoint(Communicator& communicator, const std::vector<Operation>& operations) {
  std::vector<std::unique_ptr<OperationObserver>> observers;
  std::vector<Transfer> transfers;
  for (const Operation& o : operations) {
    observers.push_back(
        std::make_unique<OperationObserver>(communicator.profiler(), communicator.rank(), o.task_event, 1));
    const bool is_send = o.function == Function::kSend;
    void* const buffer = is_send ? const_cast<void*>(o.send) : o.receive;
    transfers.push_back({is_send, o.root, static_cast<char*>(buffer), o.count * ElementSize(o.datatype),
                         observers.back()->IfWanted()});
  }
  RunTransfers(communicator.link(), transfers);
  for (auto& observer : observers) observer->Completed();
}

void RunWork(void* argument) {
  Work& work = *static_cast<Work*>(argument);
  work.has_run = true;
  if (work.join != nullptr) work.join->WaitForAll(work.joined_streams);
  work.communicator->RunOperation(work.ticket, [&work] {
    if (work.operations.front().IsPointToPoint()) {
      RunPointToPoint(*work.communicator, work.operations);
    } else {
      RunCollective(*work.communicator, work.operations.front());
    }
  });
  if (work.join != nullptr) work.join->Done();
}

void ReleaseWork(void* argument) {
  const std::unique_ptr<Work> work(static_cast<Work*>(argument));
  if (!work->has_run && work->ticket != WorkOrder::kUnordered) work->communicator->order.Drop(work->ticket);
}

void RunJoin(void* argument) { (*static_cast<std::shared_ptr<StreamJoin>*>(argument))->ArriveAndWait(); }
void ReleaseJoin(void* argument) { delete static_cast<std::shared_ptr<StreamJoin>*>(argument); }

// The linkage name that a profiler would see.
std::string KernelName(const Operation& o) {
  const std::string name =
      std::string("ncclDevKernel_") + (o.IsPointToPoint() ? "SendRecv" : FunctionName(o.function));
  return "_Z" + std::to_string(name.size()) + name + "24ncclDevKernelArgsStorageILm4096EE";
}

ncclResult_t FromCuda(cudaError_t error, const Operation& o) {
  if (error == cudaSuccess) return ncclSuccess;
  return NCCL_FAIL(ncclUnhandledCudaError, "Cuda failure %d '%s' while launching %s", static_cast<int>(error),
                   cudaGetErrorString(error), FunctionName(o.function));
}

ncclResult_t EnqueueWork(std::vector<Operation> operations, void* group_api_event) {
  auto work = std::make_unique<Work>();
  work->communicator = operations.front().communicator;
  const LaunchEvents events(*work->communicator, operations, group_api_event);
  work->operations = std::move(operations);
  const Operation& first = work->operations.front();
  const int device = work->communicator->device;
  const cudaStream_t stream = first.stream;

  std::vector<cudaStream_t> others;
  for (const Operation& o : work->operations) {
    if (o.stream != stream && std::find(others.begin(), others.end(), o.stream) == others.end()) {
      others.push_back(o.stream);
    }
  }
  if (!others.empty()) {
    work->join = std::make_shared<StreamJoin>();
    work->joined_streams = static_cast<int>(others.size());
  }
  if (!IsCapturing(stream)) work->ticket = work->communicator->order.Take();

  const std::shared_ptr<StreamJoin> join = work->join;
  const Operation description = first;
  Work* const raw = work.release();
  const std::string kernel = KernelName(description);
  const cudaError_t error = EnqueueOn(device, stream, kernel.c_str(), RunWork, ReleaseWork, raw);
  if (error != cudaSuccess) {
    ReleaseWork(raw);
    return FromCuda(error, description);
  }
  for (cudaStream_t other : others) {
    auto* const own = new std::shared_ptr<StreamJoin>(join);
    const cudaError_t joined = EnqueueOn(device, other, "ncclGroup", RunJoin, ReleaseJoin, own);
    if (joined != cudaSuccess) {
      delete own;
      return FromCuda(joined, description);
    }
  }
  return ncclSuccess;
}

}  // namespace

ncclResult_t Launch(const std::vector<Operation>& operations, void* group_api_event) {
  std::vector<Communicator*> order;
  std::map<Communicator*, std::vector<Operation>> transfers;
  for (const Operation& o : operations) {
    Communicator* const communicator = o.communicator.get();
    if (std::find(order.begin(), order.end(), communicator) == order.end()) order.push_back(communicator);
    // Empty collectives are dropped; an empty send still meets its receive.
    if (o.IsPointToPoint() || (RunsAsTransfers(o) && o.count > 0))
      ExpandTransfers(o, &transfers[communicator]);
  }
  for (Communicator* communicator : order) {
    for (const Operation& o : operations) {
      if (o.communicator.get() != communicator || RunsAsTransfers(o) || o.count == 0) continue;
      if (const ncclResult_t result = EnqueueWork({o}, group_api_event); result != ncclSuccess) return result;
    }
    const auto grouped = transfers.find(communicator);
    if (grouped == transfers.end()) continue;
    if (const ncclResult_t result = EnqueueWork(grouped->second, group_api_event); result != ncclSuccess) {
      return result;
    }
  }
  return ncclSuccess;
}

}  // namespace rankle::virtual_nccl

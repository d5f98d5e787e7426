// From checked operations to device work. The work owns what it needs (it may run after the communicator's
// handle is destroyed, and several times when captured into a graph).
#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "virtual_gpu/nccl/collectives.h"
#include "virtual_gpu/nccl/debug_log.h"
#include "virtual_gpu/nccl/device.h"
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

// AlltoAll, Gather and Scatter are sends and receives below one event, as in NCCL.
void AppendTransfers(const Operation& o, const Communicator& communicator, TransferObserver* observer,
                     std::vector<Transfer>* transfers) {
  const size_t bytes = o.count * ElementSize(o.datatype);
  char* const send = static_cast<char*>(const_cast<void*>(o.send));
  char* const receive = static_cast<char*>(o.receive);
  const bool is_root = communicator.rank() == o.root;
  const auto add = [&](bool is_send, int peer, char* buffer) {
    transfers->push_back({is_send, peer, buffer, bytes, observer});
  };
  if (o.function == Function::kSend) add(true, o.root, send);
  if (o.function == Function::kReceive) add(false, o.root, receive);
  if (o.function == Function::kGather) add(true, o.root, send);
  if (o.function == Function::kScatter) add(false, o.root, receive);
  for (int peer = 0; peer < communicator.nranks(); ++peer) {
    const size_t offset = static_cast<size_t>(peer) * bytes;
    if (o.function == Function::kAllToAll || (o.function == Function::kScatter && is_root)) {
      add(true, peer, send + offset);
    }
    if (o.function == Function::kAllToAll || (o.function == Function::kGather && is_root)) {
      add(false, peer, receive + offset);
    }
  }
}

void RunPointToPoint(Communicator& communicator, const std::vector<Operation>& operations) {
  std::vector<std::unique_ptr<OperationObserver>> observers;
  std::vector<Transfer> transfers;
  for (const Operation& o : operations) {
    observers.push_back(
        std::make_unique<OperationObserver>(communicator.profiler(), communicator.rank(), o.task_event, 1));
    AppendTransfers(o, communicator, observers.back()->IfWanted(), &transfers);
  }
  RunTransfers(communicator.link(), transfers);
  for (auto& observer : observers) observer->Completed();
}

bool RunsAsTransfers(const Operation& o) {
  return o.IsPointToPoint() || o.function == Function::kAllToAll || o.function == Function::kGather ||
         o.function == Function::kScatter;
}

void RunWork(void* argument) {
  Work& work = *static_cast<Work*>(argument);
  work.has_run = true;
  if (work.join != nullptr) work.join->WaitForAll(work.joined_streams);
  work.communicator->RunOperation(work.ticket, [&work] {
    if (RunsAsTransfers(work.operations.front())) {
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

ncclResult_t FromCuda(cudaError_t error, const Operation& o) {
  if (error == cudaSuccess) return ncclSuccess;
  return NCCL_FAIL(ncclUnhandledCudaError, "Cuda failure %d '%s' while launching %s", static_cast<int>(error),
                   cudaGetErrorString(error), FunctionName(o.function));
}

ncclResult_t EnqueueWork(std::vector<Operation> operations) {
  auto work = std::make_unique<Work>();
  work->communicator = operations.front().communicator;
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
  const cudaError_t error =
      EnqueueOn(device, stream, FunctionName(description.function), RunWork, ReleaseWork, raw);
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

ncclResult_t Launch(std::vector<Operation> operations, const LaunchContext&) {
  std::vector<Communicator*> order;
  std::map<Communicator*, std::vector<Operation>> transfers;
  for (Operation& o : operations) {
    Communicator* const communicator = o.communicator.get();
    if (std::find(order.begin(), order.end(), communicator) == order.end()) order.push_back(communicator);
    if (o.IsPointToPoint() || (RunsAsTransfers(o) && o.count > 0)) {
      transfers[communicator].push_back(o);
    }
  }
  for (Communicator* communicator : order) {
    for (const Operation& o : operations) {
      if (o.communicator.get() != communicator || RunsAsTransfers(o) || o.count == 0) continue;
      if (const ncclResult_t result = EnqueueWork({o}); result != ncclSuccess) return result;
    }
    const auto grouped = transfers.find(communicator);
    if (grouped == transfers.end()) continue;
    if (const ncclResult_t result = EnqueueWork(grouped->second); result != ncclSuccess) return result;
  }
  return ncclSuccess;
}

}  // namespace rankle::virtual_nccl

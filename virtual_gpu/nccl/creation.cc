#include "virtual_gpu/nccl/creation.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <utility>

#include "virtual_gpu/nccl/debug_log.h"
#include "virtual_gpu/nccl/device.h"
#include "virtual_gpu/nccl/group.h"

namespace rankle::virtual_nccl {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t HashBytes(const void* bytes, size_t size) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (size_t i = 0; i < size; ++i)
    hash = (hash ^ static_cast<const unsigned char*>(bytes)[i]) * 0x100000001b3ull;
  return Mix(hash);
}

// Ranks with the same hash share a machine: NCCL_HOSTID, else the host name and the boot id.
uint64_t HostHash() {
  if (const char* id = std::getenv("NCCL_HOSTID"); id != nullptr && *id != '\0')
    return HashBytes(id, strlen(id));
  char text[512] = "";
  gethostname(text, 255);
  if (FILE* boot = std::fopen("/proc/sys/kernel/random/boot_id", "r")) {
    const size_t length = strlen(text);
    text[length + std::fread(text + length, 1, 64, boot)] = '\0';
    std::fclose(boot);
  }
  return HashBytes(text, strlen(text));
}

struct PeerInfo {
  uint64_t host;
  int64_t bus_id;
  int32_t device;
  int32_t pid;
};

// Two ranks must not share a device, unless NCCL_MULTI_RANK_GPU_ENABLE says so.
ncclResult_t CheckDuplicates(const std::vector<PeerInfo>& peers, int rank) {
  const char* allowed = std::getenv("NCCL_MULTI_RANK_GPU_ENABLE");
  if (allowed != nullptr && std::atoi(allowed) != 0) return ncclSuccess;
  const PeerInfo& own = peers[rank];
  for (size_t peer = 0; peer < peers.size(); ++peer) {
    if (static_cast<int>(peer) == rank || own.bus_id < 0) continue;
    if (peers[peer].host == own.host && peers[peer].bus_id == own.bus_id) {
      return NCCL_FAIL(ncclInvalidUsage,
                       "Duplicate GPU detected : rank %d and rank %d both on CUDA device %lx", rank,
                       static_cast<int>(peer), static_cast<long>(own.bus_id));
    }
  }
  return ncclSuccess;
}

ncclResult_t FromStatus(const absl::Status& status) {
  const ncclResult_t result = absl::IsInvalidArgument(status) ? ncclInvalidArgument
                              : absl::IsUnavailable(status)   ? ncclRemoteError
                                                              : ncclSystemError;
  return NCCL_FAIL(result, "%s", std::string(status.message()).c_str());
}

ncclResult_t FromStop(const TransferStopped& stopped, const char* function) {
  if (stopped.why == TransferStopped::Why::kAborted) {
    return NCCL_FAIL(ncclInternalError, "%s : aborted", function);
  }
  return NCCL_FAIL(ncclRemoteError, "%s : connection to a peer was closed", function);
}

// The line's text between function name and " - Init START": the new communicator and where it comes from.
std::string Describe(const Communicator& communicator, int rank, int nranks, const std::string& origin) {
  char text[512];
  std::snprintf(text, sizeof text, "comm %p rank %d nranks %d cudaDev %d nvmlDev %d busId %lx %s",
                static_cast<void*>(communicator.handle), rank, nranks, communicator.device,
                communicator.device, static_cast<long>(communicator.bus_id), origin.c_str());
  return text;
}

void LogComplete(const char* function, const Communicator& communicator, const std::string& origin,
                 Clock::time_point begin) {
  LogInfo(kLogInit, "%s %s - Init COMPLETE", function,
          Describe(communicator, communicator.rank(), communicator.nranks(), origin).c_str());
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  LogInfo(kLogInit,
          "Init timings - %s: rank %d nranks %d total %.2f (kernels 0.00, alloc 0.00, bootstrap %.2f, "
          "allgathers 0.00, "
          "topo 0.00, graphs 0.00, connections 0.00, rest 0.00)",
          function, communicator.rank(), communicator.nranks(), seconds, seconds);
}

absl::StatusOr<RendezvousId> ResolveId(const ncclUniqueId& id, int rank) {
  if (const char* fixed = std::getenv("NCCL_COMM_ID"); fixed != nullptr && *fixed != '\0') {
    return FixedRendezvous(fixed, rank == 0);
  }
  return RendezvousId::Unpack(id);
}

absl::StatusOr<std::shared_ptr<Mesh>> ConnectMesh(Communicator& communicator, const InitRequest& request) {
  if (request.nranks == 1) return Mesh::Connect(0, 1, nullptr);
  auto id = ResolveId(request.ids.front(), request.rank);
  if (!id.ok()) return id.status();
  auto store = StoreClient::Connect(*id, communicator.abort_flag());
  if (!store.ok()) return store.status();
  const Communicator::InterruptScope interrupt(communicator,
                                               [client = store->get()] { client->Interrupt(); });
  return Mesh::Connect(request.rank, request.nranks, store->get());
}

std::vector<PeerInfo> ExchangePeerInfo(Link& link, const Communicator& communicator) {
  const PeerInfo own{HostHash(), communicator.bus_id, communicator.device, static_cast<int32_t>(getpid())};
  std::vector<PeerInfo> peers;
  for (const std::vector<char>& bytes : ExchangeAll(link, &own, sizeof own)) {
    peers.emplace_back();
    std::memcpy(&peers.back(), bytes.data(), sizeof own);
  }
  return peers;
}

ncclResult_t Connect(Communicator& communicator, const InitRequest& request, uint64_t identity) {
  const Clock::time_point begin = Clock::now();
  char origin[64];
  std::snprintf(origin, sizeof origin, "commId 0x%lx", identity);
  LogInfo(kLogInit, "[Rank %d] %s %s - Init START", request.rank, request.function,
          Describe(communicator, request.rank, request.nranks, origin).c_str());
  auto mesh = ConnectMesh(communicator, request);
  if (!mesh.ok()) return FromStatus(mesh.status());
  std::vector<int> members(request.nranks);
  std::iota(members.begin(), members.end(), 0);
  auto link = std::make_shared<Link>(*mesh, std::move(members), request.rank, identity);
  const Communicator::InterruptScope interrupt(communicator, [link] { link->Abort(); });
  try {
    const std::vector<PeerInfo> peers = ExchangePeerInfo(*link, communicator);
    if (const ncclResult_t unique = CheckDuplicates(peers, request.rank); unique != ncclSuccess)
      return unique;
    std::set<uint64_t> hosts;
    for (const PeerInfo& peer : peers) hosts.insert(peer.host);
    communicator.Ready({request.rank, request.nranks, identity, static_cast<int>(hosts.size()), true},
                       std::move(link));
  } catch (const TransferStopped& stopped) {
    return FromStop(stopped, request.function);
  }
  LogComplete(request.function, communicator, origin, begin);
  return ncclSuccess;
}

// Hands the job to the group. The program sees the handle at once when it does not block, else when it is
// ready.
ncclResult_t SubmitCreation(std::shared_ptr<Communicator> communicator, ncclComm_t* out,
                            std::shared_ptr<Communicator> parent, std::function<ncclResult_t()> create) {
  const ncclComm_t handle = NewHandle(communicator);
  const bool blocking = communicator->config.blocking;
  *out = blocking ? nullptr : handle;
  if (!blocking && parent != nullptr) parent->SetAsyncError(ncclInProgress);
  CreationJob job;
  job.blocking = blocking;
  job.create = std::move(create);
  job.finish = [communicator, parent, handle, out, blocking](ncclResult_t result) {
    communicator->SetAsyncError(result);
    if (!blocking && parent != nullptr) {
      parent->SetAsyncError(result == ncclRemoteError ? ncclRemoteError : ncclSuccess);
    }
    // Nobody gets to see a communicator that a blocking call failed to make, or that this rank is not part
    // of.
    const bool made = result == ncclSuccess && communicator->nranks() > 0;
    if (blocking && made) *out = handle;
    if (!made && (blocking || result == ncclSuccess)) TakeFromHandle(handle, "creation");
  };
  return Submit(std::move(job));
}

// What a child communicator needs from all who take part.
using Agree = std::function<ncclResult_t(Communicator& child, const std::string& origin)>;

// Runs `exchange` so that an abort of the parent or the child ends it.
template <typename Exchange>
ncclResult_t Interruptibly(Communicator& parent, Communicator& child, const std::shared_ptr<Link>& link,
                           const char* function, Exchange exchange) {
  const Communicator::InterruptScope by_parent(parent, [link] { link->Abort(); });
  const Communicator::InterruptScope by_child(child, [link] { link->Abort(); });
  try {
    return exchange();
  } catch (const TransferStopped& stopped) {
    return FromStop(stopped, function);
  }
}

std::string ChildOrigin(const Communicator& parent, int index, int color, int key) {
  char text[128];
  std::snprintf(text, sizeof text, "parent %p childCount %d color %d key %d",
                static_cast<void*>(parent.handle), index, color, key);
  return text;
}

ncclResult_t Split(Communicator& parent, Communicator& child, int index, int color, int key) {
  struct Choice {
    int color;
    int key;
  };
  const Clock::time_point begin = Clock::now();
  const Link& base = parent.link();
  const uint64_t family = Mix(parent.shape().identity, static_cast<uint64_t>(index) + 1);
  auto control = std::make_shared<Link>(base.mesh(), base.members(), parent.rank(), family);
  return Interruptibly(parent, child, control, "ncclCommSplit", [&] {
    const Choice own{color, key};
    const auto choices = ExchangeAll(*control, &own, sizeof own);
    if (color == NCCL_SPLIT_NOCOLOR) {
      child.Ready({0, 0, 0, 0, false}, control);  // zero ranks: there is no communicator for this rank
      return ncclSuccess;
    }
    std::vector<std::pair<int, int>> order;  // key, parent's rank
    for (int rank = 0; rank < parent.nranks(); ++rank) {
      Choice choice;
      std::memcpy(&choice, choices[rank].data(), sizeof choice);
      if (choice.color == color) order.emplace_back(choice.key, rank);
    }
    std::sort(order.begin(), order.end());
    std::vector<int> members;
    int own_rank = 0;
    for (const auto& [member_key, rank] : order) {
      if (rank == parent.rank()) own_rank = static_cast<int>(members.size());
      members.push_back(base.members()[rank]);
    }
    const uint64_t identity = Mix(family, static_cast<uint64_t>(color) + 1);
    const int nranks = static_cast<int>(members.size());
    child.Ready({own_rank, nranks, identity, parent.shape().nodes, false},
                std::make_shared<Link>(base.mesh(), std::move(members), own_rank, identity));
    LogComplete("ncclCommSplit", child, ChildOrigin(parent, index, color, key), begin);
    return ncclSuccess;
  });
}

ncclResult_t Shrink(Communicator& parent, Communicator& child, int index, const std::vector<int>& excluded) {
  const Clock::time_point begin = Clock::now();
  const Link& base = parent.link();
  std::vector<int> members;
  int own_rank = 0;
  uint64_t identity = Mix(parent.shape().identity, static_cast<uint64_t>(index) + 1);
  for (int rank = 0; rank < parent.nranks(); ++rank) {
    if (std::find(excluded.begin(), excluded.end(), rank) != excluded.end()) {
      identity = Mix(identity, static_cast<uint64_t>(rank) + 1);
      continue;
    }
    if (rank == parent.rank()) own_rank = static_cast<int>(members.size());
    members.push_back(base.members()[rank]);
  }
  const int nranks = static_cast<int>(members.size());
  auto link = std::make_shared<Link>(base.mesh(), std::move(members), own_rank, identity);
  return Interruptibly(parent, child, link, "ncclCommShrink", [&] {
    ExchangeAll(*link, &own_rank, sizeof own_rank);  // all survivors are here
    child.Ready({own_rank, nranks, identity, parent.shape().nodes, false}, link);
    LogComplete("ncclCommShrink", child, ChildOrigin(parent, index, 0, parent.rank()), begin);
    return ncclSuccess;
  });
}

}  // namespace

ncclResult_t CreateRoot(ncclComm_t* out, const InitRequest& request) {
  LogVersionOnce();
  if (out == nullptr)
    return NCCL_FAIL(ncclInvalidArgument, "%s : newcomm argument is NULL", request.function);
  if (request.nranks < 1 || request.rank < 0 || request.rank >= request.nranks) {
    return NCCL_FAIL(ncclInvalidArgument, "Invalid rank requested : %d/%d", request.rank, request.nranks);
  }
  Config config;
  if (const ncclResult_t parsed = Config::Parse(request.config, Config{}, &config); parsed != ncclSuccess) {
    return parsed;
  }
  const int device = CurrentDevice();
  if (device < 0)
    return NCCL_FAIL(ncclUnhandledCudaError, "%s : no CUDA device is current", request.function);
  auto communicator = std::make_shared<Communicator>(device, BusId(device), config);
  const uint64_t identity = HashBytes(request.ids.data(), request.ids.size() * sizeof(ncclUniqueId));
  return SubmitCreation(communicator, out, nullptr, [communicator, request, identity] {
    return Connect(*communicator, request, identity);
  });
}

ncclResult_t CreateSplit(const std::shared_ptr<Communicator>& parent, ncclComm_t* out,
                         const SplitRequest& request) {
  if (out == nullptr) return NCCL_FAIL(ncclInvalidArgument, "ncclCommSplit : newcomm argument is NULL");
  *out = nullptr;
  if (request.color < 0 && request.color != NCCL_SPLIT_NOCOLOR) {
    return NCCL_FAIL(ncclInvalidArgument,
                     "ncclCommSplit : invalid color %d; use a number from 0 or NCCL_SPLIT_NOCOLOR",
                     request.color);
  }
  const ncclResult_t usable = parent->revoked() ? parent->CheckReady() : parent->CheckUsable();
  if (usable != ncclSuccess) return usable;
  Config config;
  if (const ncclResult_t parsed = Config::Parse(request.config, parent->config, &config);
      parsed != ncclSuccess) {
    return parsed;
  }
  auto child = std::make_shared<Communicator>(parent->device, parent->bus_id, config);
  const int index = parent->NextChild();
  const int color = request.color;
  const int key = request.key;
  const ncclResult_t result = SubmitCreation(child, out, parent, [parent, child, index, color, key] {
    return Split(*parent, *child, index, color, key);
  });
  if (color == NCCL_SPLIT_NOCOLOR) *out = nullptr;
  return result;
}

ncclResult_t CreateShrunk(const std::shared_ptr<Communicator>& parent, ncclComm_t* out,
                          const ShrinkRequest& request) {
  if (out == nullptr) return NCCL_FAIL(ncclInvalidArgument, "ncclCommShrink : newcomm argument is NULL");
  *out = nullptr;
  if (const ncclResult_t ready = parent->CheckReady(); ready != ncclSuccess) return ready;
  if (request.excluded.empty()) {
    return NCCL_FAIL(ncclInvalidArgument, "ncclCommShrink : no ranks to exclude; give at least one");
  }
  for (int rank : request.excluded) {
    if (rank < 0 || rank >= parent->nranks() || rank == parent->rank()) {
      return NCCL_FAIL(ncclInvalidArgument,
                       "ncclCommShrink : invalid rank %d to exclude (calling rank %d of %d)", rank,
                       parent->rank(), parent->nranks());
    }
  }
  Config config;
  if (const ncclResult_t parsed = Config::Parse(request.config, parent->config, &config);
      parsed != ncclSuccess) {
    return parsed;
  }
  if (request.abort_parent) {
    parent->Revoke();
  } else if (parent->async_error() != ncclSuccess) {
    return NCCL_FAIL(parent->async_error(),
                     "ncclCommShrink : the parent has an asynchronous error; use NCCL_SHRINK_ABORT");
  }
  auto child = std::make_shared<Communicator>(parent->device, parent->bus_id, config);
  const int index = parent->NextChild();
  return SubmitCreation(child, out, parent, [parent, child, index, excluded = request.excluded] {
    return Shrink(*parent, *child, index, excluded);
  });
}

}  // namespace rankle::virtual_nccl

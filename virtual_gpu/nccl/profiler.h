// The profiler plugin of NCCL_PROFILER_PLUGIN (ABI v1 to v6), called as NCCL calls it. This header is the
// library's own view of an event; profiler_abi.cc translates it into each version's structures. Without a
// plugin every call is a branch on a null pointer. Thread-safe as far as the plugin is.
#pragma once

#include <nccl.h>

#include <cstdint>
#include <string>

#include "virtual_gpu/nccl/flow.h"

namespace rankle::virtual_nccl {

enum ProfilerEventType : uint64_t {
  kProfileGroup = 1 << 0,
  kProfileColl = 1 << 1,
  kProfileP2p = 1 << 2,
  kProfileProxyOp = 1 << 3,
  kProfileProxyStep = 1 << 4,
  kProfileKernelCh = 1 << 6,
  kProfileGroupApi = 1 << 8,
  kProfileCollApi = 1 << 9,
  kProfileP2pApi = 1 << 10,
  kProfileKernelLaunch = 1 << 11,
};

enum class ProfilerState {
  kProxyOpSendPosted = 0,
  kProxyOpSendTransmitted = 2,
  kProxyOpSendDone = 3,
  kProxyOpRecvPosted = 4,
  kProxyOpRecvReceived = 5,
  kProxyOpRecvTransmitted = 6,
  kProxyOpRecvDone = 7,
  kStepSendGpuWait = 8,
  kStepSendWait = 9,
  kStepRecvWait = 10,
  kStepRecvFlushWait = 11,
  kStepRecvGpuWait = 12,
  kProxyOpInProgress = 19,
  kStepSendPeerWait = 20,
  kKernelChStop = 22,
  kGroupStartApiStop = 23,
  kGroupEndApiStart = 24,
};

// The union of what all versions carry. Text must be static or live until the start call returns.
struct ProfilerEvent {
  uint64_t type = 0;
  void* parent = nullptr;
  void* parent_group = nullptr;
  int rank = 0;

  const char* comm_name = nullptr;
  uint64_t comm_hash = 0;
  uint64_t sequence = 0;
  const char* function = nullptr;
  int function_id = 0;
  const void* send = nullptr;
  void* receive = nullptr;
  size_t count = 0;
  int root = 0;  // peer of a send or receive
  ncclDataType_t datatype = ncclInt8;
  int op = 0;
  size_t traffic_bytes = 0;
  int channels = 0;
  void* stream = nullptr;
  bool graph_captured = false;
  int group_depth = 0;

  int channel = 0;
  int peer = 0;
  int steps = 0;
  int step = 0;
  int chunk_bytes = 0;
  bool is_send = false;
  uint64_t timer = 0;
};

struct ProfilerStateArguments {
  size_t bytes = 0;
  int steps = 0;
  uint64_t timer = 0;
};

struct ProfilerCommInfo {
  const char* name = nullptr;
  uint64_t hash = 0;
  int nodes = 1;
  int nranks = 1;
  int rank = 0;
};

// One version of the plugin interface.
class ProfilerPlugin {
 public:
  virtual ~ProfilerPlugin() = default;
  virtual int version() const = 0;
  virtual ncclResult_t Init(void** context, const ProfilerCommInfo& info) = 0;
  virtual void* Start(void* context, const ProfilerEvent& event) = 0;
  virtual void Stop(void* handle) = 0;
  virtual void Record(void* handle, ProfilerState state, const ProfilerStateArguments& arguments) = 0;
  virtual void Finalize(void* context) = 0;

  // What this process uses, loaded at the first call; null without one.
  static ProfilerPlugin* Loaded();
  // Events the plugin wants now: it may change its mask at any time.
  static uint64_t Mask();
};

// The plugin as one communicator sees it.
class CommProfiler {
 public:
  void Init(const ProfilerCommInfo& info);
  void Finalize();
  ~CommProfiler() { Finalize(); }

  // True when the plugin wants one of `types` (a parent is started for the sake of its children).
  bool Wants(uint64_t types) const { return plugin_ != nullptr && (ProfilerPlugin::Mask() & types) != 0; }
  int version() const { return plugin_ == nullptr ? 0 : plugin_->version(); }
  void* Start(const ProfilerEvent& event) { return plugin_->Start(context_, event); }
  void Stop(void* handle) {
    if (handle != nullptr) plugin_->Stop(handle);
  }
  void Record(void* handle, ProfilerState state, const ProfilerStateArguments& arguments = {}) {
    if (handle != nullptr) plugin_->Record(handle, state, arguments);
  }

 private:
  ProfilerPlugin* plugin_ = nullptr;
  void* context_ = nullptr;
};

// Reports the transfers of one running operation as proxy operations and steps below its Coll or P2p event,
// and the channels of its kernel.
class OperationObserver : public TransferObserver {
 public:
  OperationObserver(CommProfiler& profiler, int rank, void* parent, int channels);
  // Nothing to report: flows are given no observer then.
  TransferObserver* IfWanted() { return wanted_ ? this : nullptr; }
  // The operation has completed; without this call the events stay open.
  void Completed();

  void* StartFlow(int channel, int peer, bool is_send, int steps, size_t chunk_bytes) override;
  void StopFlow(void* flow) override;
  void* StartStep(void* flow, bool is_send, int step, size_t bytes) override;
  void MoveStep(void* step, size_t bytes) override;
  void StopStep(void* step, bool is_send, size_t bytes) override;

 private:
  struct FlowEvent;
  CommProfiler& profiler_;
  const int rank_;
  void* const parent_;
  bool wanted_ = false;
  std::vector<void*> kernel_channels_;
};

}  // namespace rankle::virtual_nccl

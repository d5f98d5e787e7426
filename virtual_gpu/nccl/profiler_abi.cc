// Loads the profiler plugin and translates the library's events into the structures of its version.
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tracer/nccl_profiler/abi_traits.h"
#include "virtual_gpu/nccl/debug_log.h"
#include "virtual_gpu/nccl/profiler.h"

namespace rankle::virtual_nccl {
namespace {

// NCCL gives plugins one mask for all communicators and reads it before each event.
int profiler_mask = 0;

constexpr uint8_t kRingAlgorithm = 1;
constexpr uint8_t kSimpleProtocol = 2;
constexpr uint8_t kWarps = 16;

const char* DatatypeName(ncclDataType_t type) {
  static constexpr std::array<const char*, ncclNumTypes> kNames = {
      "ncclInt8",    "ncclUint8",   "ncclInt32",   "ncclUint32",   "ncclInt64",      "ncclUint64",
      "ncclFloat16", "ncclFloat32", "ncclFloat64", "ncclBfloat16", "ncclFloat8e4m3", "ncclFloat8e5m2"};
  return kNames[type];
}

using profiler::Abi;

template <int V, typename Task>
void FillCommon(const ProfilerEvent& e, Task& task) {
  if constexpr (V <= 3) {
    task.name = e.comm_name;
    task.commHash = e.comm_hash;
  }
  if constexpr (V == 1) {
    task.func = static_cast<uint8_t>(e.function_id);
    task.datatype = static_cast<uint8_t>(e.datatype);
  } else {
    task.func = e.function;
    task.datatype = DatatypeName(e.datatype);
  }
  if constexpr (V >= 4) task.nChannels = static_cast<uint8_t>(e.channels);
  if constexpr (V >= 5) task.parentGroup = e.parent_group;
  task.count = e.count;
}

template <int V, typename Coll>
void FillColl(const ProfilerEvent& e, Coll& coll) {
  FillCommon<V>(e, coll);
  coll.seqNumber = e.sequence;
  coll.sendBuff = e.send;
  coll.recvBuff = e.receive;
  coll.root = e.root;
  coll.nWarps = kWarps;
  if constexpr (V == 1) {
    coll.op = static_cast<uint32_t>(e.op);
    coll.algo = kRingAlgorithm;
    coll.proto = kSimpleProtocol;
  } else {
    coll.algo = "RING";
    coll.proto = "SIMPLE";
  }
  if constexpr (V <= 2) coll.trafficBytes = e.traffic_bytes;
  if constexpr (V <= 3) coll.nMaxChannels = static_cast<uint8_t>(e.channels);
}

template <int V, typename P2p>
void FillP2p(const ProfilerEvent& e, P2p& p2p) {
  FillCommon<V>(e, p2p);
  p2p.buff = e.send != nullptr ? const_cast<void*>(e.send) : e.receive;
  p2p.peer = e.root;
}

template <typename Api>
void FillApi(const ProfilerEvent& e, Api& api) {
  api.func = e.function;
  api.count = e.count;
  api.datatype = DatatypeName(e.datatype);
  api.stream = e.stream;
  api.graphCaptured = e.graph_captured;
}

template <int V, typename Descr>
void Fill(const ProfilerEvent& e, Descr& d) {
  d.type = static_cast<decltype(d.type)>(e.type);
  d.parentObj = e.parent;
  d.rank = e.rank;
  if (e.type == kProfileColl) FillColl<V>(e, d.coll);
  if (e.type == kProfileP2p) FillP2p<V>(e, d.p2p);
  if (e.type == kProfileProxyOp) {
    d.proxyOp = {getpid(),         static_cast<uint8_t>(e.channel), e.peer, e.steps, e.chunk_bytes,
                 e.is_send ? 1 : 0};
  }
  if (e.type == kProfileProxyStep) d.proxyStep.step = e.step;
  if constexpr (V >= 3) {
    if (e.type == kProfileKernelCh) d.kernelCh.channelId = static_cast<uint8_t>(e.channel);
  }
  if constexpr (V >= 4) {
    if (e.type == kProfileKernelCh) d.kernelCh.pTimer = e.timer;
  }
  if constexpr (V >= 5) {
    if (e.type == kProfileGroupApi) d.groupApi = {e.graph_captured, e.group_depth};
    if (e.type == kProfileKernelLaunch) d.kernelLaunch.stream = e.stream;
    if (e.type == kProfileP2pApi) FillApi(e, d.p2pApi);
    if (e.type == kProfileCollApi) {
      FillApi(e, d.collApi);
      d.collApi.root = e.root;
    }
  }
}

template <int V>
class Adapter : public ProfilerPlugin {
 public:
  explicit Adapter(void* symbol) : plugin_(static_cast<typename Abi<V>::Plugin*>(symbol)) {}

  int version() const override { return V; }

  ncclResult_t Init(void** context, const ProfilerCommInfo& info) override {
    if constexpr (V <= 3) {
      return plugin_->init(context, &profiler_mask);
    } else if constexpr (V == 4) {
      return plugin_->init(context, &profiler_mask, info.name, info.hash, info.nodes, info.nranks, info.rank,
                           PluginLogger);
    } else {
      return plugin_->init(context, info.hash, &profiler_mask, info.name, info.nodes, info.nranks, info.rank,
                           PluginLogger);
    }
  }

  void* Start(void* context, const ProfilerEvent& event) override {
    typename Abi<V>::Descr descr{};
    Fill<V>(event, descr);
    void* handle = nullptr;
    plugin_->startEvent(context, &handle, &descr);
    return handle;
  }

  void Stop(void* handle) override { plugin_->stopEvent(handle); }

  void Record(void* handle, ProfilerState state, const ProfilerStateArguments& arguments) override {
    typename Abi<V>::Args args{};
    if constexpr (V <= 3) {
      args.proxyOp = {arguments.bytes, arguments.steps};
    } else if (state == ProfilerState::kKernelChStop) {
      args.kernelCh.pTimer = arguments.timer;
    } else {
      args.proxyStep.transSize = arguments.bytes;
    }
    plugin_->recordEventState(handle, static_cast<int>(state), &args);
  }

  void Finalize(void* context) override { plugin_->finalize(context); }

 private:
  typename Abi<V>::Plugin* const plugin_;
};

template <int V>
ProfilerPlugin* Find(void* library) {
  void* const symbol = dlsym(library, absl::StrCat("ncclProfiler_v", V).c_str());
  return symbol == nullptr ? nullptr : new Adapter<V>(symbol);
}

// Highest version first.
template <int... kOffset>
ProfilerPlugin* FindNewest(void* library, std::integer_sequence<int, kOffset...>) {
  ProfilerPlugin* found = nullptr;
  ((found = found != nullptr ? found : Find<6 - kOffset>(library)), ...);
  return found;
}

void* OpenPlugin(const std::string& name) {
  std::vector<std::string> candidates;
  if (name == "STATIC_PLUGIN") return dlopen(nullptr, RTLD_NOW | RTLD_LOCAL);
  if (name.empty()) {
    candidates = {"libnccl-profiler.so"};
  } else if (absl::StrContains(name, '/') || absl::EndsWith(name, ".so")) {
    candidates = {name};
  } else {
    candidates = {absl::StrCat("libnccl-profiler-", name, ".so"), name};
  }
  for (const std::string& candidate : candidates) {
    if (void* const library = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    // Nobody asked for the default name, so its absence is no news.
    if (!name.empty()) LogInfo(kLogInit, "PROFILER/Plugin: Could not load: %s", dlerror());
  }
  return nullptr;
}

ProfilerPlugin* Load() {
  const char* const value = std::getenv("NCCL_PROFILER_PLUGIN");
  const std::string name = value == nullptr ? "" : value;
  if (name == "none") return nullptr;
  void* const library = OpenPlugin(name);
  if (library == nullptr) return nullptr;
  ProfilerPlugin* const plugin = FindNewest(library, std::make_integer_sequence<int, 6>());
  if (plugin == nullptr) {
    LogInfo(kLogInit, "PROFILER/Plugin: no symbol ncclProfiler_v1 to ncclProfiler_v6 in %s", name.c_str());
    return nullptr;
  }
  LogInfo(kLogInit, "PROFILER/Plugin: loaded %s (v%d)", name.empty() ? "libnccl-profiler.so" : name.c_str(),
          plugin->version());
  return plugin;
}

}  // namespace

ProfilerPlugin* ProfilerPlugin::Loaded() {
  static ProfilerPlugin* const plugin = Load();
  return plugin;
}

uint64_t ProfilerPlugin::Mask() {
  return static_cast<uint64_t>(static_cast<unsigned>(__atomic_load_n(&profiler_mask, __ATOMIC_RELAXED)));
}

}  // namespace rankle::virtual_nccl

// The catalogue's data. docs/fault-plans.md shows the same table; a test compares the two.
#include "injector/plan/catalogue.h"

#include "injector/api/api.h"

namespace rankle::plan {
namespace {

using api::kCollective;
using api::kFile;
using api::kLaunch;
using api::kMalloc;
using api::kMemcpy;
using api::kP2p;
using api::kPoll;
using api::kSocket;

constexpr uint32_t kAny = 0;
constexpr uint32_t kOperations = kCollective | kP2p;

constexpr Parameter kAt = {"at", "choice enter|exit", false, "before the call (default) or after it"};

constexpr Parameter kDelayParameters[] = {
    {"time", "duration", true, "how long; may be a distribution"},
    kAt,
};
constexpr Parameter kHangParameters[] = {
    {"for", "duration", false, "end by itself after this time; default: never"},
    kAt,
};
constexpr Parameter kFailParameters[] = {
    {"result", "result", true, "the error that the call returns: a name or number of the function's library"},
};
constexpr Parameter kAsyncErrorParameters[] = {
    {"result", "result", false, "what ncclCommGetAsyncError reports; default ncclRemoteError"},
};
constexpr Parameter kMutateParameters[] = {
    {"field", "choice count|datatype|root|op|peer|comm|stream", true, "the argument to change"},
    {"value", "value", false,
     "its new value: number, datatype or op name; comm: n-th communicator of the process"},
    {"delta", "number", false, "or: what to add to it (count, root, peer)"},
};
constexpr Parameter kCorruptParameters[] = {
    {"buffer", "choice send|recv", false,
     "the send buffer before the call (default), or the receive buffer after it"},
    {"pattern", "choice bitflip|nan|zero|random", false, "what is written; default bitflip"},
    {"bits", "number", false, "how many bits (bitflip) or elements; default 1"},
    {"offset", "bytes", false, "where in the buffer; default: drawn from the seed"},
};
constexpr Parameter kOomParameters[] = {
    {"after_bytes", "bytes", false, "fail only once this process has allocated so much; default 0: at once"},
};
constexpr Parameter kLeakParameters[] = {
    {"bytes", "bytes", true, "size of the hidden allocation per matching call"},
};
constexpr Parameter kSlowKernelParameters[] = {
    {"time", "duration", false, "extra device time per launch; may be a distribution"},
    {"factor", "factor", false, "or: multiply the launch's own time, e.g. 1.5"},
};
constexpr Parameter kSlowCopyParameters[] = {
    {"rate", "rate", true, "bandwidth limit, e.g. 1GiB/s"},
};
constexpr Parameter kGpuLostParameters[] = {
    {"code", "choice 13|31|48|63|74|79|94|95", false, "the Xid; default 79, fallen off the bus"},
};
constexpr Parameter kExitParameters[] = {
    {"code", "number", false, "exit code 0..255; default 1"},
    kAt,
};
constexpr Parameter kSignalParameters[] = {
    {"signal", "signal", true, "KILL, SEGV, TERM, STOP, ... or a number"},
    {"for", "duration", false, "STOP only: send CONT after this time"},
    kAt,
};
constexpr Parameter kThrowParameters[] = {
    {"type",
     "choice std::runtime_error|std::logic_error|std::bad_alloc|RuntimeError|ValueError|OSError|MemoryError|"
     "StopIteration",
     false,
     "default std::runtime_error, from rankleCallPython RuntimeError; those of Python from there only"},
    {"what", "text", false, "the message; default \"injected by rankle\""},
    kAt,
};

constexpr Parameter kGilParameters[] = {
    {"for", "duration", true, "how long a thread of its own keeps the lock; may be a distribution"},
    kAt,
};

constexpr Parameter kShortParameters[] = {
    {"bytes", "bytes", true, "move so many at most; calls that ask for no more are left alone"},
};

constexpr Parameter kTimeOutParameters[] = {
    {"end", "choice now|limit", false,
     "now (default), or when the time that the program gave is over; without such a time, limit never fires"},
};

constexpr std::string_view kLateCauses[] = {"hardware_network_environment", "configuration_error"};
constexpr std::string_view kAbsentCauses[] = {"distributed_communication_error", "concurrency_error"};
// version_incompatibility: NCCL answers a peer of another version with ncclInvalidUsage.
constexpr std::string_view kErrorCauses[] = {"hardware_network_environment", "api_misuse",
                                             "version_incompatibility"};
// concurrency_error: threads that race decide in which order they call.
constexpr std::string_view kOrderCauses[] = {"distributed_communication_error", "concurrency_error"};
constexpr std::string_view kCommunicationCauses[] = {"distributed_communication_error"};
constexpr std::string_view kArgumentCauses[] = {"distributed_communication_error", "distributed_tensor_error",
                                                "allocation_strategy_error"};
constexpr std::string_view kDataCauses[] = {"numerical_error", "concurrency_error",
                                            "hardware_network_environment"};
constexpr std::string_view kMemoryCauses[] = {"memory_management_error", "allocation_strategy_error"};
constexpr std::string_view kHardwareCauses[] = {"hardware_network_environment"};
// A disk that is full is mostly one that nobody planned for: checkpoints that are kept, logs.
constexpr std::string_view kDiskFullCauses[] = {"hardware_network_environment", "configuration_error"};
constexpr std::string_view kCrashCauses[] = {"incorrect_implementation", "precondition_missing"};

constexpr Parameter kFor = {"for", "duration", false, "how long it lasts; default: to the end"};
constexpr Parameter kPeriod = {"period", "duration", false, "with for: begin again after this time"};
constexpr Parameter kDirection = {"direction", "choice out|in|both", false,
                                  "what the named ranks send (default), receive, or both"};
constexpr Parameter kNetDelayParameters[] = {
    {"time", "duration", true, "how long packets are held; may be a distribution, order is kept"},
    kDirection,
    kFor,
    kPeriod,
};
constexpr Parameter kNetDropParameters[] = {
    {"percent", "percent", false, "share of the packets that are lost; default 100"},
    kDirection,
    kFor,
    kPeriod,
};
constexpr Parameter kNetLimitParameters[] = {
    {"rate", "rate", true, "bytes a second, e.g. 1MiB/s"},
    kDirection,
    kFor,
    kPeriod,
};
constexpr Parameter kNetResetParameters[] = {
    {"period", "duration", false, "reset them again after this time"},
};
constexpr Parameter kThrottleParameters[] = {
    {"percent", "percent", true, "of one core, for the rank and what it started"},
    kFor,
    kPeriod,
};
constexpr Parameter kFreezeParameters[] = {kFor, kPeriod};
constexpr Parameter kChurnParameters[] = {
    {"for", "duration", true, "how long it is away"},
    {"period", "duration", false, "leave again after this time"},
};
constexpr Parameter kMemoryLimitParameters[] = {
    {"bytes", "bytes", true, "host memory of the rank and what it started"},
    kFor,
    kPeriod,
};
constexpr Parameter kFdLimitParameters[] = {
    {"files", "number", true, "descriptors below which new ones must lie (RLIMIT_NOFILE)"},
    kFor,
    kPeriod,
};
constexpr Parameter kClockSkewParameters[] = {
    {"offset", "signed duration", true, "how far the rank's clock is ahead; - = behind"},
};
constexpr Parameter kPath = {
    "path", "paths", true,
    "absolute path of the file, or a pattern (* and ?; * also stands for /), or a list of these"};
constexpr Parameter kDiskSlowParameters[] = {
    kPath,
    {"time", "duration", true, "how much longer each call takes; may be a distribution"},
};
constexpr Parameter kDiskFullParameters[] = {kPath};
constexpr Parameter kDiskErrorParameters[] = {
    kPath,
    {"errno", "result", false, "the error; default EIO. ESTALE, EROFS, EDQUOT, ..."},
};
constexpr Parameter kDiskLimitParameters[] = {
    {"path", "directory", true, "a directory that is there; the rank sees an empty one in its place"},
    {"bytes", "bytes", true, "what fits into it"},
};

// clang-format off
constexpr ActionInfo kCatalogue[] = {
    {Action::kDelay, "delay", "waits before or after the call", kAny, kDelayParameters,
     "the call takes longer; the other ranks wait for this one in the next collective",
     "a slow device or link: the host is late, the device is idle meanwhile",
     kLateCauses, "", "delay ncclAllReduce rank=3 call=100.. time=200ms"},
    {Action::kHang, "hang", "blocks the call until released (rankle release), the communicator is aborted, or the process ends", kAny, kHangParameters,
     "one thread of one rank stands still; the other ranks wait in the collective until their watchdog fires",
     "a transfer that stops half-way: the rank has not entered the operation at all",
     kAbsentCauses, "", "hang ncclAllReduce rank=1 call=50"},
    {Action::kFail, "fail", "returns an error instead of calling", kAny, kFailParameters,
     "the error code, as from the library; peers wait for a rank that never took part",
     "side effects of the real failure: the communicator or device stays healthy",
     kErrorCauses, "", "fail ncclAllReduce rank=2 call=30 result=ncclSystemError"},
    {Action::kAsyncError, "async-error", "the call succeeds; ncclCommGetAsyncError reports the error from then on", kOperations, kAsyncErrorParameters,
     "success now, an asynchronous error of that communicator at the next poll",
     "the network failure behind it: the data still arrive",
     kHardwareCauses, "", "async-error ncclAllReduce rank=0 call=40 result=ncclRemoteError"},
    {Action::kSkip, "skip", "returns success without calling", kAny, {},
     "success, but nothing happened: the output is stale, and peers miss this rank",
     "a skip by control flow: code between the calls still runs",
     kAbsentCauses, "", "skip ncclAllReduce rank=5 step=20 times=1"},
    {Action::kRepeat, "repeat", "issues the call twice", kAny, {},
     "one call; peers see one operation more from this rank than from others",
     "a repeated step: only this one call is doubled",
     kCommunicationCauses, "", "repeat ncclSend rank=1 call=10"},
    {Action::kSwap, "swap", "issues the call after the process's next matching call", kOperations, {},
     "two operations in the other order than on its peers",
     "orders that change over more than two calls",
     kOrderCauses, "", "swap ncclAllReduce rank=2 call=60"},
    {Action::kMutate, "mutate", "changes an argument: count, datatype, root, op, peer, comm, stream", kAny, kMutateParameters,
     "nothing at once; ranks disagree about the operation, or results are wrong",
     "a wrong tensor: the buffer stays as it was, so a count must not grow past it",
     kArgumentCauses, "", "mutate ncclAllReduce rank=3 call=80 field=count delta=-1"},
    {Action::kCorrupt, "corrupt", "flips bits of the send buffer before, or of the receive buffer after the call", kAny, kCorruptParameters,
     "wrong numbers: a loss that jumps, replicas that drift, NaN",
     "errors inside a reduction on the device: the buffer changes only between operations",
     kDataCauses, "", "corrupt ncclAllReduce rank=2 call=25 pattern=nan buffer=recv"},
    {Action::kOom, "oom", "allocations fail, once or after a total", kMalloc, kOomParameters,
     "an out-of-memory error of the allocating call (cudaErrorMemoryAllocation)",
     "fragmentation, and allocators that cached the memory before",
     kMemoryCauses, "", "oom malloc rank=1 after_bytes=64MiB"},
    {Action::kLeak, "leak", "keeps a hidden allocation per matching call", kAny, kLeakParameters,
     "free device memory shrinks until an allocation fails",
     "a leak in the application's own allocator statistics",
     kMemoryCauses, "", "leak ncclAllReduce rank=0 bytes=1MiB"},
    {Action::kSlowKernel, "slow-kernel", "device work takes longer: extra time on the stream of a launch", kLaunch, kSlowKernelParameters,
     "kernels of this rank finish late, with the host on time",
     "lower clocks: the extra time is a pause between kernels, memory bandwidth is untouched",
     kHardwareCauses, "", "slow-kernel launch rank=3 time=2ms"},
    {Action::kSlowCopy, "slow-copy", "limits copy bandwidth", kMemcpy, kSlowCopyParameters,
     "copies take bytes / rate at least; what waits for them is late",
     "traffic of other processes on the same bus",
     kHardwareCauses, "", "slow-copy memcpy rank=1 rate=1GiB/s"},
    {Action::kGpuLost, "gpu-lost", "a sticky CUDA error from then on, with the matching driver log line (xid: the same)", kAny, kGpuLostParameters,
     "every later CUDA call of the process fails with the error of that Xid, NCCL with ncclUnhandledCudaError",
     "the state of the machine: nvidia-smi and other processes see a healthy GPU",
     kHardwareCauses, "", "gpu-lost ncclAllReduce rank=2 call=100 code=79"},
    {Action::kExit, "exit", "ends the process with an exit code", kAny, kExitParameters,
     "the process is gone: exit handlers run, the launcher sees the code, peers lose it",
     "the loss of a host: its sockets are closed in order, so peers learn of it at once", kCrashCauses, "", "exit ncclAllReduce rank=1 call=50 code=7"},
    {Action::kAbort, "abort", "ends the process by abort()", kAny, {},
     "SIGABRT, as from a failed assertion; no exit handlers",
     "the message and state that a real assertion leaves", kCrashCauses, "", "abort ncclAllReduce rank=1 call=50"},
    {Action::kSignal, "signal", "sends the process a signal", kAny, kSignalParameters,
     "what the signal does: KILL as from the kernel's OOM killer, SEGV as from a wild pointer, STOP as from a frozen host",
     "a real SEGV's fault address and the state of memory around it",
     kCrashCauses, "", "signal ncclAllReduce rank=3 call=50 signal=KILL"},
    {Action::kThrow, "throw", "throws a C++ exception from the call", kAny, kThrowParameters,
     "an exception out of a C function: std::terminate where a frame is noexcept",
     "types of the application; of Python, only what rankleCallPython can raise",
     kCrashCauses, "", "throw ncclAllReduce rank=1 call=50 what='bad shard'"},
    {Action::kShort, "short", "moves fewer bytes than the call asked for", kSocket | kFile, kShortParameters,
     "a count below what was asked for, as from a full socket buffer: the rest is still to be done",
     "datagrams: what is cut off is lost, where a stream would keep it",
     kHardwareCauses, "", "short read rank=1 call=3 bytes=1"},
    {Action::kTimeOut, "time-out", "ends a wait for readiness as if its time were over: 0, nothing ready, no errno", kPoll, kTimeOutParameters,
     "an answer of 0: nobody sent in time, or nobody took what was to be sent",
     "the silence: what became ready stays so, and the next call finds it",
     kHardwareCauses, "", "time-out poll rank=1 call=3"},
    {Action::kThrottle, "throttle", "limits the CPU of a rank", kAny, kThrottleParameters,
     "the rank computes and answers more slowly, in slices of 20 ms; the others wait for it",
     "lower clocks of a device, and slow memory",
     kLateCauses, "", "throttle host rank=1 percent=40 after=2s", "host"},
    {Action::kFreeze, "freeze", "stops a rank and all it started, and lets it go on", kAny, kFreezeParameters,
     "nothing in the rank runs; its sockets stay open and are acknowledged by the kernel; peers wait",
     "a dead host: its kernel still answers packets",
     kHardwareCauses, "", "freeze host rank=2 after=3s for=5s", "host"},
    {Action::kMemoryLimit, "memory-limit", "limits the host memory of a rank; beyond it the kernel kills", kAny, kMemoryLimitParameters,
     "reclaim at first, then SIGKILL by the kernel's OOM killer",
     "a host that is out of memory as a whole: other processes are not touched",
     kMemoryCauses, "", "memory-limit host rank=1 bytes=64MiB", "host"},
    {Action::kFdLimit, "fd-limit", "lets a rank open no more file descriptors", kAny, kFdLimitParameters,
     "EMFILE from open, socket, accept and the like; what is open stays",
     "a full table of the whole system (ENFILE)",
     kMemoryCauses, "", "fd-limit host rank=1 files=16 after=2s", "host"},
    {Action::kGil, "gil", "holds Python's interpreter lock", kAny, kGilParameters,
     "every thread of the process that runs Python stands still, as beside an extension that forgot to let the lock go",
     "a busy interpreter: the thread that keeps the lock sleeps, it takes no CPU",
     kLateCauses, "", "gil ncclAllReduce rank=1 call=50 for=2s"},
    {Action::kNetDelay, "net-delay", "delays packets between hosts", kAny, kNetDelayParameters,
     "round trips take longer; windows fill up, so that rates fall too",
     "delays below 0.1 ms: a process holds the packets (no netem is needed), and must be woken",
     kHardwareCauses, "", "net-delay network rank=0 peer=1 time=5ms", "network"},
    {Action::kNetDrop, "net-drop", "loses packets between hosts: some, or all (partition)", kAny, kNetDropParameters,
     "retransmissions and stalls of 200 ms and more; with 100 percent nothing arrives, and no error either",
     "which packets are lost is the kernel's chance, not the seed's",
     kHardwareCauses, "", "net-drop network rank=2 percent=5 direction=both", "network"},
    {Action::kNetLimit, "net-limit", "limits the rate between hosts", kAny, kNetLimitParameters,
     "transfers take bytes / rate at least, and what else goes the same way waits in the same queue",
     "other traffic that competes: the rate is steady",
     kHardwareCauses, "", "net-limit network rank=2 peer=3 rate=2MiB/s", "network"},
    {Action::kNetReset, "net-reset", "resets the TCP connections between hosts", kAny, kNetResetParameters,
     "ECONNABORTED on the named ranks, ECONNRESET on their peers",
     "resets by a middlebox, which both sides would see alike; with net-drop on, the peer sees nothing (half open)",
     kHardwareCauses, "", "net-reset network rank=1 peer=2 after=3s", "network"},
    {Action::kDiskSlow, "disk-slow", "slows file access on matching paths", kFile, kDiskSlowParameters,
     "calls on these files take longer; what reads or writes them in a step comes late to it",
     "a disk that everybody shares: each call waits by itself; stdio and mapped files are not seen",
     kHardwareCauses, "", "disk-slow file rank=1 path=/data/* time=20ms"},
    {Action::kDiskFull, "disk-full", "fails writes with ENOSPC on matching paths", kFile, kDiskFullParameters,
     "ENOSPC from whatever needs room: write, fsync, mkdir, rename, and open where it makes a file",
     "the last bytes that still fit (a real disk moves a part of them first): see disk-limit",
     kDiskFullCauses, "", "disk-full file path=/ckpt/* call=3.."},
    {Action::kDiskError, "disk-error", "fails file access with EIO on matching paths", kFile, kDiskErrorParameters,
     "the error from every call on these files; descriptors that are open stay open",
     "what a failing disk does besides: the file system stays writable, the kernel logs nothing",
     kHardwareCauses, "", "disk-error read,pread path=/data/shard-* rank=2 call=5.."},
    {Action::kDiskLimit, "disk-limit", "limits what a rank can store below a directory; beyond it the kernel says ENOSPC", kAny, kDiskLimitParameters,
     "an empty file system of that size in the place of the directory, from its start on: parts are written, then ENOSPC",
     "what lay in the directory before, and what is left when the rank has ended: it goes with its last process",
     kDiskFullCauses, "", "disk-limit host rank=1 path=/ckpt bytes=1MiB", "host"},
    {Action::kClockSkew, "clock-skew", "shifts what a rank sees as monotonic time, from its start on", kAny, kClockSkewParameters,
     "CLOCK_MONOTONIC and CLOCK_BOOTTIME are ahead or behind, as after another boot time",
     "drift, and CLOCK_REALTIME: the kernel's time namespaces shift only these two",
     kHardwareCauses, "", "clock-skew host rank=1 offset=90s", "host"},
    {Action::kChurn, "churn", "kills a rank, and starts it again after a while", kAny, kChurnParameters,
     "SIGKILL, then the same command with the same rank; who waits for it sees its connections close",
     "a host that is replaced by another one: host, rank and environment stay; a job that takes no rank back fails",
     kHardwareCauses, "", "churn host rank=1 after=10s for=2s", "host"},
};
// clang-format on

}  // namespace

std::span<const ActionInfo> Catalogue() { return kCatalogue; }

const ActionInfo* FindAction(std::string_view name) {
  if (name == "xid") name = "gpu-lost";
  for (const ActionInfo& info : kCatalogue) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

const ActionInfo* FindAction(Action action) {
  for (const ActionInfo& info : kCatalogue) {
    if (info.action == action) return &info;
  }
  return nullptr;
}

}  // namespace rankle::plan

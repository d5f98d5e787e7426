#include "detectors/checks/buffer_reuse_before_sync.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "clang/AST/Decl.h"
#include "clang/AST/Expr.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {
namespace {

struct Buffer {
  Value pointer;
  bool written = false;  // by the operation
};

struct Running {
  const PathEvent* event;
  Value comm, stream;
  std::vector<Buffer> buffers;
  bool apart;  // its stream is a non-blocking one: the default stream does not wait for it
};

// What an event does with memory.
struct Access {
  Value pointer;
  bool writes, frees;
  Value stream;  // in whose order; zero: the host's
};

// The same memory: the same base, and offsets that are the same or where one begins.
bool Meet(const Value& buffer, const Access& access) {
  const std::string base = buffer.Base();
  if (base.empty() || base != access.pointer.Base()) return false;
  return access.frees || buffer == access.pointer || buffer == Value::Atom(base);
}

bool IsLegacy(const Value& stream) {
  const auto constant = stream.AsConstant();
  return constant && (*constant == 0 || *constant == 1);
}

class BufferReuseBeforeSync : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{
        "nccl-buffer-reuse-before-sync",
        "a buffer is freed, read or written while an operation on it may still run", "concurrency_error",
        "wrong/corruption", Severity::kWarning};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    std::vector<Running> running;
    EventMarks marks;
    std::set<Value> apart;
    for (const PathEvent& event : path.events) {
      if (event.failed) return;  // what is done after an error is no matter of order
      if (event.Is(Kind::kStreamCreate) && event.arguments.size() > 1 && event.arguments[1].AsConstant() == 1)
        apart.insert(event.made);
      Look(event, running, findings);
      std::erase_if(running, [&](const Running& operation) { return Ends(event, operation); });
      if (event.Is(Kind::kStreamWait)) {
        // What is enqueued on that stream from here on comes after everything that the event stands for.
        for (Running& operation : running) {
          if (marks.Covers(event, operation.stream, operation.event))
            ordered_.insert({operation.event, event.At(event.api->at.stream)});
        }
      }
      marks.See(event);
      if (event.what != Happening::kCall || event.api->library != Library::kNccl ||
          !IsCommunication(*event.api))
        continue;
      const Arguments& at = event.api->at;
      Running started{
          &event, event.At(at.comm), event.At(at.stream), {}, apart.count(event.At(at.stream)) > 0};
      if (event.Has(at.send)) started.buffers.push_back({event.At(at.send), false});
      if (event.Has(at.recv)) started.buffers.push_back({event.At(at.recv), true});
      running.push_back(std::move(started));
    }
    ordered_.clear();
  }

 private:
  static bool Ends(const PathEvent& event, const Running& operation) {
    if (MayWaitFor(event, operation.stream)) return true;
    if (event.Is(Kind::kCopy)) return true;
    const bool comm_ends = event.IsNccl(Kind::kCommFinalize) || event.IsNccl(Kind::kCommAbort) ||
                           event.IsNccl(Kind::kCommDestroy);
    return comm_ends && !Differ(event.At(event.api->at.comm), operation.comm);
  }

  // The host's own copies and fills: which argument is written, which is read.
  struct HostAccess {
    std::string_view name;
    int written, read;
  };
  static constexpr HostAccess kHostAccesses[] = {{"memset", 0, -1}, {"memcpy", 0, 1}, {"memmove", 0, 1},
                                                 {"fill_n", 0, -1}, {"fill", 0, -1},  {"copy_n", 2, 0},
                                                 {"copy", 2, 0},    {"iota", 0, -1},  {"accumulate", -1, 0}};

  static std::vector<Access> AccessesOf(const PathEvent& event) {
    if (event.what == Happening::kForeign) {
      for (const HostAccess& access : kHostAccesses) {
        if (access.name != event.name) continue;
        std::vector<Access> accesses;
        for (const int at : {access.written, access.read}) {
          if (at >= 0 && static_cast<size_t>(at) < event.arguments.size())
            accesses.push_back({event.arguments[static_cast<size_t>(at)], at == access.written, false, {}});
        }
        return accesses;
      }
    }
    if (event.what == Happening::kTouch) return {{event.touched, event.writes, false, {}}};
    if (event.what == Happening::kScopeEnd) {
      // An owner whose memory was asked for by a pure method: `buffer.data()`.
      const std::string object = event.touched.AsAtom()->substr(2);
      std::vector<Access> accesses;
      for (const char* getter : {"data", "get"})
        accesses.push_back({Value::Atom("^" + std::string(getter) + "(" + object + ")"), false, true, {}});
      return accesses;
    }
    if (event.what != Happening::kCall) return {};
    const Api& api = *event.api;
    const Arguments& at = api.at;
    std::vector<Access> accesses;
    switch (api.kind) {
      case Kind::kFree:
        accesses.push_back({event.At(at.buffer), false, true, {}});
        break;
      case Kind::kFreeAsync:
        accesses.push_back({event.At(at.buffer), false, true, event.At(at.stream)});
        break;
      case Kind::kCopy:
      case Kind::kCopyAsync:
      case Kind::kCollective:
      case Kind::kSend:
      case Kind::kRecv:
      case Kind::kSendRecv:
        if (event.Has(at.send)) accesses.push_back({event.At(at.send), false, false, event.At(at.stream)});
        if (event.Has(at.recv)) accesses.push_back({event.At(at.recv), true, false, event.At(at.stream)});
        break;
      default:
        break;
    }
    return accesses;
  }

  void Look(const PathEvent& event, const std::vector<Running>& running, PathFindings& findings) const {
    for (const Access& access : AccessesOf(event)) {
      for (const Running& operation : running) {
        if (InOrder(event, access, operation)) continue;
        const auto hit =
            std::find_if(operation.buffers.begin(), operation.buffers.end(), [&](const Buffer& buffer) {
              return Meet(buffer.pointer, access) && (buffer.written || access.writes || access.frees);
            });
        if (hit == operation.buffers.end()) continue;
        const char* what = access.frees ? "freed" : access.writes ? "written" : "read";
        findings.Add(event, operation.event,
                     "a buffer of " + std::string(operation.event->api->name) + " is " + what +
                         " while it may still run: nothing has waited for it",
                     "enqueued here");
        return;
      }
    }
  }

  bool InOrder(const PathEvent& event, const Access& access, const Running& operation) const {
    if (event.what != Happening::kCall || event.api->library == Library::kMpi) return false;
    // cudaMemcpy and others without a stream are on the default stream. Of a stream that was made elsewhere
    // it is not known whether that one waits for it.
    const bool on_legacy = (event.Is(Kind::kCopy) || event.Is(Kind::kCopyAsync)) && event.api->at.stream < 0;
    if (on_legacy) return !operation.apart;
    if (event.api->at.stream < 0) return false;
    // The legacy default stream and blocking streams wait for each other.
    if (!operation.apart && (IsLegacy(access.stream) || IsLegacy(operation.stream))) return true;
    return !Differ(access.stream, operation.stream) || ordered_.count({operation.event, access.stream}) > 0;
  }

  std::set<std::pair<const PathEvent*, Value>> ordered_;
};

}  // namespace

std::unique_ptr<Check> MakeBufferReuseBeforeSync() { return std::make_unique<BufferReuseBeforeSync>(); }

}  // namespace rankle::lint

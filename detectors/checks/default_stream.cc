#include "detectors/checks/default_stream.h"

#include <map>

#include "clang/AST/Expr.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {
namespace {

// 0 and cudaStreamLegacy; cudaStreamPerThread is 2.
bool IsLegacy(const Value& stream) {
  const auto constant = stream.AsConstant();
  return constant && (*constant == 0 || *constant == 1);
}

bool LaunchesOnLegacy(const PathEvent& event) {
  if (event.what == Happening::kLaunch) return IsLegacy(event.touched);
  return event.Is(Kind::kLaunch) && event.Has(event.api->at.stream) &&
         IsLegacy(event.At(event.api->at.stream));
}

// cudaStreamCreate, or flags that say the same.
bool CreatesBlockingStream(const PathEvent& event) {
  if (!event.Is(Kind::kStreamCreate)) return false;
  if (event.arguments.size() < 2) return true;
  const auto flags = event.arguments[1].AsConstant();
  return flags && *flags == 0;
}

class DefaultStream : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-default-stream",
                                     "communication on the default stream, or on one that waits for it",
                                     "concurrency_error", "hang/deadlock", Severity::kAdvice};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    std::map<Value, const PathEvent*> created;
    const PathEvent* communication_on = nullptr;  // the creation of a stream that communication is on
    const PathEvent* launch = nullptr;
    for (const PathEvent& event : path.events) {
      if (LaunchesOnLegacy(event)) launch = &event;
      if (CreatesBlockingStream(event)) created[event.made] = &event;
      if (event.what != Happening::kCall || event.api->library != Library::kNccl ||
          !IsCommunication(*event.api) || !event.Has(event.api->at.stream))
        continue;
      const Value stream = event.At(event.api->at.stream);
      if (IsLegacy(stream))
        findings.Add(
            event, nullptr,
            std::string(event.api->name) +
                " on the legacy default stream, which waits for all other streams of the device and holds "
                "them up; a stream of its own does not");
      if (const auto it = created.find(stream); it != created.end()) communication_on = it->second;
    }
    if (communication_on && launch)
      findings.Add(*communication_on, launch,
                   "this stream waits for the default stream, on which kernels are launched; "
                   "cudaStreamCreateWithFlags(..., cudaStreamNonBlocking) makes one that does not",
                   "launched on the default stream here");
  }
};

}  // namespace

std::unique_ptr<Check> MakeDefaultStream() { return std::make_unique<DefaultStream>(); }

}  // namespace rankle::lint

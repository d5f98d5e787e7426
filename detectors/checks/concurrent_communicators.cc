#include "detectors/checks/concurrent_communicators.h"

#include <algorithm>
#include <vector>

#include "clang/AST/Expr.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {
namespace {

class ConcurrentCommunicators : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{
        "nccl-concurrent-communicators",
        "two communicators of a device on two streams with nothing that orders them", "concurrency_error",
        "hang/deadlock", Severity::kAdvice};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    struct Operation {
      Value comm, stream;
      const PathEvent* event;
      int group;  // 0: in none
    };
    std::vector<Operation> before;
    int depth = 0, group = 0;
    for (const PathEvent& event : path.events) {
      // On another device nothing competes for this one's places.
      if (event.Is(Kind::kSetDevice)) before.clear();
      std::erase_if(before, [&](const Operation& operation) { return MayWaitFor(event, operation.stream); });
      if (event.what != Happening::kCall) continue;
      const Api& api = *event.api;
      if (event.IsNccl(Kind::kGroupStart) && depth++ == 0) ++group;
      if (event.IsNccl(Kind::kGroupEnd) && depth > 0) --depth;
      // Whatever the stream waits for comes before what is enqueued on it.
      if (event.Is(Kind::kStreamWait)) {
        const Value waits = event.At(api.at.stream);
        for (Operation& operation : before) {
          if (!Differ(operation.stream, waits)) continue;
          operation.stream = waits;
        }
      }
      if (api.library != Library::kNccl || !IsCommunication(api) || !event.Has(api.at.stream)) continue;
      const Operation now{event.At(api.at.comm), event.At(api.at.stream), &event, depth > 0 ? group : 0};
      const auto other = std::find_if(before.begin(), before.end(), [&](const Operation& operation) {
        return Differ(operation.comm, now.comm) && Differ(operation.stream, now.stream) &&
               !(now.group > 0 && operation.group == now.group);
      });
      if (other != before.end())
        findings.Add(event, other->event,
                     std::string(api.name) +
                         " on a second communicator and stream of this device: nothing orders it "
                         "after the " +
                         std::string(other->event->api->name) + " of the first",
                     "the first communicator's operation");
      before.push_back(now);
    }
  }
};

}  // namespace

std::unique_ptr<Check> MakeConcurrentCommunicators() { return std::make_unique<ConcurrentCommunicators>(); }

}  // namespace rankle::lint

#include "detectors/checks/destroy_in_flight.h"

#include <algorithm>
#include <vector>

#include "clang/AST/Expr.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {
namespace {

class DestroyInFlight : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{
        "nccl-destroy-in-flight", "a communicator or its stream is destroyed while operations may still run",
        "api_misuse", "misuse/destroy-in-flight", Severity::kWarning};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    struct Operation {
      Value comm, stream;
      const PathEvent* event;
    };
    std::vector<Operation> running;
    for (const PathEvent& event : path.events) {
      if (event.failed) return;  // what is done after an error is no matter of order
      std::erase_if(
          running, [&](const Operation& operation) { return Ends(event, operation.comm, operation.stream); });
      if (event.what != Happening::kCall) continue;
      const Api& api = *event.api;
      if (api.library == Library::kNccl && IsCommunication(api)) {
        running.push_back({event.At(api.at.comm), event.At(api.at.stream), &event});
        continue;
      }
      const bool comm = event.IsNccl(Kind::kCommDestroy), stream = event.Is(Kind::kStreamDestroy);
      if (!comm && !stream) continue;
      const Value gone = event.At(comm ? api.at.comm : api.at.stream);
      const auto operation = std::find_if(running.rbegin(), running.rend(), [&](const Operation& candidate) {
        return gone == (comm ? candidate.comm : candidate.stream);
      });
      if (operation == running.rend()) continue;
      findings.Add(event, operation->event,
                   std::string(api.name) + " while " + std::string(operation->event->api->name) +
                       " may still run: nothing has waited for it",
                   "enqueued here");
      if (comm) std::erase_if(running, [&](const Operation& candidate) { return candidate.comm == gone; });
    }
  }

 private:
  static bool Ends(const PathEvent& event, const Value& comm, const Value& stream) {
    if (MayWaitFor(event, stream) || event.Is(Kind::kCopy)) return true;
    const bool finalised = event.IsNccl(Kind::kCommFinalize) || event.IsNccl(Kind::kCommAbort);
    return finalised && !Differ(event.At(event.api->at.comm), comm);
  }
};

}  // namespace

std::unique_ptr<Check> MakeDestroyInFlight() { return std::make_unique<DestroyInFlight>(); }

}  // namespace rankle::lint

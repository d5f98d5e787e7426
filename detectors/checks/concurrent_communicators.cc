#include "detectors/checks/concurrent_communicators.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "clang/AST/Expr.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/path_check.h"
#include "detectors/checks/thread_starts.h"

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
    EventMarks marks;
    int depth = 0, group = 0;
    for (const PathEvent& event : path.events) {
      // On another device nothing competes for this one's places.
      if (event.Is(Kind::kSetDevice)) before.clear();
      std::erase_if(before, [&](const Operation& operation) { return MayWaitFor(event, operation.stream); });
      if (event.what != Happening::kCall) continue;
      marks.See(event);
      const Api& api = *event.api;
      if (event.IsNccl(Kind::kGroupStart) && depth++ == 0) ++group;
      if (event.IsNccl(Kind::kGroupEnd) && depth > 0) --depth;
      // Whatever the stream waits for comes before what is enqueued on it.
      if (event.Is(Kind::kStreamWait)) {
        const Value waits = event.At(api.at.stream);
        for (Operation& operation : before) {
          if (marks.Covers(event, operation.stream, operation.event)) operation.stream = waits;
        }
      }
      if (api.library != Library::kNccl || !IsCommunication(api) || !event.Has(api.at.stream)) continue;
      const Operation now{event.At(api.at.comm), event.At(api.at.stream), &event, depth > 0 ? group : 0};
      const auto other = std::find_if(before.begin(), before.end(), [&](const Operation& operation) {
        return Differ(operation.comm, now.comm) && Differ(operation.stream, now.stream) &&
               !(now.group > 0 && operation.group == now.group);
      });
      // In a loop each of them comes after the other: the pair is one finding.
      if (other != before.end() && !said_.count({event.site, other->event->site}) &&
          said_.insert({other->event->site, event.site}).second)
        findings.Add(event, other->event,
                     std::string(api.name) +
                         " on a second communicator and stream of this device: nothing orders it "
                         "after the " +
                         std::string(other->event->api->name) + " of the first",
                     "the first communicator's operation");
      before.push_back(now);
    }
  }

  // Two threads that are not joined between their starts.
  void AfterPaths(const FunctionView& function, PathFindings& findings) override {
    said_.clear();
    const std::vector<ThreadStart> starts = ThreadStartsOf(function);
    const tooling::FunctionBody& body = function.body();
    for (size_t i = 0; i + 1 < starts.size(); ++i) {
      const Call* first = OnlyOperation(function, starts[i]);
      const Call* second = OnlyOperation(function, starts[i + 1]);
      if (!first || !second || starts[i].repeated || starts[i + 1].repeated ||
          !AreOtherVariables(*first, *second) ||
          JoinedBetween(function, body.end(starts[i].node), starts[i + 1].node))
        continue;
      PathEvent event, cause;
      event.expr = event.site = second->expr;
      cause.expr = cause.site = first->expr;
      findings.Add(event, &cause,
                   std::string(second->api->name) +
                       " on a second communicator and stream of this device, in another "
                       "thread than the first: nothing orders them",
                   "the first communicator's operation");
    }
  }

 private:
  // Of a thread that does not choose its device.
  static const Call* OnlyOperation(const FunctionView& function, const ThreadStart& start) {
    const int lambda = start.lambda ? function.body().Find(start.lambda) : -1;
    const Call* found = nullptr;
    for (const Call& call : function.calls()) {
      if (lambda < 0 || !function.body().Inside(call.node, lambda)) continue;
      if (call.api->kind == Kind::kSetDevice) return nullptr;
      if (!found && call.api->library == Library::kNccl && IsCommunication(*call.api)) found = &call;
    }
    return found;
  }

  static bool AreOtherVariables(const Call& first, const Call& second) {
    for (const int8_t position : {first.api->at.comm, first.api->at.stream}) {
      const int8_t other = position == first.api->at.comm ? second.api->at.comm : second.api->at.stream;
      const clang::VarDecl *a = VariableOf(first.At(position)), *b = VariableOf(second.At(other));
      if (!a || !b || a == b) return false;
    }
    return true;
  }

  std::set<std::pair<const clang::Expr*, const clang::Expr*>> said_;  // first, second of this function
};

}  // namespace

std::unique_ptr<Check> MakeConcurrentCommunicators() { return std::make_unique<ConcurrentCommunicators>(); }

}  // namespace rankle::lint

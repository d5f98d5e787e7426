#include "detectors/checks/nonblocking_no_poll.h"

#include <map>
#include <set>
#include <string>

#include "clang/AST/Expr.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {
namespace {

constexpr int64_t kSuccess = 0, kInProgress = 7;  // ncclResult_t

bool Makes(const PathEvent& event) { return event.IsNccl(Kind::kCommInit) || event.IsNccl(Kind::kCommSplit); }

// May be answered with ncclInProgress.
bool MayGoOn(const Api& api) {
  return IsCommunication(api) || api.kind == Kind::kCommInit || api.kind == Kind::kCommSplit ||
         api.kind == Kind::kCommFinalize;
}

// After this choice the state is something else than ncclInProgress.
bool ExcludesProgress(const PathEvent& condition, const Value& state) {
  if (!condition.equality) return false;
  const auto rest = (condition.difference - state).AsConstant(),
             other = (condition.difference + state).AsConstant();
  if (!rest && !other) return false;
  const int64_t compared_with = rest ? -*rest : *other;
  return condition.outcome ? compared_with != kInProgress : compared_with == kInProgress;
}

class NonblockingNoPoll : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-nonblocking-no-poll",
                                     "a nonblocking communicator is used before its state is polled",
                                     "api_misuse", "misuse/nonblocking-no-poll", Severity::kError};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    std::map<Value, const PathEvent*> working;  // nonblocking communicators, and what they may still be at
    std::map<Value, const PathEvent*> grouped;  // that begin to work when the group ends
    std::map<std::string, const PathEvent*> answers;  // results of calls on them
    std::map<Value, Value> asked;                     // states that polls gave, and of which communicator
    int depth = 0;
    for (const PathEvent& event : path.events) {
      if (event.what == Happening::kCondition) {
        Compared(event, answers);
        for (const auto& [state, comm] : asked) {
          if (ExcludesProgress(event, state)) working[comm] = nullptr;
        }
      }
      // Who is given the communicator may poll it.
      if (event.what == Happening::kForeign) {
        for (const Value& argument : event.arguments) {
          const auto state = asked.find(argument);
          const auto it = working.find(state == asked.end() ? argument : state->second);
          if (it != working.end()) it->second = nullptr;
        }
      }
      if (event.what != Happening::kCall || event.api->library != Library::kNccl) continue;
      const Api& api = *event.api;
      if (api.kind == Kind::kGroupStart) ++depth;
      if (api.kind == Kind::kGroupEnd && depth > 0 && --depth == 0) {
        for (const auto& [comm, call] : grouped) working[comm] = call;
        if (!grouped.empty()) answers[event.result.Text()] = &event;
        grouped.clear();
      }
      if (Makes(event) && event.nonblocking) {
        answers[event.result.Text()] = &event;
        (depth > 0 ? grouped : working)[event.made] = &event;
      }
      if (!event.Has(api.at.comm)) continue;
      const auto it = working.find(event.At(api.at.comm));
      if (it == working.end()) continue;
      if (api.kind == Kind::kAsyncError) asked[event.made] = it->first;
      if (api.kind == Kind::kCommAbort) it->second = nullptr;
      if (api.kind == Kind::kAsyncError || api.kind == Kind::kCommAbort || api.kind == Kind::kErrorText)
        continue;
      if (it->second)
        findings.Add(event, it->second,
                     std::string(api.name) + " on a nonblocking communicator before its state was polled: " +
                         std::string(it->second->api->name) + " may still be at work",
                     "this may return before it is done");
      it->second = nullptr;
      if (!MayGoOn(api)) continue;
      answers[event.result.Text()] = &event;
      if (depth > 0) {
        grouped[it->first] = &event;
      } else {
        it->second = &event;
      }
    }
  }

  void AfterPaths(const FunctionView& /*function*/, PathFindings& findings) override {
    for (const auto& [expr, compared] : compared_) {
      if (compared.with_success && !compared.with_progress)
        findings.Add(compared.event, nullptr,
                     std::string(compared.event.api->name) +
                         " may return ncclInProgress, which is no error: the result is compared with "
                         "ncclSuccess alone");
    }
    compared_.clear();
  }

 private:
  struct Comparison {
    PathEvent event;
    bool with_success = false, with_progress = false;
  };

  void Compared(const PathEvent& condition, const std::map<std::string, const PathEvent*>& answers) {
    if (!condition.equality) return;
    for (const auto& [result, event] : answers) {
      const Value rest = condition.difference - Value::Atom(result),
                  other = condition.difference + Value::Atom(result);
      const auto constant = rest.AsConstant() ? rest.AsConstant() : other.AsConstant();
      if (!constant) continue;
      Comparison& comparison = compared_.try_emplace(event->expr, Comparison{*event}).first->second;
      if (*constant == kSuccess) comparison.with_success = true;
      if (*constant == kInProgress || *constant == -kInProgress) comparison.with_progress = true;
    }
  }

  std::map<const clang::Expr*, Comparison> compared_;
};

}  // namespace

std::unique_ptr<Check> MakeNonblockingNoPoll() { return std::make_unique<NonblockingNoPoll>(); }

}  // namespace rankle::lint

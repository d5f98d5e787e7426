#include "injector/plan/targets.h"

#include <algorithm>
#include <map>

#include "injector/plan/glob.h"
#include "injector/plan/suggest.h"
#include "injector/plan/text.h"
#include "injector/sites/calls.h"

namespace rankle::plan {
namespace {

// The contract's groups first; api.h has the rest.
constexpr std::string_view kGroups[] = {
    "collective", "p2p",     "cuda",     "malloc", "memcpy",     "launch",    "sync",  "socket",
    "file",       "process", "free",     "stream", "event",      "graph",     "group", "comm_init",
    "comm_end",   "polling", "sleeping", "spawn",  "timed_wait", "exception", "libc"};
constexpr int kMostResult = 8;  // ncclResult_t ends here

absl::Status UnknownTarget(std::string_view name) {
  std::vector<std::string_view> known = AllGroupNames();
  for (const api::ApiInfo& api : api::AllApis()) known.push_back(api.name);
  return Invalid(Concat("'", name, "' is no function that rankle knows, and no group",
                        DidYouMean(name, known), ": a name such as ncclAllReduce, a glob (nccl*), or one of ",
                        Join(AllGroupNames(), " ")));
}

using Chosen = std::map<uint16_t, TargetFunction>;

absl::Status AddTargets(const std::string& name, Chosen& chosen) {
  const size_t before = chosen.size();
  auto add = [&](const api::ApiInfo& api, bool by_name) {
    TargetFunction& target = chosen[api.id];
    target = {&api, target.by_name || by_name};
  };
  if (const uint32_t group = api::GroupByName(name)) {
    bool any = false;
    for (const api::ApiInfo& api : api::AllApis()) {
      if ((api.groups & group) == 0) continue;
      add(api, false);
      any = true;
    }
    if (any) return absl::OkStatus();
    return Invalid(Concat("no function of group '", name, "' is intercepted by this version"));
  }
  if (name.find_first_of("*?") == std::string::npos) {
    const api::ApiInfo* api = api::FindApi(name);
    if (api == nullptr) return UnknownTarget(name);
    add(*api, true);
    return absl::OkStatus();
  }
  bool any = false;
  for (const api::ApiInfo& api : api::AllApis()) {
    const std::string text(api.name);
    if (!GlobMatch(name.c_str(), text.c_str()) || (api.groups & api::kProcessGroup) != 0) continue;
    add(api, false);
    any = true;
  }
  if (any || chosen.size() != before) return absl::OkStatus();
  return Invalid(Concat("no function that rankle knows matches '", name, "'"));
}

bool IsDeregister(const api::ApiInfo& api) { return api.name.find("Deregister") != std::string_view::npos; }

// A function that hands something out through a pointer leaves it unset when it is skipped.
bool HandsOut(const api::ApiInfo& api) {
  if ((api.groups & (api::kMalloc | api::kCommInit)) != 0) return true;
  for (std::string_view part : {"Create", "Get", "Count", "CuDevice", "UserRank", "Instantiate", "EndCapture",
                                "IsCapturing", "Elapsed", "Register", "Clone", "Open", "Stats"}) {
    if (api.name.find(part) != std::string_view::npos && !IsDeregister(api)) return true;
  }
  return false;
}

int ArgumentOf(const api::ApiInfo& api, MutateField field) {
  switch (field) {
    case MutateField::kCount:
      return api.args.count;
    case MutateField::kDatatype:
      return api.args.dtype;
    case MutateField::kRoot:
      return api.args.root;
    case MutateField::kOp:
      return api.args.redop;
    case MutateField::kPeer:
      return api.args.peer;
    case MutateField::kComm:
      return api.args.comm;
    case MutateField::kStream:
      return api.args.stream;
    case MutateField::kNone:
      break;
  }
  return -1;
}

std::string_view FieldName(MutateField field) {
  constexpr std::string_view kNames[] = {"?", "count", "datatype", "root", "op", "peer", "comm", "stream"};
  return kNames[static_cast<size_t>(field)];
}

std::string WhyNoResult(const api::ApiInfo& api, const ArmedFault& fault, const ParameterFacts& facts) {
  const ResultKind kind = ResultKindOf(api);
  if (kind == ResultKind::kNone) return Concat(api.name, " returns no error code");
  if (facts.result_kind) {
    const bool cuda_name = *facts.result_kind == ResultKind::kCudaRuntime && kind == ResultKind::kCudaDriver;
    if (*facts.result_kind == kind || cuda_name) return "";  // the two CUDA libraries share their numbers
    return Concat(ResultName(*facts.result_kind, static_cast<int>(fault.result)), " is of ",
                  TypeName(*facts.result_kind), ", but ", api.name, " returns ", TypeName(kind), " (",
                  ExampleNames(kind), ", ...)");
  }
  if (kind == ResultKind::kResolver)
    return Concat(fault.result, " is no code of getaddrinfo: give a name (", ExampleNames(kind), ")");
  if (kind == ResultKind::kNccl && fault.result > kMostResult) {
    return Concat(fault.result, " is no ncclResult_t (", ExampleNames(kind), ", ...)");
  }
  return "";
}

// What librankle-libc.so can do to a call.
std::string WhyNotLibc(const api::ApiInfo& api, const ActionInfo& action) {
  switch (action.action) {
    case Action::kDelay:
    case Action::kHang:
    case Action::kExit:
    case Action::kAbort:
    case Action::kSignal:
    case Action::kFail:
      return "";
    case Action::kShort: {
      const sites::Call* const call = sites::FindCall(api.id);
      const bool moves = call != nullptr && call->transfer != sites::Transfer::kNone;
      return moves ? "" : Concat(api.name, " moves no bytes that could be fewer");
    }
    case Action::kDiskFull: {
      const sites::Call* const call = sites::FindCall(api.id);
      const bool needs_room = call != nullptr && call->errors.find("ENOSPC") != std::string_view::npos;
      return needs_room ? "" : Concat(api.name, " needs no room on a disk");
    }
    case Action::kTimeOut:
    case Action::kDiskSlow:
    case Action::kDiskError:
      return "";  // to its group
    default:
      return Concat(action.name, " works on functions of NCCL and CUDA only; on ", api.name,
                    " use delay, hang, fail, short, time-out, exit, abort or signal");
  }
}

// "" when the action works on this function.
std::string WhyNot(const api::ApiInfo& api, const ActionInfo& action, const ArmedFault& fault,
                   const ParameterFacts& facts) {
  if (action.applies_to != 0 && (api.groups & action.applies_to) == 0) {
    return Concat(action.name, " works on ", GroupNames(action.applies_to), " only, and ", api.name,
                  " is none of these");
  }
  if (api.library == api::Library::kLibc) {
    if (const std::string reason = WhyNotLibc(api, action); !reason.empty()) return reason;
  }
  const bool process = (api.groups & api::kProcessGroup) != 0;
  switch (action.action) {
    case Action::kFail:
    case Action::kDiskError:
      return WhyNoResult(api, fault, facts);
    case Action::kAsyncError:
      if (facts.result_kind.value_or(ResultKind::kNccl) == ResultKind::kNccl && fault.result <= kMostResult)
        return "";
      return Concat("an asynchronous error of a communicator is an ncclResult_t (",
                    ExampleNames(ResultKind::kNccl), ", ...)");
    case Action::kSkip:
      if (process) return Concat(api.name, " is a mark of the process, not a call to skip");
      return HandsOut(api)
                 ? Concat(api.name, " hands out a value, which a skipped call leaves unset: use fail")
                 : "";
    case Action::kRepeat:
    case Action::kThrow:
      return process ? Concat(api.name, " is a mark of the process, not a call of the application") : "";
    case Action::kMutate:
      if (ArgumentOf(api, fault.field) >= 0) return "";
      return Concat(api.name, " has no argument '", FieldName(fault.field), "'");
    case Action::kCorrupt: {
      const bool send = fault.buffer == CorruptBuffer::kSend;
      if ((send ? api.args.sendbuf : api.args.recvbuf) >= 0) return "";
      return Concat(api.name, " has no ", send ? "send" : "receive", " buffer");
    }
    default:
      return "";
  }
}

bool IsLibc(const TargetFunction& target) { return target.api->library == api::Library::kLibc; }

// NCCL and CUDA are librankle.so's, the C library is librankle-libc.so's, and each counts calls for itself.
// What a glob or group brought in beside the others is dropped.
absl::StatusOr<std::vector<TargetFunction>> OfOneLibrary(std::vector<TargetFunction> targets) {
  const auto named = [&](bool libc) {
    return std::any_of(targets.begin(), targets.end(), [&](const TargetFunction& target) {
      return target.by_name && IsLibc(target) == libc;
    });
  };
  if (named(true) && named(false)) {
    return Invalid(
        "functions of the C library and of NCCL or CUDA cannot be counted together: make two faults of it");
  }
  const bool only_libc = named(true) || std::all_of(targets.begin(), targets.end(), IsLibc);
  std::erase_if(targets, [&](const TargetFunction& target) { return IsLibc(target) != only_libc; });
  return targets;
}

}  // namespace

std::vector<std::string_view> AllGroupNames() {
  std::vector<std::string_view> names;
  for (std::string_view group : kGroups) {
    if (api::GroupByName(group) != 0) names.push_back(group);
  }
  return names;
}

std::string GroupNames(uint32_t groups) {
  std::vector<std::string_view> names;
  for (std::string_view group : AllGroupNames()) {
    if ((api::GroupByName(group) & groups) != 0) names.push_back(group);
  }
  return Join(names, ", ");
}

absl::StatusOr<std::vector<TargetFunction>> ResolveTargets(const std::vector<std::string>& on) {
  Chosen chosen;
  for (const std::string& name : on) {
    if (const auto added = AddTargets(name, chosen); !added.ok()) return added;
  }
  std::vector<TargetFunction> targets;
  for (const auto& [id, target] : chosen) targets.push_back(target);
  return targets;
}

absl::StatusOr<std::vector<TargetFunction>> KeepPossible(const std::vector<TargetFunction>& targets,
                                                         const ActionInfo& action, const ArmedFault& fault,
                                                         const ParameterFacts& facts) {
  std::vector<TargetFunction> kept;
  std::string first_reason;
  for (const TargetFunction& target : targets) {
    const std::string reason = WhyNot(*target.api, action, fault, facts);
    if (reason.empty()) {
      kept.push_back(target);
      continue;
    }
    if (target.by_name) return Invalid(reason);
    if (first_reason.empty()) first_reason = reason;
  }
  if (kept.empty()) return Invalid(first_reason);
  return OfOneLibrary(std::move(kept));
}

ResultKind CommonResultKind(const ArmedFault& fault) {
  if (fault.action == Action::kAsyncError) return ResultKind::kNccl;
  bool returns[kResultKinds] = {};
  for (const api::ApiInfo& api : api::AllApis()) {
    if (api.id >= kMaxApiWords * 64 || (fault.apis[api.id / 64] >> (api.id % 64) & 1) == 0) continue;
    returns[static_cast<size_t>(ResultKindOf(api))] = true;
  }
  const bool nccl = returns[static_cast<size_t>(ResultKind::kNccl)];
  const bool runtime = returns[static_cast<size_t>(ResultKind::kCudaRuntime)];
  const bool driver = returns[static_cast<size_t>(ResultKind::kCudaDriver)];
  for (const ResultKind kind : {ResultKind::kErrno, ResultKind::kResolver}) {
    if (std::count(std::begin(returns), std::end(returns), true) == 1 && returns[static_cast<size_t>(kind)])
      return kind;
  }
  if (nccl && !runtime && !driver) return ResultKind::kNccl;
  if (nccl || (!runtime && !driver)) return ResultKind::kNone;
  return runtime ? ResultKind::kCudaRuntime : ResultKind::kCudaDriver;  // names of the runtime stand for both
}

}  // namespace rankle::plan

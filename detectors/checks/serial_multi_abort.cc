#include "detectors/checks/serial_multi_abort.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "clang/AST/ExprCXX.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/path_check.h"
#include "detectors/checks/rank_names.h"

namespace rankle::lint {
namespace {

// The first name in a value, and the field at its end: "comms'3" and "" of "*(8+1*^&comms'3)".
std::pair<std::string, std::string> RootAndField(const std::string& value) {
  const size_t tick = value.find('\'');
  if (tick == std::string::npos) return {};
  size_t begin = tick, end = tick + 1;
  while (begin > 0 && (absl::ascii_isalnum(value[begin - 1]) || value[begin - 1] == '_')) --begin;
  while (end < value.size() && absl::ascii_isdigit(value[end])) ++end;
  const size_t dot = value.rfind('.');
  return {value.substr(begin, end - begin), dot == std::string::npos || dot < end ? "" : value.substr(dot)};
}

// Elements of one array or container: the same call in two turns of a loop, or `comms[0]` and `comms[1]`.
bool AreElements(const PathEvent& first, const PathEvent& second) {
  const Value a = first.At(first.api->at.comm), b = second.At(second.api->at.comm);
  if (a == b || a.AsConstant() || b.AsConstant()) return false;
  const bool made = a.Text().find("made:") != std::string::npos;  // one after another, not a set of them
  if (first.expr == second.expr && first.site == second.site) return !made;
  const auto root = RootAndField(a.Text());
  return !root.first.empty() && root == RootAndField(b.Text());
}

bool IsPair(clang::QualType type) {
  const clang::CXXRecordDecl* record = type.getNonReferenceType()->getAsCXXRecordDecl();
  return record && record->isInStdNamespace() && record->getName() == "pair";
}

// The entry of a map that the communicator comes out of: a variable that is taken apart, or `it->second`.
const clang::Expr* EntryOf(const clang::Expr* comm) {
  for (const auto* member = llvm::dyn_cast<clang::MemberExpr>(Strip(comm)); member;
       member = llvm::dyn_cast<clang::MemberExpr>(Strip(comm))) {
    const auto* field = llvm::dyn_cast<clang::FieldDecl>(member->getMemberDecl());
    comm = member->getBase();
    if (field && IsPair(field->getParent()->getTypeForDecl()->getCanonicalTypeInternal())) return comm;
  }
  const auto* reference = llvm::dyn_cast<clang::DeclRefExpr>(Strip(comm));
  const auto* part = reference ? llvm::dyn_cast<clang::BindingDecl>(reference->getDecl()) : nullptr;
  return part && IsPair(part->getDecomposedDecl()->getType()) ? reference : nullptr;
}

// All that is written where the entry comes from: `auto& [device, comm] : by_device`, `it =
// by_device.begin()`.
std::string WordsAround(const clang::Expr* entry, const FunctionView& function) {
  std::string words = function.unit().Words(entry->getSourceRange());
  const auto* arrow = llvm::dyn_cast<clang::CXXOperatorCallExpr>(Strip(entry));
  const auto* reference = llvm::dyn_cast<clang::DeclRefExpr>(Strip(arrow ? arrow->getArg(0) : entry));
  const clang::ValueDecl* variable = reference ? reference->getDecl() : nullptr;
  if (const auto* part = llvm::dyn_cast_or_null<clang::BindingDecl>(variable)) {
    variable = part->getDecomposedDecl();
  }
  if (variable) words += " " + function.unit().Words(variable->getSourceRange());
  for (int i = 0; i < function.body().size(); ++i) {
    const auto* loop = llvm::dyn_cast<clang::CXXForRangeStmt>(&function.body().stmt(i));
    if (loop && loop->getLoopVariable() == variable)
      words += " " + function.unit().Words(loop->getRangeInit()->getSourceRange());
  }
  return words;
}

class SerialMultiAbort : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-serial-multi-abort",
                                     "communicators of several devices are aborted one after another",
                                     "concurrency_error", "hang/exit", Severity::kAdvice};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    int depth = 0, groups = 0, group_of_first = 0;
    const PathEvent* first = nullptr;
    bool chose_device = false;  // since the first
    for (const PathEvent& event : path.events) {
      if (event.IsNccl(Kind::kGroupStart) && depth++ == 0) ++groups;
      if (event.IsNccl(Kind::kGroupEnd) && depth > 0) --depth;
      chose_device |= first && event.Is(Kind::kSetDevice);
      // Guards of groups that are not in sight.
      if (event.what == Happening::kForeign && event.name.find("roup") != std::string::npos) return;
      if (!event.IsNccl(Kind::kCommAbort) || event.api->name != "ncclCommAbort") continue;
      const int group = depth > 0 ? groups : 0;
      if (first && !(group > 0 && group == group_of_first) && AreElements(*first, event) &&
          (chose_device || OfDevices(event, findings.function()))) {
        findings.Add(
            *first, nullptr,
            "communicators of several devices are aborted one after another: the first may wait for the "
            "others; abort them in one group");
        return;
      }
      if (!first) group_of_first = group;
      if (!first) first = &event;
    }
  }

  // `for_each(comms, [](ncclComm_t comm) { ncclCommAbort(comm); })`
  void AfterPaths(const FunctionView& function, PathFindings& findings) override {
    for (const Call& each : function.other_calls()) {
      const auto* callee = llvm::dyn_cast<clang::FunctionDecl>(each.callee);
      if (!callee || !callee->isInStdNamespace() || callee->getNameAsString() != "for_each") continue;
      for (const Call& call : function.calls()) {
        if (call.lambda < 0 || !function.body().Inside(call.lambda, each.node) ||
            call.api->name != "ncclCommAbort" ||
            !llvm::isa_and_nonnull<clang::ParmVarDecl>(VariableOf(call.At(call.api->at.comm))))
          continue;
        PathEvent event;
        event.expr = event.site = call.expr;
        findings.Add(event, nullptr, kMessage);
      }
    }
  }

 private:
  // Arrays hold the communicators of a clique. Maps hold what somebody looks up: devices, but as often the
  // dimensions of parallelism of one device, whose communicators nothing ties together.
  static bool OfDevices(const PathEvent& event, const FunctionView& function) {
    const auto* call = llvm::dyn_cast<clang::CallExpr>(event.expr);
    const clang::Expr* entry = call && call->getNumArgs() > 0 ? EntryOf(call->getArg(0)) : nullptr;
    return !entry || NamesDevice(WordsAround(entry, function));
  }

  static constexpr const char* kMessage =
      "communicators of several devices are aborted one after another: the first may wait for the others; "
      "abort them in "
      "one group";
};

}  // namespace

std::unique_ptr<Check> MakeSerialMultiAbort() { return std::make_unique<SerialMultiAbort>(); }

}  // namespace rankle::lint

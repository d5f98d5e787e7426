#include "detectors/checks/comm_use_after_destroy.h"

#include <map>
#include <string>
#include <vector>

#include "clang/AST/DeclCXX.h"
#include "clang/AST/ExprCXX.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

// ncclCommRevoke leaves the communicator to be destroyed.
bool Frees(const PathEvent& event) {
  return event.IsNccl(Kind::kCommDestroy) ||
         (event.IsNccl(Kind::kCommAbort) && event.api->name == "ncclCommAbort");
}

// ncclGetLastError says nothing of its communicator, which may be null.
bool Uses(const PathEvent& event) {
  return event.what == Happening::kCall && event.api->library == Library::kNccl &&
         event.Has(event.api->at.comm) && event.api->kind != Kind::kErrorText;
}

// What the methods of a class do to its fields.
struct ClassFacts {
  struct End {
    const clang::Expr* call;
    std::string api;
  };
  std::map<std::string, std::vector<End>> kept;       // destroyed by a public method, which keeps the handle
  std::map<std::string, std::vector<End>> destroyed;  // by the destructor, whatever other fields say
};

class CommUseAfterDestroy : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-comm-use-after-destroy",
                                     "a communicator is used or destroyed after it was destroyed",
                                     "api_misuse", "misuse/comm-use-after-destroy", Severity::kError};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    std::map<Value, const PathEvent*> gone;
    for (const PathEvent& event : path.events) {
      if (!Uses(event)) continue;
      const Value comm = event.At(event.api->at.comm);
      if (comm.AsConstant()) continue;
      if (const auto it = gone.find(comm); it != gone.end()) {
        const std::string how = it->second->api->kind == Kind::kCommAbort ? "aborted" : "destroyed";
        findings.Add(event, it->second,
                     std::string(event.api->name) + " is given a communicator that was " + how + " before",
                     how + " here");
        gone.erase(it);  // what follows from the same mistake is not said again
      }
      // What could not be destroyed may be tried again.
      if (Frees(event) && !event.failed) gone[comm] = &event;
    }
    RememberFields(path, findings.function());
  }

  void Unit(const UnitView& /*unit*/, Reporter& report) override {
    for (const auto& [record, facts] : classes_) {
      for (const auto& [field, ends] : facts.destroyed) {
        const auto kept = facts.kept.find(field);
        if (kept == facts.kept.end() || kept->second[0].call == ends[0].call) continue;
        Call call;
        call.expr = ends[0].call;
        report
            .Add(call,
                 ends[0].api + " is given what '" + field + "' holds, which another method has destroyed")
            .Note(kept->second[0].call->getBeginLoc(), "destroyed here, and the handle is kept");
      }
    }
    classes_.clear();
  }

 private:
  void RememberFields(const Path& path, const FunctionView& function) {
    const auto* method = dyn_cast<clang::CXXMethodDecl>(&function.decl());
    if (!method || !path.returns) return;
    const bool destructor = llvm::isa<clang::CXXDestructorDecl>(method);
    if (!destructor && method->getAccess() != clang::AS_public) return;
    ClassFacts& facts = classes_[method->getParent()];
    for (const PathEvent& event : path.events) {
      if (!Frees(event) || event.failed) continue;
      const Value comm = event.At(event.api->at.comm);
      const std::string field = OwnField(comm);
      if (field.empty()) continue;
      const ClassFacts::End end{event.site, std::string(event.api->name)};
      if (destructor) {
        if (!AsksOtherFields(path, field)) facts.destroyed[field].push_back(end);
      } else if (!WritesFlag(path, *method->getParent()) && Keeps(path, field, comm)) {
        facts.kept[field].push_back(end);
      }
    }
  }

  // A flag of the class may say that the handle is gone.
  static bool AsksOtherFields(const Path& path, const std::string& field) {
    for (const PathEvent& event : path.events) {
      if (event.what != Happening::kCondition) continue;
      const std::string asked = OwnField(event.difference);
      if (!asked.empty() && asked != field) return true;
    }
    return false;
  }

  static bool WritesFlag(const Path& path, const clang::CXXRecordDecl& record) {
    for (const clang::FieldDecl* field : record.fields()) {
      if (field->getType()->isPointerType()) continue;
      if (path.memory.Wrote("this." + field->getNameAsString())) return true;
    }
    return false;
  }

  // Neither the handle was overwritten nor, where it is in a container, the container changed.
  static bool Keeps(const Path& path, const std::string& field, const Value& comm) {
    const std::string address = "this." + field;
    const std::string* atom = comm.AsAtom();
    return atom && path.memory.Present(address) == address && path.memory.Read(atom->substr(1), true) == comm;
  }

  std::map<const clang::CXXRecordDecl*, ClassFacts> classes_;
};

}  // namespace

std::unique_ptr<Check> MakeCommUseAfterDestroy() { return std::make_unique<CommUseAfterDestroy>(); }

}  // namespace rankle::lint

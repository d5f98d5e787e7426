#include "detectors/checks/registration_lifetime.h"

#include <map>
#include <set>
#include <string>

#include "clang/AST/Decl.h"
#include "clang/AST/ExprCXX.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

bool Registers(const PathEvent& event) { return event.IsNccl(Kind::kRegister); }

class RegistrationLifetime : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{
        "nccl-registration-lifetime",
        "memory is freed while registered, never deregistered, or half registered", "memory_management_error",
        "", Severity::kWarning};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    std::map<Value, const PathEvent*> registered;  // by handle
    std::map<std::string, bool> allocated;         // bases of this path's own blocks: ever registered?
    for (const PathEvent& event : path.events) {
      if (event.failed) return;  // what is left over after an error is no matter of order
      if (event.what != Happening::kCall) continue;
      const Arguments& at = event.api->at;
      if (event.Is(Kind::kAlloc)) allocated.emplace(event.made.Base(), false);
      if (Registers(event)) {
        registered[event.made] = &event;
        if (const auto it = allocated.find(event.At(at.buffer).Base()); it != allocated.end())
          it->second = true;
      }
      if (event.IsNccl(Kind::kDeregister)) registered.erase(event.At(at.buffer));
      if (event.Is(Kind::kFree) || event.Is(Kind::kFreeAsync)) LookAtFree(event, registered, findings);
      if (event.api->library == Library::kNccl && IsCommunication(*event.api))
        LookAtBuffers(event, registered, allocated, findings);
    }
    if (!path.returns) return;
    for (const auto& [handle, event] : registered) {
      if (!event->expr || event->site != event->expr || !IsLocal(*event, findings.function())) continue;
      findings.Add(*event, nullptr,
                   "what " + std::string(event->api->name) +
                       " registers is not deregistered on every path, and its handle is gone at the end of "
                       "the function");
    }
  }

 private:
  static void LookAtFree(const PathEvent& event, const std::map<Value, const PathEvent*>& registered,
                         PathFindings& findings) {
    const std::string base = event.At(event.api->at.buffer).Base();
    for (const auto& [handle, registration] : registered) {
      if (base.empty() || registration->At(registration->api->at.buffer).Base() != base) continue;
      findings.Add(event, registration, std::string(event.api->name) + " of memory that is still registered",
                   "registered here");
      return;
    }
  }

  // A block of this function that is not registered beside one that is.
  static void LookAtBuffers(const PathEvent& event, const std::map<Value, const PathEvent*>& registered,
                            const std::map<std::string, bool>& allocated, PathFindings& findings) {
    const Arguments& at = event.api->at;
    if (!event.Has(at.send) || !event.Has(at.recv)) return;
    const std::string send = event.At(at.send).Base(), recv = event.At(at.recv).Base();
    if (send.empty() || recv.empty() || send == recv) return;
    for (const auto& [handle, registration] : registered) {
      const std::string base = registration->At(registration->api->at.buffer).Base();
      if (base != send && base != recv) continue;
      // What another communicator knows is of no use to this one.
      if (!(registration->At(registration->api->at.comm) == event.At(at.comm))) continue;
      const auto other = allocated.find(base == send ? recv : send);
      if (other == allocated.end() || other->second) continue;
      findings.Add(event, registration,
                   "one buffer of " + std::string(event.api->name) +
                       " is registered, the other is not: both have to be for it to be used",
                   "registered here");
    }
  }

  // The handle is a local variable that is given to NCCL alone.
  static bool IsLocal(const PathEvent& event, const FunctionView& function) {
    const auto* call = dyn_cast<clang::CallExpr>(event.expr);
    const auto position = static_cast<unsigned>(event.api->at.out);
    if (!call || call->getNumArgs() <= position) return false;
    const auto* address = dyn_cast<clang::UnaryOperator>(Strip(call->getArg(position)));
    const clang::VarDecl* handle = address ? VariableOf(address->getSubExpr()) : nullptr;
    if (!handle || !handle->hasLocalStorage() || handle->getType()->isReferenceType()) return false;
    const tooling::FunctionBody& body = function.body();
    for (int i = 0; i < body.size(); ++i) {
      const auto* reference = dyn_cast<clang::DeclRefExpr>(&body.stmt(i));
      if (!reference || reference->getDecl() != handle) continue;
      int at = i;
      const Call* user = nullptr;
      for (int depth = 0; depth < 3 && at >= 0 && !user; ++depth) {  // `&handle` in a call
        at = body.Parent(at);
        if (at >= 0) user = function.CallAt(at);
      }
      if (!user || !user->api || (user->api->kind != Kind::kRegister && user->api->kind != Kind::kDeregister))
        return false;
    }
    return true;
  }
};

}  // namespace

std::unique_ptr<Check> MakeRegistrationLifetime() { return std::make_unique<RegistrationLifetime>(); }

}  // namespace rankle::lint

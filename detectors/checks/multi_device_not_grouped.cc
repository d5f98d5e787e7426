#include "detectors/checks/multi_device_not_grouped.h"

#include <algorithm>
#include <set>

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/effects.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/group_paths.h"
#include "detectors/checks/rank_names.h"
#include "detectors/checks/reporter.h"
#include "detectors/tooling/ast_names.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

using Variables = std::set<const clang::VarDecl*>;

// A loop around a call: a loop of the language, or a lambda that std::for_each calls.
struct Loop {
  int node = -1;  // -1: none
  Variables own;  // what changes from round to round
};

bool IsForEach(const Call& call) {
  const auto* callee = dyn_cast<clang::FunctionDecl>(call.callee);
  const std::string name = callee ? tooling::QualifiedName(*callee) : "";
  return name == "std::for_each" || name == "std::for_each_n";
}

// A loop, not the `do { } while (0)` of a macro.
bool GoesRound(const clang::Stmt& stmt, const clang::ASTContext& context) {
  const auto* once = dyn_cast<clang::DoStmt>(&stmt);
  return tooling::IsLoop(stmt) && !(once && IntegerOf(once->getCond(), context) == 0);
}

// Variables that are declared or written at every round.
Variables ChangingIn(const tooling::FunctionBody& body, int loop) {
  Variables changing;
  if (const auto* range = dyn_cast<clang::CXXForRangeStmt>(&body.stmt(loop)))
    changing.insert(range->getLoopVariable());
  if (const auto* lambda = dyn_cast<clang::LambdaExpr>(&body.stmt(loop))) {
    for (const clang::ParmVarDecl* parameter : lambda->getCallOperator()->parameters())
      changing.insert(parameter);
  }
  for (int i = loop + 1; i < body.end(loop); ++i) {
    if (const auto* declaration = dyn_cast<clang::DeclStmt>(&body.stmt(i))) {
      for (const clang::Decl* decl : declaration->decls()) {
        if (const auto* variable = dyn_cast<clang::VarDecl>(decl)) changing.insert(variable);
      }
    }
    const auto* reference = dyn_cast<clang::DeclRefExpr>(&body.stmt(i));
    const auto* variable = reference ? dyn_cast<clang::VarDecl>(reference->getDecl()) : nullptr;
    if (variable && MayWrite(body, i)) changing.insert(variable);
  }
  return changing;
}

// `comms[i]`, `device.comm`, `*(comms + i)`, `&comms[i]`: does another object come out at every round?
// `&comm` is the same place, whatever is written there.
bool Changes(const clang::Expr* expression, const Variables& changing, const tooling::FunctionBody& body) {
  expression = Strip(Resolve(expression, body));
  if (!expression) return false;
  if (const auto* unary = dyn_cast<clang::UnaryOperator>(expression);
      unary && unary->getOpcode() == clang::UO_AddrOf) {
    const clang::Expr* place = Strip(unary->getSubExpr());
    return !llvm::isa<clang::DeclRefExpr>(place) && Changes(place, changing, body);
  }
  if (const clang::VarDecl* variable = VariableOf(expression)) return changing.count(variable) > 0;
  for (const clang::Stmt* child : expression->children()) {
    const auto* part = llvm::dyn_cast_or_null<clang::Expr>(child);
    if (part && Changes(part, changing, body)) return true;
  }
  return false;
}

class MultiDeviceNotGrouped : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{
        "nccl-multi-device-not-grouped",
        "one thread loops over the communicators of several devices without a group",
        "distributed_communication_error", "hang/deadlock", Severity::kWarning};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    for (const Call& call : function.calls()) {
      if (call.api->library != Library::kNccl) continue;
      const bool makes = call.api->kind == Kind::kCommInit;
      if (!makes && !IsCommunication(*call.api)) continue;
      // One rank in several communicators, or several on one stream: that is one device.
      const Loop loop = LoopOver(function, call, call.At(makes ? call.api->at.out : call.api->at.comm),
                                 call.At(makes ? call.api->at.rank : call.api->at.stream));
      if (loop.node < 0) continue;
      const std::string name(call.api->name);
      const clang::SourceLocation at = function.body().stmt(loop.node).getBeginLoc();
      if (!Grouped(function, call, loop)) {
        report
            .Add(call,
                 name +
                     " is called for one device after another by the same thread, not in a group around "
                     "the loop: the first may wait for the others")
            .Note(at, "the loop over the devices");
      } else if (makes && !SetsDevice(function, call, loop)) {
        report
            .Add(call, name +
                           " makes every communicator of this loop on the same device: there is no "
                           "cudaSetDevice before it")
            .Note(at, "the loop over the devices");
      }
    }
    for (const Call& call : function.other_calls()) LookThrough(function, call, report);
  }

 private:
  // A function of the program that communicates on what it is given. Objects that share one communicator look
  // the same: something has to say that they are devices.
  static void LookThrough(const FunctionView& function, const Call& call, Reporter& report) {
    const auto* callee = dyn_cast<clang::FunctionDecl>(call.callee);
    if (!callee) return;
    const FunctionSummary& summary = function.unit().summaries().Of(*callee);
    if (summary.has_group) return;
    for (const Effect& effect : summary.effects) {
      const Api* api = FindApi(effect.api);
      const clang::Expr *comm = Given(call, effect.comm), *stream = Given(call, effect.stream);
      if (!api || !IsCommunication(*api) || !comm || !stream) continue;
      const Loop loop = LoopOver(function, call, comm, stream);
      if (loop.node < 0 || Grouped(function, call, loop)) continue;
      const bool fields = effect.comm.part || effect.stream.part;
      if (fields && !summary.sets_device && !SetsDevice(function, call, loop) && !OverDevices(function, loop))
        continue;
      report
          .Add(call, callee->getNameAsString() + " calls " + effect.api +
                         " for one device after another by the same thread, not in a group around the loop: "
                         "the first may wait for the others")
          .Note(function.body().stmt(loop.node).getBeginLoc(), "the loop over the devices");
      return;
    }
  }

  // What the call gives to its function for an effect; nullptr: it has it from elsewhere.
  static const clang::Expr* Given(const Call& call, const Origin& origin) {
    if (origin.parameter >= 0) return call.At(static_cast<int8_t>(origin.parameter));
    return origin.parameter == Origin::kObject ? ObjectOf(call) : nullptr;
  }

  // `for (Gpu& gpu : gpus)`
  static bool OverDevices(const FunctionView& function, const Loop& loop) {
    const auto* range = dyn_cast<clang::CXXForRangeStmt>(&function.body().stmt(loop.node));
    if (range && NamesDevice(function.unit().Words(range->getRangeInit()->getSourceRange()))) return true;
    return std::any_of(loop.own.begin(), loop.own.end(), [](const clang::VarDecl* variable) {
      return NamesDevice(variable->getNameAsString());
    });
  }

  // The innermost loop whose rounds use other communicators and other devices (streams, or ranks of an init).
  static Loop LoopOver(const FunctionView& function, const Call& call, const clang::Expr* comm,
                       const clang::Expr* device) {
    const tooling::FunctionBody& body = function.body();
    for (int at = body.nodes()[call.node].parent; at >= 0; at = body.nodes()[at].parent) {
      const bool lambda = llvm::isa<clang::LambdaExpr>(body.stmt(at));
      if (!lambda && !GoesRound(body.stmt(at), function.unit().context())) continue;
      if (lambda && !GivenToForEach(function, at)) return {};
      Loop loop{at, ChangingIn(body, at)};
      if (comm && device && Changes(comm, loop.own, body) && Changes(device, loop.own, body)) return loop;
      if (lambda) return {};
    }
    return {};
  }

  static bool GivenToForEach(const FunctionView& function, int lambda) {
    for (const Call& call : function.other_calls()) {
      if (IsForEach(call) && function.body().Inside(lambda, call.node)) return true;
    }
    return false;
  }

  // In a group that is opened outside the loop. One under a condition counts: both ways are meant.
  static bool Grouped(const FunctionView& function, const Call& call, const Loop& loop) {
    const GroupPaths* paths = function.Groups(call.lambda);
    if (!paths) return false;  // nothing in this function concerns groups
    const auto depth = paths->depth.find(call.node);
    if (depth == paths->depth.end()) return true;  // not reached
    for (const int opener : depth->second.openers) {
      if (!function.body().Inside(opener, loop.node)) return true;
    }
    return false;
  }

  // Itself, or through a function of the program that is called before.
  static bool SetsDevice(const FunctionView& function, const Call& call, const Loop& loop) {
    const auto before = [&](const Call& other) {
      return other.node < call.node && function.body().Inside(other.node, loop.node);
    };
    for (const Call& other : function.calls()) {
      if (other.api->kind == Kind::kSetDevice && before(other)) return true;
    }
    for (const Call& other : function.other_calls()) {
      const auto* callee = dyn_cast<clang::FunctionDecl>(other.callee);
      if (callee && before(other) && function.unit().summaries().Of(*callee).sets_device) return true;
    }
    return false;
  }
};

}  // namespace

std::unique_ptr<Check> MakeMultiDeviceNotGrouped() { return std::make_unique<MultiDeviceNotGrouped>(); }

}  // namespace rankle::lint

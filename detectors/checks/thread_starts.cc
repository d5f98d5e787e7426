#include "detectors/checks/thread_starts.h"

#include <algorithm>
#include <string>

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/expressions.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

bool IsStdNamed(const clang::NamedDecl* decl, std::initializer_list<const char*> names) {
  if (!decl || !decl->isInStdNamespace()) return false;
  const std::string name = decl->getNameAsString();
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsThread(clang::QualType type) {
  return !type.isNull() && IsStdNamed(type->getAsCXXRecordDecl(), {"thread", "jthread"});
}

// std::vector<std::thread> and the like.
bool HoldsThreads(clang::QualType type) {
  const auto* made =
      type.isNull() ? nullptr
                    : dyn_cast_or_null<clang::ClassTemplateSpecializationDecl>(type->getAsCXXRecordDecl());
  return made && made->isInStdNamespace() && made->getTemplateArgs().size() > 0 &&
         made->getTemplateArgs()[0].getKind() == clang::TemplateArgument::Type &&
         IsThread(made->getTemplateArgs()[0].getAsType());
}

// What the first of the arguments names.
bool SetCallable(llvm::ArrayRef<const clang::Expr*> arguments, ThreadStart& start) {
  if (arguments.empty()) return false;
  const clang::Expr* callable = Strip(arguments[0]);
  if (const auto* unary = dyn_cast<clang::UnaryOperator>(callable)) callable = Strip(unary->getSubExpr());
  if (const auto* construction = dyn_cast<clang::CXXConstructExpr>(callable);
      construction && construction->getNumArgs() == 1)
    callable = Strip(construction->getArg(0));
  if (const clang::VarDecl* variable = VariableOf(callable); variable && variable->getInit())
    callable = Strip(variable->getInit());
  start.lambda = dyn_cast<clang::LambdaExpr>(callable);
  if (const auto* reference = dyn_cast<clang::DeclRefExpr>(callable))
    start.callee = dyn_cast<clang::FunctionDecl>(reference->getDecl());
  start.arguments.assign(arguments.begin() + 1, arguments.end());
  return start.lambda || start.callee;
}

bool Starts(const clang::Stmt& stmt, ThreadStart& start) {
  if (const auto* construction = dyn_cast<clang::CXXConstructExpr>(&stmt)) {
    if (!IsThread(construction->getType()) || construction->getConstructor()->isCopyOrMoveConstructor())
      return false;
    const std::vector<const clang::Expr*> arguments(construction->arg_begin(), construction->arg_end());
    return SetCallable(arguments, start);
  }
  const auto* call = dyn_cast<clang::CallExpr>(&stmt);
  const clang::FunctionDecl* callee = call ? call->getDirectCallee() : nullptr;
  if (!callee) return false;
  std::vector<const clang::Expr*> arguments(call->arg_begin(), call->arg_end());
  if (const auto* method = dyn_cast<clang::CXXMemberCallExpr>(call)) {
    const std::string name = callee->getNameAsString();
    if (name != "emplace_back" && name != "emplace") return false;
    return HoldsThreads(method->getImplicitObjectArgument()->getType()) && SetCallable(arguments, start);
  }
  if (!IsStdNamed(callee, {"async"})) return false;
  if (!arguments.empty() && arguments[0]->getType()->isEnumeralType()) arguments.erase(arguments.begin());
  return SetCallable(arguments, start);
}

// The result is an object of the loop's own, which waits in its destructor, or is thrown away at once.
bool WaitsAtOnce(const FunctionView& function, const ThreadStart& start) {
  const tooling::FunctionBody& body = function.body();
  const auto* call = dyn_cast<clang::CallExpr>(&body.stmt(start.node));
  const bool async = call && !llvm::isa<clang::CXXMemberCallExpr>(call);
  if (async && !tooling::ResultUsed(body, start.node)) return true;
  const auto* construction = dyn_cast<clang::CXXConstructExpr>(&body.stmt(start.node));
  const bool waits_at_end =
      async || (construction && construction->getType()->getAsCXXRecordDecl()->getName() == "jthread");
  const int parent = body.Parent(start.node);
  return waits_at_end && start.repeated && parent >= 0 && llvm::isa<clang::DeclStmt>(body.stmt(parent));
}

}  // namespace

bool IsJoin(const Call& call) {
  const auto* method = dyn_cast_or_null<clang::CXXMethodDecl>(call.callee);
  if (!method || !method->getParent()->isInStdNamespace() || !method->getDeclName().isIdentifier())
    return false;
  const llvm::StringRef name = method->getName();
  return name == "join" || name == "get" || name == "wait";
}

bool JoinedBetween(const FunctionView& function, int begin, int end) {
  for (const auto* calls : {&function.calls(), &function.other_calls()}) {
    for (const Call& call : *calls) {
      if (IsJoin(call) && call.node >= begin && call.node < end) return true;
    }
  }
  return false;
}

int RealLoop(const FunctionView& function, int node) {
  const tooling::FunctionBody& body = function.body();
  for (int loop = body.Loop(node); loop >= 0; loop = body.Loop(loop)) {
    const auto* once = dyn_cast<clang::DoStmt>(&body.stmt(loop));
    if (!once || IntegerOf(once->getCond(), function.unit().context()) != 0) return loop;
  }
  return -1;
}

std::vector<ThreadStart> ThreadStartsOf(const FunctionView& function) {
  std::vector<ThreadStart> starts;
  const tooling::FunctionBody& body = function.body();
  for (int i = 0; i < body.size(); ++i) {
    ThreadStart start;
    if (!Starts(body.stmt(i), start)) continue;
    start.node = i;
    const int loop = RealLoop(function, i);
    start.repeated = loop >= 0;
    for (const auto* calls : {&function.calls(), &function.other_calls()}) {
      for (const Call& call : *calls) {
        if (loop >= 0 && IsJoin(call) && RealLoop(function, call.node) == loop &&
            call.lambda == body.Lambda(i))
          start.repeated = false;  // one after another
      }
    }
    if (WaitsAtOnce(function, start)) start.repeated = false;
    starts.push_back(std::move(start));
  }
  return starts;
}

}  // namespace rankle::lint

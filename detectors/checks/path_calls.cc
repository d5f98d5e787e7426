// What happens at a call: of an API, of a function of the unit, of one that is not in sight.
#include <algorithm>
#include <utility>

#include "clang/AST/ASTContext.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/path_machine.h"
#include "detectors/checks/rank_names.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

// What is known to be the rank, whatever variable holds it.
const std::string kRankValue = "rank";

// `getenv("RANK")`, and a number or text that is made of it.
bool IsRankOfEnvironment(const clang::CallExpr& call, const PathEvent& event) {
  if (event.name == "getenv" && call.getNumArgs() == 1) {
    const auto* name = dyn_cast<clang::StringLiteral>(call.getArg(0)->IgnoreParenImpCasts());
    return name && IsRankVariable(name->getString().str());
  }
  const bool converts =
      event.name.starts_with("ato") || event.name.starts_with("sto") || event.name.starts_with("strto");
  return converts && !event.arguments.empty() &&
         event.arguments[0].Text().find(kRankValue) != std::string::npos;
}

bool IsClassAssignment(const clang::CallExpr& call) {
  const auto* op = dyn_cast<clang::CXXOperatorCallExpr>(&call);
  return op && op->isAssignmentOp();
}

bool MayChange(const clang::QualType parameter) {
  return (parameter->isPointerType() || parameter->isReferenceType()) &&
         !parameter->getPointeeType().isConstQualified();
}

// A getter, or `Make()`: what it does is best known by doing it.
constexpr int kShort = 8;  // statements
bool IsShort(const clang::FunctionDecl& function) {
  const auto* block = dyn_cast_or_null<clang::CompoundStmt>(function.getBody());
  return block && block->size() <= kShort;
}

const clang::LambdaExpr* LambdaOf(const clang::VarDecl& variable) {
  const clang::Expr* init = variable.getInit();
  return init ? dyn_cast<clang::LambdaExpr>(init->IgnoreParenCasts()->IgnoreImplicit()) : nullptr;
}

}  // namespace

// What a constructor gives its fields, before its body.
void PathRun::InitialiseFields(const clang::FunctionDecl& function) {
  const auto* constructor = dyn_cast<clang::CXXConstructorDecl>(&function);
  if (!constructor) return;
  for (const clang::CXXCtorInitializer* init : constructor->inits()) {
    if (!init->isMemberInitializer() || init->getMember()->getType()->isRecordType()) continue;
    const std::string at =
        values_.memory.Present(values_.object + "." + init->getMember()->getNameAsString());
    const bool reference = init->getMember()->getType()->isReferenceType();
    values_.memory.Write(
        at, reference ? Value::Atom("^&" + values_.Address(init->getInit())) : values_.Of(init->getInit()));
  }
}

bool PathRun::Enter(const clang::FunctionDecl& function, const clang::LambdaExpr* lambda,
                    const clang::Expr* call, const std::vector<const clang::Expr*>& arguments,
                    const std::string& object, Value* returned) {
  const void* key = lambda ? static_cast<const void*>(lambda) : &function;
  if (running_.size() > kDeepestCall || running_.count(key)) return false;
  if (!lambda && !unit_.Matters(function) && !isa<clang::CXXConstructorDecl>(function) && !IsShort(function))
    return false;
  const clang::FunctionDecl& holder =
      lambda ? *llvm::cast<clang::FunctionDecl>(
                   clang::Decl::castFromDeclContext(lambda->getLambdaClass()->getDeclContext()))
             : function;
  const PathUnit::Graph* graph = unit_.GraphOf(holder, lambda);
  if (!graph) return false;
  const clang::FunctionDecl* signature = lambda ? lambda->getCallOperator() : &function;
  std::vector<std::pair<const clang::VarDecl*, std::string>> references;
  std::vector<std::pair<const clang::VarDecl*, Value>> copies;
  for (unsigned i = 0; i < signature->getNumParams(); ++i) {
    const clang::ParmVarDecl* parameter = signature->getParamDecl(i);
    const clang::Expr* argument = i < arguments.size() ? arguments[i] : nullptr;
    const std::string address = argument ? values_.Address(argument) : "";
    if (parameter->getType()->isReferenceType() && !address.empty()) {
      references.emplace_back(parameter, address);
    } else {
      copies.emplace_back(parameter, argument ? values_.Of(argument) : values_.memory.Fresh("?"));
    }
  }
  for (const auto& [parameter, address] : references) values_.references[parameter] = address;
  for (const auto& [parameter, value] : copies) {
    values_.references.erase(parameter);
    values_.memory.Forget(unit_.names.Of(*parameter));
    values_.memory.Write(values_.AddressOf(*parameter), value);
  }
  if (!lambda) {
    const std::string before = std::exchange(values_.object, object);
    InitialiseFields(function);
    values_.object = before;
  }
  sites_.push_back(call);
  running_.insert(key);
  Flowing(*graph, lambda ? values_.object : object, returned);
  running_.erase(key);
  sites_.pop_back();
  return true;
}

void PathRun::Call(const clang::CallExpr& call) {
  const clang::FunctionDecl* callee = call.getDirectCallee();
  if (const auto* launch = dyn_cast<clang::CUDAKernelCallExpr>(&call)) {
    const clang::CallExpr* config = launch->getConfig();
    Value stream;
    if (config && config->getNumArgs() > 3) stream = values_.Of(config->getArg(3));
    Add(Happening::kLaunch, &call).touched = stream;
    return;
  }
  if (IsPureMethod(call)) return;
  if (IsMove(call)) {
    moved_.insert(values_.Address(call.getArg(0)));
    return;
  }
  const clang::NamedDecl* named = callee ? callee : dyn_cast_or_null<clang::NamedDecl>(call.getCalleeDecl());
  if (named) {
    if (const Api* api = unit_.unit().ApiOf(*named)) {
      ApiCall(call, *api);
      return;
    }
  }
  if (isa<clang::CXXOperatorCallExpr>(call)) {
    Operator(call);
    return;
  }
  std::vector<const clang::Expr*> arguments(call.arg_begin(), call.arg_end());
  std::string object = values_.object;
  if (const auto* method = dyn_cast<clang::CXXMemberCallExpr>(&call)) {
    const clang::Expr* on = method->getImplicitObjectArgument();
    object = on->getType()->isPointerType() ? values_.Pointee(values_.Of(on)) : values_.Address(on);
  }
  const clang::FunctionDecl* definition = DefinitionOf(callee);
  const auto* virtual_method = dyn_cast_or_null<clang::CXXMethodDecl>(callee);
  const bool certain = !virtual_method || !virtual_method->isVirtual();
  if (definition && certain) {
    Value returned;
    if (Enter(*definition, nullptr, &call, arguments, object, &returned)) {
      if (returned == Value()) returned = values_.memory.Fresh(definition->getNameAsString() + "()");
      values_.results[&call] = returned;
      return;
    }
  }
  Foreign(call, named);
}

void PathRun::ApiCall(const clang::CallExpr& call, const Api& api) {
  PathEvent event;
  std::string method_object;
  for (const clang::Expr* argument : call.arguments()) event.arguments.push_back(values_.Of(argument));
  const std::string name(api.name);
  if (api.at.config >= 0 && event.Has(api.at.config)) {
    const std::string config = values_.Pointee(event.At(api.at.config));
    const auto blocking =
        values_.memory.Read(values_.memory.Present(config + ".blocking"), false).AsConstant();
    event.nonblocking = blocking && *blocking == 0;
  }
  // What is given by address is written by the call: the object itself, not what a handle stands for.
  for (const Value& argument : event.arguments) {
    const std::string* atom = argument.AsAtom();
    if (!atom || !atom->starts_with("^&")) continue;
    if (api.at.config >= 0 && argument == event.At(api.at.config)) continue;
    values_.memory.Forget(atom->substr(2));
    // What comes out of a collective of MPI is the same for all ranks, whatever the variable is called.
    if (api.library == Library::kMpi && api.kind == Kind::kCollective)
      values_.memory.Write(values_.Pointee(argument), values_.memory.Fresh("agreed"));
  }
  if (api.kind == Kind::kCommInitAll) {
    values_.memory.Forget("*(" + event.At(api.at.out).Text() + ")");  // an array
  } else if (event.Has(api.at.out)) {
    const Value out = event.At(api.at.out);
    const bool handles = api.kind == Kind::kCommInit || api.kind == Kind::kCommSplit ||
                         api.kind == Kind::kAlloc || api.kind == Kind::kAllocAsync ||
                         api.kind == Kind::kStreamCreate || api.kind == Kind::kEventCreate ||
                         api.kind == Kind::kRegister;
    const std::string address = values_.Pointee(out);
    const std::string made = api.kind == Kind::kCommRank ? kRankValue : "made:" + name;
    event.made = values_.memory.Fresh((handles ? "^" : "") + made);
    values_.memory.Write(address, event.made);
  }
  event.result = values_.memory.Fresh(name + "()");
  values_.results[&call] = event.result;
  PathEvent& added = Add(Happening::kCall, &call);
  event.what = added.what;
  event.expr = added.expr;
  event.site = added.site;
  event.api = &api;
  results_[*event.result.AsAtom()] = path_.events.size() - 1;
  added = std::move(event);
}

void PathRun::Foreign(const clang::CallExpr& call, const clang::NamedDecl* callee) {
  PathEvent event;
  const auto* function = dyn_cast_or_null<clang::FunctionDecl>(callee);
  const bool standard = callee && IsOfLibrary(*callee);
  event.name = callee ? callee->getNameAsString() : "";
  if (const auto* method = dyn_cast<clang::CXXMemberCallExpr>(&call)) {
    const clang::Expr* on = method->getImplicitObjectArgument();
    const std::string object =
        on->getType()->isPointerType() ? values_.Pointee(values_.Of(on)) : values_.Address(on);
    event.arguments.push_back(Value::Atom("^&" + object));
    const auto* declared = method->getMethodDecl();
    if (!declared || !declared->isConst()) values_.memory.Forget(object);
  }
  for (unsigned i = 0; i < call.getNumArgs(); ++i) {
    const clang::Expr* argument = call.getArg(i);
    if (argument->getType().isNull()) continue;  // in code with errors
    Value value = values_.Of(argument);
    const bool known = function && i < function->getNumParams();
    const clang::QualType type = known ? function->getParamDecl(i)->getType() : argument->getType();
    std::string written;
    if (type->isReferenceType()) {
      if (MayChange(type)) written = values_.Address(argument);
    } else if (argument->getType()->isAnyPointerType() && MayChange(argument->getType()) &&
               (!known || MayChange(type))) {
      // A handle of a library is passed around by value: what it stands for is not changed by us.
      const clang::QualType pointee = argument->getType()->getPointeeType();
      if (!pointee->isIncompleteType() && !pointee->isVoidType()) written = values_.Pointee(value);
      if (const std::string* atom = value.AsAtom(); atom && atom->starts_with("^&"))
        written = values_.Pointee(value);
    }
    event.arguments.push_back(std::move(value));
    if (!written.empty()) values_.memory.Forget(written);
  }
  if (!standard) ++values_.globals;
  const bool pointer = call.getType()->isAnyPointerType() || call.isGLValue();
  const bool rank = IsRankOfEnvironment(call, event);
  event.result = values_.memory.Fresh((pointer ? "^" : "") + (rank ? kRankValue : event.name) + "()");
  values_.results[&call] = event.result;
  PathEvent& added = Add(Happening::kForeign, &call);
  event.what = added.what;
  event.expr = added.expr;
  event.site = added.site;
  const std::vector<Value> arguments = event.arguments;
  added = std::move(event);
  const auto* virtual_method = llvm::dyn_cast_or_null<clang::CXXMethodDecl>(function);
  if (function && !standard && !(virtual_method && virtual_method->isVirtual()))
    Effects(call, *function, virtual_method && virtual_method->isInstance() ? 1 : 0, arguments);
}

void PathRun::Effects(const clang::CallExpr& call, const clang::FunctionDecl& callee, size_t first_argument,
                      const std::vector<Value>& arguments) {
  for (const Effect& effect : unit_.unit().summaries().Of(callee).effects) {
    const Api* api = FindApi(effect.api);
    if (!api || !effect.comm.exact()) continue;
    PathEvent event;
    const auto put = [&](int8_t position, const Origin& origin) {
      if (position < 0) return;
      while (event.arguments.size() <= static_cast<size_t>(position))
        event.arguments.push_back(values_.memory.Fresh("?"));
      const size_t from = first_argument + static_cast<size_t>(std::max(origin.parameter, 0));
      if (origin.exact() && from < arguments.size())
        event.arguments[static_cast<size_t>(position)] = arguments[from];
    };
    put(api->at.comm, effect.comm);
    put(api->at.stream, effect.stream);
    event.result = values_.memory.Fresh(effect.api + "()");
    PathEvent& added = Add(Happening::kCall, &call);
    event.what = added.what;
    event.expr = added.expr;
    event.site = added.site;
    event.api = api;
    event.summarised = true;
    added = std::move(event);
  }
}

void PathRun::Operator(const clang::CallExpr& call) {
  const clang::FunctionDecl* callee = call.getDirectCallee();
  // A lambda of this function, called by its name.
  if (callee && callee->getNameAsString() == "operator()" && call.getNumArgs() > 0) {
    const auto* reference = dyn_cast<clang::DeclRefExpr>(call.getArg(0)->IgnoreParenCasts());
    const auto* variable = reference ? dyn_cast<clang::VarDecl>(reference->getDecl()) : nullptr;
    const clang::LambdaExpr* lambda = variable ? LambdaOf(*variable) : nullptr;
    if (lambda && isa<clang::FunctionDecl>(variable->getDeclContext())) {
      const auto* holder = llvm::cast<clang::FunctionDecl>(variable->getDeclContext());
      std::vector<const clang::Expr*> arguments(call.arg_begin() + 1, call.arg_end());
      Value returned;
      if (Enter(*holder, lambda, &call, arguments, values_.object, &returned)) {
        values_.results[&call] = returned == Value() ? values_.memory.Fresh("()") : returned;
        return;
      }
    }
  }
  if (IsClassAssignment(call) && call.getNumArgs() == 2) {
    const Value value = values_.Of(call.getArg(1));
    const std::string address = values_.Address(call.getArg(0));
    if (address.empty()) return;
    values_.memory.Forget(address);
    values_.memory.Write(values_.Address(call.getArg(0)), value);
    return;
  }
  for (const clang::Expr* argument : call.arguments()) {
    const std::string address =
        argument->isGLValue() && !argument->getType().isConstQualified() ? values_.Address(argument) : "";
    if (!address.empty()) values_.memory.Forget(address);
  }
  values_.results[&call] = values_.memory.Fresh(call.isGLValue() ? "^op()" : "op()");
}

}  // namespace rankle::lint

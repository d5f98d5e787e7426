#include "detectors/checks/path_machine.h"

#include <algorithm>

#include "clang/AST/ASTContext.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/rank_names.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

// What is known to be the rank, whatever variable holds it.
const std::string kRankValue = "rank";

constexpr int kDeepest = 4;  // calls within calls that are run; what lies deeper is taken for a foreign one
constexpr int kMostSteps = 4000;  // of one path: longer functions are looked at from their begin
constexpr int kMostTurns = 2;     // of a loop: what one turn leaves to the next shows in the second

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

// Of the unit's own functions; nullptr: it has none here, or is of the standard library.
const clang::FunctionDecl* Definition(const clang::FunctionDecl* function) {
  const clang::FunctionDecl* definition = nullptr;
  if (!function || IsOfLibrary(*function)) return nullptr;
  if (const clang::FunctionDecl* written = function->getTemplateInstantiationPattern()) function = written;
  return function->hasBody(definition) ? definition : nullptr;
}

// Of `a && b` the block that asks b ends: that a holds is known there.
const clang::Expr* LastAsked(const clang::Expr* condition) {
  for (;;) {
    const auto* binary = dyn_cast<clang::BinaryOperator>(condition->IgnoreParenCasts()->IgnoreImplicit());
    if (!binary || !binary->isLogicalOp()) return condition;
    condition = binary->getRHS();
  }
}

std::vector<bool> LeadsOn(const Flow& flow) {
  std::vector<bool> leads_on(flow.blocks().size());
  leads_on[flow.exit()] = true;
  std::vector<int> work{flow.exit()};
  while (!work.empty()) {
    const int to = work.back();
    work.pop_back();
    for (const int from : flow.previous()[to]) {
      if (leads_on[from]) continue;
      for (const FlowEdge& edge : flow.blocks()[from].next) {
        if (edge.to == to && !edge.thrown_by) leads_on[from] = true;
      }
      if (leads_on[from]) work.push_back(from);
    }
  }
  return leads_on;
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

PathUnit::Code& PathUnit::CodeOf(const clang::FunctionDecl& function) {
  Code& code = code_[&function];
  if (!code.body) code.body = std::make_unique<tooling::FunctionBody>(function);
  return code;
}

const PathUnit::Graph* PathUnit::GraphOf(const clang::FunctionDecl& function,
                                         const clang::LambdaExpr* lambda) {
  Code& code = CodeOf(function);
  const auto [it, fresh] = code.graphs.try_emplace(lambda);
  if (fresh) {
    const int node = lambda ? code.body->Find(lambda) : -1;
    if (lambda && node < 0) return nullptr;
    if (std::optional<Flow> flow = Flow::Of(unit_.context(), *code.body, node)) {
      std::vector<bool> leads_on = LeadsOn(*flow);
      it->second = Graph{*std::move(flow), std::move(leads_on)};
    }
  }
  return it->second ? &*it->second : nullptr;
}

uint8_t PathUnit::ReachOf(const clang::FunctionDecl& function, int depth) {
  const auto [it, fresh] = reach_.try_emplace(&function, kNothing);
  if (!fresh || depth > kDeepest) return it->second;
  uint8_t reach = kNothing;
  const tooling::FunctionBody& body = *CodeOf(function).body;
  for (int i = 0; i < body.size(); ++i) {
    const clang::FunctionDecl* callee = nullptr;
    if (const auto* call = dyn_cast<clang::CallExpr>(&body.stmt(i))) {
      callee = call->getDirectCallee();
      if (isa<clang::CUDAKernelCallExpr>(call)) reach |= kAnyApi;
    } else if (const auto* construction = dyn_cast<clang::CXXConstructExpr>(&body.stmt(i))) {
      callee = construction->getConstructor();
      if (const clang::CXXDestructorDecl* destructor =
              construction->getConstructor()->getParent()->getDestructor())
        if (const auto* end = Definition(destructor)) reach |= ReachOf(*end, depth + 1);
    }
    if (!callee) continue;
    if (const Api* api = unit_.ApiOf(*callee)) {
      if (api->kind != Kind::kErrorText && api->kind != Kind::kErrorQuery)
        reach |= api->library == Library::kNccl ? kAnyApi | kNccl : kAnyApi;
    } else if (const clang::FunctionDecl* inner = Definition(callee)) {
      reach |= ReachOf(*inner, depth + 1);
    }
  }
  return reach_[&function] = reach;
}

bool PathUnit::Matters(const clang::FunctionDecl& function) { return ReachOf(function, 0) != kNothing; }
bool PathUnit::Communicates(const clang::FunctionDecl& function) {
  return (ReachOf(function, 0) & kNccl) != 0;
}

PathRun::PathRun(PathUnit& unit, const std::vector<int>& choices)
    : unit_(unit), wanted_(choices), values_(unit.unit().context(), unit.names) {}

Path PathRun::Run(const clang::FunctionDecl& function, const clang::LambdaExpr* lambda) {
  const PathUnit::Graph* graph = unit_.GraphOf(function, lambda);
  if (!graph) return {};
  values_.object = "this";
  running_.insert(lambda ? static_cast<const void*>(lambda) : &function);
  if (const auto* constructor = dyn_cast<clang::CXXConstructorDecl>(&function); constructor && !lambda) {
    for (const clang::CXXCtorInitializer* init : constructor->inits()) {
      if (init->isMemberInitializer() && !init->getMember()->getType()->isRecordType())
        values_.memory.Write(values_.memory.Present("this." + init->getMember()->getNameAsString()),
                             values_.Of(init->getInit()));
    }
  }
  Flowing(*graph, "this", nullptr);
  path_.returns = !ended_;
  path_.memory = std::move(values_.memory);
  return std::move(path_);
}

int PathRun::Decide(int ways, int first) {
  const size_t at = made_.size();
  const int chosen = at < wanted_.size() ? std::min(wanted_[at], ways - 1) : first;
  made_.push_back({chosen, ways});
  return chosen;
}

const FlowEdge* PathRun::Choose(const FlowBlock& block, Frame& frame, int at) {
  std::vector<const FlowEdge*> ways;
  const FlowEdge* known_way = nullptr;
  for (const FlowEdge& edge : block.next) {
    if (edge.thrown_by || !frame.graph.leads_on[edge.to]) continue;
    ways.push_back(&edge);
  }
  if (ways.empty()) {
    // Nothing but the end of the process is ahead: what happens before it still does.
    for (const FlowEdge& edge : block.next) {
      if (!edge.thrown_by) ways.push_back(&edge);
    }
  }
  if (ways.empty()) return nullptr;
  std::optional<PathCondition> condition;
  if (block.next[0].condition) {
    condition = values_.Condition(LastAsked(block.next[0].condition));
    const auto known = values_.facts.Known(*condition);
    for (const FlowEdge* edge : ways) {
      if (known && edge->outcome == *known) known_way = edge;
    }
    if (known && !known_way && !block.loop && ways.size() < block.next.size()) return nullptr;
  }
  const int turns = ++frame.turns[at];
  const FlowEdge* chosen = ways[0];
  if (block.loop && ways.size() == 2) {
    // A loop that waits for all of something is not one that waits for none: the first turn is made.
    const bool entered = turns > 1 || frame.turns[ways[0]->to] > 0;
    if (known_way && turns <= kMostTurns) {
      chosen = known_way;
    } else if (!entered) {
      chosen = ways[0];
    } else {
      chosen = turns > kMostTurns ? ways[1] : ways[Decide(2, 1)];
    }
  } else if (turns > kMostTurns + 1) {
    return nullptr;  // a circle of gotos, or `for (;;)`
  } else if (known_way) {
    chosen = known_way;
  } else if (ways.size() > 1) {
    // Of switches the last case is, as a rule, the default.
    chosen = ways[Decide(static_cast<int>(ways.size()), 0)];
  }
  if (condition && !known_way) {
    values_.facts.Assume(*condition, chosen->outcome);
    PathEvent& event = Add(Happening::kCondition, block.next[0].condition);
    event.difference = condition->difference;
    event.equality = condition->kind == PathCondition::Kind::kZero;
    event.outcome = chosen->outcome != condition->opposite;
    // A result that is not success: the call failed, as far as this path knows.
    const std::string* atom = condition->difference.AsAtom();
    if (atom && condition->kind == PathCondition::Kind::kZero && chosen->outcome == condition->opposite) {
      const auto call = results_.find(*atom);
      if (call != results_.end()) path_.events[call->second].failed = true;
    }
  }
  return chosen;
}

void PathRun::Flowing(const PathUnit::Graph& graph, const std::string& object, Value* returned) {
  const Flow& flow = graph.flow;
  Frame frame{graph, std::vector<int>(flow.blocks().size(), 0), object, {}};
  const std::string before = std::exchange(values_.object, object);
  int at = flow.entry();
  while (!ended_ && at != flow.exit()) {
    const FlowBlock& block = flow.blocks()[at];
    for (const FlowStep& step : block.steps) {
      if (++steps_ > kMostSteps) ended_ = true;
      if (!ended_) Step(step, frame);
    }
    if (ended_) break;
    const FlowEdge* edge = Choose(block, frame, at);
    if (!edge || block.no_return) ended_ = true;
    if (edge) at = edge->to;
  }
  values_.object = before;
  if (returned) *returned = frame.returned;
}

PathEvent& PathRun::Add(Happening what, const clang::Expr* expr) {
  PathEvent event;
  event.what = what;
  event.expr = expr;
  event.site = sites_.empty() ? expr : sites_.front();
  path_.events.push_back(std::move(event));
  return path_.events.back();
}

void PathRun::Step(const FlowStep& step, Frame& frame) {
  if (step.destroyed) {
    const std::string address = values_.AddressOf(*step.destroyed);
    const auto* record = step.destroyed->getType()->getAsCXXRecordDecl();
    const clang::FunctionDecl* destructor =
        record && record->hasDefinition() ? Definition(record->getDestructor()) : nullptr;
    if (destructor && Enter(*destructor, nullptr, step.destroyed->getInit(), {}, address, nullptr)) return;
    PathEvent& event = Add(Happening::kScopeEnd, nullptr);
    event.variable = step.destroyed;
    event.touched = Value::Atom("^&" + address);
    return;
  }
  const clang::Stmt& stmt = *step.stmt;
  if (const auto* declaration = dyn_cast<clang::DeclStmt>(&stmt)) {
    Declare(*declaration, frame);
  } else if (const auto* call = dyn_cast<clang::CallExpr>(&stmt)) {
    Call(*call);
  } else if (const auto* binary = dyn_cast<clang::BinaryOperator>(&stmt)) {
    if (binary->getOpcode() == clang::BO_Assign) {
      Assign(stmt, binary->getLHS(), values_.Of(binary->getRHS()));
    } else if (binary->isAssignmentOp()) {
      const Value old = values_.Of(binary->getLHS()), by = values_.Of(binary->getRHS());
      const bool integer = binary->getLHS()->getType()->isIntegralOrEnumerationType();
      Value value = values_.memory.Fresh("?");
      if (integer && binary->getOpcode() == clang::BO_AddAssign) value = old + by;
      if (integer && binary->getOpcode() == clang::BO_SubAssign) value = old - by;
      Assign(stmt, binary->getLHS(), value);
    }
  } else if (const auto* unary = dyn_cast<clang::UnaryOperator>(&stmt);
             unary && unary->isIncrementDecrementOp()) {
    const Value old = values_.Of(unary->getSubExpr());
    const Value by = Value::Constant(unary->isIncrementOp() ? 1 : -1);
    const bool integer = !unary->getType().isNull() && unary->getType()->isIntegralOrEnumerationType();
    Assign(stmt, unary->getSubExpr(), integer ? old + by : values_.memory.Fresh("^?"));
    if (unary->isPostfix()) values_.results[unary] = old;
  } else if (const auto* cast = dyn_cast<clang::ImplicitCastExpr>(&stmt)) {
    if (cast->getCastKind() == clang::CK_LValueToRValue) Touch(*cast->getSubExpr(), false);
  } else if (const auto* made = dyn_cast<clang::CXXNewExpr>(&stmt)) {
    values_.results[made] = values_.memory.Fresh("^new");
  } else if (const auto* end = dyn_cast<clang::ReturnStmt>(&stmt)) {
    if (end->getRetValue()) {
      const clang::Expr* value = end->getRetValue();
      frame.returned = value->isGLValue() ? Value::Atom("^&" + values_.Address(value)) : values_.Of(value);
    }
  } else if (isa<clang::CXXThrowExpr>(stmt)) {
    // What catches it is in this function or not; the checks are about what goes on without.
    ended_ = true;
  }
}

void PathRun::Touch(const clang::Expr& expression, bool writes) {
  const clang::Expr* lvalue = expression.IgnoreParenCasts();
  const clang::Expr* pointer = nullptr;
  if (const auto* element = dyn_cast<clang::ArraySubscriptExpr>(lvalue)) {
    pointer = element->getBase();
    if (pointer->IgnoreParenImpCasts()->getType()->isArrayType()) return;
  } else if (const auto* unary = dyn_cast<clang::UnaryOperator>(lvalue)) {
    if (unary->getOpcode() == clang::UO_Deref) pointer = unary->getSubExpr();
  }
  if (!pointer) return;
  const Value value = values_.Of(pointer);
  PathEvent& event = Add(Happening::kTouch, lvalue);
  event.touched = value;
  event.writes = writes;
}

void PathRun::Assign(const clang::Stmt& at, const clang::Expr* to, Value value) {
  Touch(*to, true);
  const std::string address = values_.Address(to);
  if (to->getType()->isRecordType() && !address.empty()) {
    values_.memory.Forget(address);
    if (value.AsAtom()) values_.memory.CopyFields(*value.AsAtom(), values_.Address(to));
  }
  if (!address.empty()) values_.memory.Write(values_.Address(to), value);
  values_.results[&at] = std::move(value);
}

void PathRun::Declare(const clang::DeclStmt& statement, Frame& /*frame*/) {
  for (const clang::Decl* decl : statement.decls()) {
    const auto* variable = dyn_cast<clang::VarDecl>(decl);
    if (!variable || variable->isStaticLocal()) continue;
    const clang::Expr* init = variable->getInit();
    const clang::QualType type = variable->getType();
    if (type->isReferenceType()) {
      std::string address = init ? values_.Address(init) : "";
      if (address.empty()) address = *values_.memory.Fresh(unit_.names.Of(*variable)).AsAtom();
      values_.references[variable] = address;
      continue;
    }
    const Value value = init ? values_.Of(init) : Value();
    values_.memory.Forget(unit_.names.Of(*variable));  // a new object in each turn of a loop
    const std::string address = values_.AddressOf(*variable);
    if (!init) continue;
    values_.Initialise(address, init);
    const clang::Expr* bare = init->IgnoreParenCasts()->IgnoreImplicit();
    const auto* construction = dyn_cast<clang::CXXConstructExpr>(bare);
    if (construction && !construction->getConstructor()->isCopyOrMoveConstructor()) {
      std::vector<const clang::Expr*> arguments(construction->arg_begin(), construction->arg_end());
      const clang::FunctionDecl* constructor = Definition(construction->getConstructor());
      if (constructor) Enter(*constructor, nullptr, construction, arguments, address, nullptr);
    } else if (!isa<clang::InitListExpr>(bare) || !type->isRecordType()) {
      if (type->isRecordType() && value.AsAtom()) values_.memory.CopyFields(*value.AsAtom(), address);
      if (!type->isArrayType()) values_.memory.Write(address, value);
    }
  }
}

bool PathRun::Enter(const clang::FunctionDecl& function, const clang::LambdaExpr* lambda,
                    const clang::Expr* call, const std::vector<const clang::Expr*>& arguments,
                    const std::string& object, Value* returned) {
  const void* key = lambda ? static_cast<const void*>(lambda) : &function;
  if (running_.size() > kDeepest || running_.count(key)) return false;
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
  if (const auto* constructor = dyn_cast<clang::CXXConstructorDecl>(&function); constructor && !lambda) {
    const std::string before = std::exchange(values_.object, object);
    for (const clang::CXXCtorInitializer* init : constructor->inits()) {
      if (!init->isMemberInitializer() || init->getMember()->getType()->isRecordType()) continue;
      const std::string at = values_.memory.Present(object + "." + init->getMember()->getNameAsString());
      const bool reference = init->getMember()->getType()->isReferenceType();
      values_.memory.Write(
          at, reference ? Value::Atom("^&" + values_.Address(init->getInit())) : values_.Of(init->getInit()));
    }
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
  const clang::FunctionDecl* definition = Definition(callee);
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
  added = std::move(event);
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

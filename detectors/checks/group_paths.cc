#include "detectors/checks/group_paths.h"

#include <algorithm>

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/conditions.h"
#include "detectors/checks/expressions.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

constexpr size_t kMostPaths = 48;  // that reach one block in different states; real code has a handful
constexpr size_t kDeepest = 4;     // groups in each other; more are a loop that opens and never closes

// One way to a point of the function, as far as groups care.
struct Path {
  std::vector<int> open;              // nodes of the calls that opened groups, the outermost first
  int below = 0;                      // groups closed that were not opened here
  std::map<std::string, bool> facts;  // what branches have learnt
  std::map<const clang::VarDecl*, int> result_of;  // variables that hold the result of a call
  std::vector<const clang::VarDecl*> guards;       // objects whose destructor closes a group
  int send = -1, receive = -1;                     // transfers whose counterpart was not in their group
  int group_send = -1, group_receive = -1;         // ... of the outermost group that is open
  bool queued = false;                             // the open group has operations in it
  int undone = -1;                                 // a call that seems to have failed: it opened nothing
  bool failed = false;                             // a call did, and this path knows
  bool thrown = false;
  const clang::Stmt* left_at = nullptr;
  auto operator<=>(const Path&) const = default;
};

struct Event {
  enum Kind { kCall, kDeclare, kDestroy, kWrite, kThrow, kReturn } kind;
  int node = -1;
  const Call* call = nullptr;
  const FunctionSummary* summary = nullptr;  // of a function of the program
  const clang::VarDecl* variable = nullptr;  // declared, destroyed, written
  std::string written = {};                  // DeclText of what is written
  const clang::Stmt* stmt = nullptr;
};

std::string DeclText(const clang::ValueDecl& decl) {
  char text[32];
  snprintf(text, sizeof(text), "@%p", static_cast<const void*>(decl.getCanonicalDecl()));
  return text;
}

bool IsNccl(const Call& call, Kind kind) {
  return call.api && call.api->library == Library::kNccl && call.api->kind == kind;
}

class Follower {
 public:
  Follower(const FunctionView& function, int lambda, const Flow& flow, const Summaries& summaries)
      : function_(function), body_(function.body()), lambda_(lambda), flow_(flow), summaries_(summaries) {
    for (const FlowBlock& block : flow.blocks()) events_.push_back(EventsOf(block));
    for (const std::vector<Event>& events : events_) {
      for (const Event& event : events) {
        if (event.kind == Event::kCall && (Opens(event) || Closes(event))) AddRelevant(event.node);
      }
    }
  }

  bool Concerned() const { return concerned_; }

  GroupPaths Run() {
    std::vector<std::set<Path>> at(flow_.blocks().size());
    std::vector<std::pair<int, Path>> work{{flow_.entry(), Path{}}};
    at[flow_.entry()].insert(Path{});
    while (!work.empty()) {
      auto [block, path] = std::move(work.back());
      work.pop_back();
      if (block == flow_.exit()) continue;
      if (flow_.blocks()[block].handler) path.thrown = false;
      bool ended = false;
      for (const Event& event : events_[block]) {
        Apply(event, path);
        if (event.kind == Event::kCall && event.summary && event.summary->never_returns) ended = true;
        if (ended || path.open.size() > kDeepest || path.below > 2) break;
      }
      for (const FlowEdge& edge : flow_.blocks()[block].next) {
        Path there = path;
        if (edge.thrown_by ? !Throws(edge, there) : ended || !Take(flow_.blocks()[block], edge, there))
          continue;
        if (at[edge.to].size() >= kMostPaths) {
          there.facts.clear();
          there.result_of.clear();
          out_.complete = false;
          if (at[edge.to].size() >= 2 * kMostPaths) continue;
        }
        if (at[edge.to].insert(there).second) work.emplace_back(edge.to, std::move(there));
      }
    }
    Finish(at[flow_.exit()]);
    return std::move(out_);
  }

 private:
  std::vector<Event> EventsOf(const FlowBlock& block) {
    std::vector<Event> events;
    for (const FlowStep& step : block.steps) {
      if (step.destroyed) {
        events.push_back({.kind = Event::kDestroy, .variable = step.destroyed});
        continue;
      }
      if (const auto* declaration = dyn_cast<clang::DeclStmt>(step.stmt)) {
        for (const clang::Decl* decl : declaration->decls()) {
          const auto* variable = dyn_cast<clang::VarDecl>(decl);
          if (!variable) continue;
          events.push_back({.kind = Event::kDeclare, .node = step.node, .variable = variable});
          concerned_ |= Opens(*variable) || Closes(*variable);
        }
      } else if (isa<clang::CXXThrowExpr>(step.stmt)) {
        events.push_back({.kind = Event::kThrow, .stmt = step.stmt});
      } else if (isa<clang::ReturnStmt>(step.stmt)) {
        events.push_back({.kind = Event::kReturn, .stmt = step.stmt});
      } else if (step.node >= 0) {
        AddCall(step, events);
        AddWrite(step, events);
      }
    }
    return events;
  }

  void AddCall(const FlowStep& step, std::vector<Event>& events) {
    const Call* call = function_.CallAt(step.node);
    if (!call) return;
    Event event{.kind = Event::kCall, .node = step.node, .call = call};
    if (const auto* callee = dyn_cast<clang::FunctionDecl>(call->callee); callee && !call->api) {
      event.summary = &summaries_.Of(*callee);
      if (event.summary->empty()) return;
      concerned_ |=
          event.summary->opens || event.summary->closes || event.summary->sends || event.summary->receives;
    } else if (call->api) {
      concerned_ |= IsNccl(*call, Kind::kGroupStart) || IsNccl(*call, Kind::kGroupEnd) ||
                    IsNccl(*call, Kind::kSend) || IsNccl(*call, Kind::kRecv);
    } else {
      return;
    }
    events.push_back(std::move(event));
  }

  void AddWrite(const FlowStep& step, std::vector<Event>& events) const {
    if (const auto* assignment = dyn_cast<clang::BinaryOperator>(step.stmt)) {
      if (!assignment->isAssignmentOp()) return;
      const clang::Expr* left = Strip(assignment->getLHS());
      if (const auto* member = dyn_cast<clang::MemberExpr>(left))
        events.push_back({.kind = Event::kWrite, .written = DeclText(*member->getMemberDecl())});
    }
    const auto* reference = dyn_cast<clang::DeclRefExpr>(step.stmt);
    const auto* variable = reference ? dyn_cast<clang::VarDecl>(reference->getDecl()) : nullptr;
    if (!variable || !MayWrite(body_, step.node)) return;
    Event event{.kind = Event::kWrite, .variable = variable, .written = DeclText(*variable)};
    // `r = f()` also makes r hold f's result.
    const int parent = body_.Parent(step.node);
    const auto* assignment = parent < 0 ? nullptr : dyn_cast<clang::BinaryOperator>(&body_.stmt(parent));
    if (assignment && assignment->getOpcode() == clang::BO_Assign)
      event.node = CallNode(assignment->getRHS());
    events.push_back(std::move(event));
  }

  // The node of the call that the expression is; -1: something else.
  int CallNode(const clang::Expr* expression) const {
    const clang::Expr* inner = Strip(expression);
    if (const auto* assignment = dyn_cast_or_null<clang::BinaryOperator>(inner);
        assignment && assignment->getOpcode() == clang::BO_Assign)
      inner = Strip(assignment->getRHS());
    for (const auto* calls : {&function_.calls(), &function_.other_calls()}) {
      for (const Call& call : *calls) {
        if (call.expr == inner) return call.node;
      }
    }
    return -1;
  }

  static bool Opens(const Event& event) {
    return IsNccl(*event.call, Kind::kGroupStart) || (event.summary && event.summary->opens);
  }
  static bool Closes(const Event& event) {
    return IsNccl(*event.call, Kind::kGroupEnd) || (event.summary && event.summary->closes);
  }

  static bool Queues(const Event& event) {
    if (event.summary)
      return event.summary->sends || event.summary->receives || !event.summary->collectives.empty();
    return event.call->api->library == Library::kNccl &&
           (IsCommunication(*event.call->api) || IsCollective(*event.call->api));
  }

  // What the branches around the start or end of a group ask: the only facts that paths must remember. Others
  // would make a state of each combination.
  void AddRelevant(int node) {
    for (int at = body_.nodes()[node].parent; at >= 0; at = body_.nodes()[at].parent) {
      const clang::Stmt& stmt = body_.stmt(at);
      if (isa<clang::LambdaExpr>(stmt)) break;
      if (const auto* branch = dyn_cast<clang::IfStmt>(&stmt)) AddQuestions(branch->getCond());
      if (const auto* choice = dyn_cast<clang::ConditionalOperator>(&stmt)) AddQuestions(choice->getCond());
      if (const auto* both = dyn_cast<clang::BinaryOperator>(&stmt); both && both->isLogicalOp())
        AddQuestions(both->getLHS());
    }
  }
  void AddQuestions(const clang::Expr* condition) {
    const auto* both = dyn_cast<clang::BinaryOperator>(Strip(condition));
    if (both && both->isLogicalOp()) {
      AddQuestions(both->getLHS());
      AddQuestions(both->getRHS());
    } else {
      relevant_.insert(FactOf(condition, true, body_, function_.unit().context()).text);
    }
  }

  void Apply(const Event& event, Path& path) {
    switch (event.kind) {
      case Event::kCall:
        ApplyCall(event, path);
        break;
      case Event::kDeclare:
        ApplyDeclaration(event, path);
        break;
      case Event::kDestroy: {
        const auto guard = std::find(path.guards.begin(), path.guards.end(), event.variable);
        if (guard == path.guards.end()) break;
        path.guards.erase(guard);
        Close(-1, path);
        break;
      }
      case Event::kWrite:
        std::erase_if(path.facts,
                      [&](const auto& fact) { return fact.first.find(event.written) != std::string::npos; });
        if (event.variable) {
          path.result_of.erase(event.variable);
          if (event.node >= 0) path.result_of[event.variable] = event.node;
        }
        break;
      case Event::kThrow:
        Unwind(path, event.stmt);
        break;
      case Event::kReturn:
        path.left_at = event.stmt;
        break;
    }
  }

  void ApplyCall(const Event& event, Path& path) {
    GroupPaths::Depth& depth = Seen(event.node, path);
    if (!path.open.empty()) depth.openers.insert(path.open.front());
    if (Opens(event)) {
      path.open.push_back(event.node);
    } else if (Closes(event)) {
      Close(event.node, path);
    }
    if (!path.open.empty() && Queues(event)) path.queued = true;
    const bool sends = IsNccl(*event.call, Kind::kSend) || (event.summary && event.summary->sends);
    const bool receives = IsNccl(*event.call, Kind::kRecv) || (event.summary && event.summary->receives);
    if (!sends && !receives) return;
    if (path.open.empty() && path.below == 0) {
      Transfer(sends ? event.node : -1, receives ? event.node : -1, path);
    } else {
      if (sends && path.group_send < 0) path.group_send = event.node;
      if (receives && path.group_receive < 0) path.group_receive = event.node;
    }
  }

  GroupPaths::Depth& Seen(int node, const Path& path) {
    const int now = static_cast<int>(path.open.size());
    const auto [it, fresh] = out_.depth.try_emplace(node, GroupPaths::Depth{now, now, false, {}});
    it->second.queued |= now > 0 && path.queued;
    it->second.least = std::min(it->second.least, now);
    it->second.most = std::max(it->second.most, now);
    return it->second;
  }

  // Transfers that stand alone, or whose group is at its end.
  void Transfer(int send, int receive, Path& path) {
    if (send >= 0 && receive >= 0) return;  // they progress together
    if (send >= 0) {
      if (path.receive >= 0) out_.loose.insert({path.receive, send});
      if (path.send < 0) path.send = send;
    }
    if (receive >= 0) {
      if (path.send >= 0) out_.loose.insert({path.send, receive});
      if (path.receive < 0) path.receive = receive;
    }
  }

  void Close(int node, Path& path) {
    if (path.open.empty()) {
      ++path.below;
      if (node >= 0) extra_.insert(node);
      return;
    }
    path.open.pop_back();
    if (!path.open.empty()) return;
    path.queued = false;
    Transfer(path.group_send, path.group_receive, path);
    path.group_send = path.group_receive = -1;
  }

  void ApplyDeclaration(const Event& event, Path& path) {
    const clang::VarDecl& variable = *event.variable;
    path.result_of.erase(&variable);
    std::erase_if(path.facts, [text = DeclText(variable)](const auto& fact) {
      return fact.first.find(text) != std::string::npos;
    });
    const clang::Expr* value = variable.getInit();
    if (!value) return;
    if (const int call = CallNode(value); call >= 0) path.result_of[&variable] = call;
    if (Opens(variable)) path.open.push_back(event.node);
    if (Closes(variable) || HoldsClosingLambda(event.node, variable)) path.guards.push_back(&variable);
  }

  bool Opens(const clang::VarDecl& variable) const {
    const clang::Expr* value = variable.getInit();
    const auto* construction = value ? dyn_cast<clang::CXXConstructExpr>(value->IgnoreImplicit()) : nullptr;
    return construction && summaries_.Of(*construction->getConstructor()).opens;
  }
  bool Closes(const clang::VarDecl& variable) const {
    const clang::CXXRecordDecl* record = variable.getType()->getAsCXXRecordDecl();
    const clang::CXXDestructorDecl* destructor =
        record && record->hasDefinition() && !record->isLambda() ? record->getDestructor() : nullptr;
    return destructor && summaries_.Of(*destructor).closes;
  }

  // `AtExit end([] { ncclGroupEnd(); });`
  bool HoldsClosingLambda(int node, const clang::VarDecl& variable) const {
    if (node < 0 || !variable.getType()->getAsCXXRecordDecl()) return false;
    for (int i = node + 1; i < body_.end(node); ++i) {
      const auto* lambda = dyn_cast<clang::LambdaExpr>(&body_.stmt(i));
      if (lambda && variable.getType()->getAsCXXRecordDecl() != lambda->getLambdaClass() &&
          summaries_.Of(*lambda->getCallOperator()).closes)
        return true;
    }
    return false;
  }

  // Destructors run on the way out.
  void Unwind(Path& path, const clang::Stmt* by) {
    path.thrown = true;
    path.left_at = by;
    for (size_t i = 0; i < path.guards.size(); ++i) Close(-1, path);
    path.guards.clear();
  }

  bool Throws(const FlowEdge& edge, Path& path) {
    const auto* written = dyn_cast<clang::CallExpr>(edge.thrown_by);
    const clang::FunctionDecl* callee = written ? written->getDirectCallee() : nullptr;
    if (const auto* construction = dyn_cast<clang::CXXConstructExpr>(edge.thrown_by))
      callee = construction->getConstructor();
    if (!callee || !summaries_.Of(*callee).throws) return false;
    // A checker that throws because its argument failed: what failed did nothing.
    if (written) {
      for (const clang::Expr* argument : written->arguments()) {
        const clang::VarDecl* variable = VariableOf(argument);
        const auto held = path.result_of.find(variable);
        const int call = held != path.result_of.end() ? held->second : CallNode(argument);
        if (call >= 0) Failed(call, path);
      }
    }
    Unwind(path, edge.thrown_by);
    return true;
  }

  void Failed(int call, Path& path) {
    path.failed = true;
    const auto opened = std::find(path.open.rbegin(), path.open.rend(), call);
    if (opened == path.open.rend()) return;
    path.open.erase(std::next(opened).base());
    path.undone = call;
  }

  // `r != ncclSuccess && r != ncclInProgress`: what is in progress did not fail.
  static bool AsksInProgress(const FlowEdge& edge) {
    const auto* binary = dyn_cast<clang::BinaryOperator>(Strip(edge.condition));
    if (!binary || !binary->isEqualityOp()) return false;
    for (const clang::Expr* side : {binary->getLHS(), binary->getRHS()}) {
      const auto* reference = dyn_cast<clang::DeclRefExpr>(Strip(side));
      const auto* constant = reference ? dyn_cast<clang::EnumConstantDecl>(reference->getDecl()) : nullptr;
      if (constant && constant->getName() == "ncclInProgress")
        return edge.outcome == (binary->getOpcode() == clang::BO_EQ);
    }
    return false;
  }

  // False: the branch contradicts what the path has learnt.
  bool Take(const FlowBlock& from, const FlowEdge& edge, Path& path) {
    if (!edge.condition) return true;
    if (AsksInProgress(edge)) {
      if (path.undone >= 0) path.open.push_back(path.undone);
      path.undone = -1;
      path.failed = false;
      return true;
    }
    const clang::ASTContext& context = function_.unit().context();
    if (AsksStatus(edge)) path.failed = true;
    if (const NotZero not_zero = NotZeroOf(edge.condition, edge.outcome, context); not_zero.value) {
      const auto held = path.result_of.find(VariableOf(not_zero.value));
      const int call = held != path.result_of.end() ? held->second : CallNode(not_zero.value);
      // Only of codes: what a bool means is not known.
      if (IsErrorCode(not_zero.value->getType())) {
        if (held != path.result_of.end()) path.result_of.erase(held);
        if (not_zero.outcome) Failed(call, path);
        return true;
      }
    }
    if (from.loop) return true;  // asked again, with other values
    const Fact fact = FactOf(edge.condition, edge.outcome, body_, context);
    if (!relevant_.count(fact.text)) return true;
    const auto [it, fresh] = path.facts.try_emplace(fact.text, fact.value);
    return fresh || it->second == fact.value;
  }

  // `if (!status.ok())`
  bool AsksStatus(const FlowEdge& edge) const {
    const NotZero asked = NotZeroOf(edge.condition, edge.outcome, function_.unit().context());
    const auto* call = dyn_cast_or_null<clang::CXXMemberCallExpr>(asked.value);
    const clang::CXXMethodDecl* method = call ? call->getMethodDecl() : nullptr;
    return method && !asked.outcome && method->getDeclName().isIdentifier() && method->getName() == "ok";
  }

  void Finish(const std::set<Path>& ends) {
    std::set<int> changes;  // of normal ends
    bool failed_only = true, any = false;
    for (const Path& path : ends) failed_only &= path.failed || path.thrown;
    bool opens_own = false;
    for (const Path& path : ends) {
      if (path.thrown) {
        out_.summary.throws = true;
        continue;
      }
      any = true;
      if (path.failed && !failed_only) continue;
      changes.insert(static_cast<int>(path.open.size()) - path.below);
      opens_own |= !path.open.empty();
    }
    FunctionSummary& summary = out_.summary;
    const bool same = changes.size() == 1;
    const int change = same ? *changes.begin() : 0;
    const bool is_main = function_.decl().isMain() && lambda_ < 0;
    summary.opens = same && change > 0 && extra_.empty() && !is_main;
    summary.closes = same && change < 0 && !opens_own && !is_main;
    const bool special =
        lambda_ < 0 && isa<clang::CXXConstructorDecl, clang::CXXDestructorDecl>(function_.decl());
    summary.may_open = special && !same && *changes.rbegin() > 0;
    summary.may_close = special && !same && *changes.begin() < 0;
    summary.never_returns = !any && ends.empty();
    if (!summary.closes && !summary.may_close) out_.extra_ends = extra_;
    if (!summary.opens && !summary.may_open) AddLeaks(ends);
    AddDirections(ends);
  }

  // The worst comes first: a way that the function goes by plan.
  static int Rank(const GroupLeak& leak) { return leak.failure ? 2 : leak.exception ? 1 : 0; }

  void AddLeaks(const std::set<Path>& ends) {
    std::map<int, GroupLeak> leaks;
    for (const Path& path : ends) {
      for (const int opener : path.open) {
        const GroupLeak leak{opener, path.thrown, path.failed && !path.thrown, path.left_at};
        const auto [it, fresh] = leaks.try_emplace(opener, leak);
        if (!fresh && Rank(leak) < Rank(it->second)) it->second = leak;
      }
    }
    for (const auto& [opener, leak] : leaks) out_.leaks.push_back(leak);
  }

  // A function whose transfers go in one direction needs the group of its caller.
  void AddDirections(const std::set<Path>& ends) {
    for (const Path& path : ends) {
      out_.summary.sends |= path.send >= 0;
      out_.summary.receives |= path.receive >= 0;
    }
    if (out_.summary.sends && out_.summary.receives) out_.summary.sends = out_.summary.receives = false;
  }

  const FunctionView& function_;
  const tooling::FunctionBody& body_;
  const int lambda_;
  const Flow& flow_;
  const Summaries& summaries_;
  bool concerned_ = false;
  std::set<std::string> relevant_;  // texts of facts
  std::vector<std::vector<Event>> events_;
  std::set<int> extra_;  // nodes that closed what was not open, on some path
  GroupPaths out_;
};

}  // namespace

std::optional<GroupPaths> FollowGroups(const FunctionView& function, int lambda, const Summaries& summaries) {
  const Flow* flow = function.FlowOf(lambda);
  if (!flow) return std::nullopt;
  Follower follower(function, lambda, *flow, summaries);
  if (!follower.Concerned()) return std::nullopt;
  return follower.Run();
}

}  // namespace rankle::lint

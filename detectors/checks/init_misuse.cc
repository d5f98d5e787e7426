#include "detectors/checks/init_misuse.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "clang/AST/Decl.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/Stmt.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

// Position of the caller's rank, after the id or, of ncclCommInitRankScalable, before it.
int8_t RankAt(const Api& api) { return api.name == "ncclCommInitRankScalable" ? 2 : 3; }
constexpr int8_t kRanksAt = 1;

// In a loop that may make more than one turn: not in the `do {} while (0)` of a macro.
bool Repeats(const tooling::FunctionBody& body, int node, const clang::ASTContext& context) {
  for (int loop = body.Loop(node); loop >= 0; loop = body.Loop(loop)) {
    const auto* once = dyn_cast<clang::DoStmt>(&body.stmt(loop));
    if (!once || IntegerOf(once->getCond(), context) != 0) return true;
  }
  return false;
}

class InitMisuse : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{
        "nccl-init-misuse", "an id that nobody is told or that serves twice, or use in the group of the init",
        "distributed_communication_error", "hang/init", Severity::kError};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    struct Init {
      Value id, rank, made;
      const PathEvent* event;
    };
    std::vector<Init> inits;
    std::map<Value, const PathEvent*> of_this_group;
    int depth = 0;
    for (const PathEvent& event : path.events) {
      if (event.what != Happening::kCall || event.api->library != Library::kNccl) continue;
      const Api& api = *event.api;
      if (api.kind == Kind::kGroupStart) ++depth;
      if (api.kind == Kind::kGroupEnd && depth > 0 && --depth == 0) of_this_group.clear();
      if (IsCommunication(api)) {
        const auto made = of_this_group.find(event.At(api.at.comm));
        if (made != of_this_group.end())
          findings.Add(event, made->second,
                       std::string(api.name) +
                           " on a communicator in the group that makes it: it is made when the "
                           "group ends",
                       "made by this call");
      }
      const bool makes = api.kind == Kind::kCommInit || api.kind == Kind::kCommSplit;
      if (makes && depth > 0) of_this_group[event.made] = &event;
      if (api.kind != Kind::kCommInit || event.failed) continue;
      const Init init{event.At(api.at.id), event.At(RankAt(api)), event.made, &event};
      const auto before = std::find_if(inits.begin(), inits.end(), [&](const Init& other) {
        return other.id == init.id && other.rank == init.rank;
      });
      if (before != inits.end() && init.id.AsAtom() && api.name != "ncclCommInitRankScalable")
        findings.Add(event, before->event, "an id for a second communicator: each needs one of its own",
                     "the first communicator of this id");
      inits.push_back(init);
    }
  }

  void AfterPaths(const FunctionView& function, PathFindings& findings) override {
    for (const Call& call : function.calls()) {
      if (call.api->library == Library::kNccl && call.api->kind == Kind::kUniqueId && call.At(0))
        LookAtId(function, call, findings);
    }
  }

 private:
  // A local id that only this call and one init see: nobody else learns of it.
  static void LookAtId(const FunctionView& function, const Call& made, PathFindings& findings) {
    const auto* address = dyn_cast<clang::UnaryOperator>(Strip(made.At(made.api->at.out)));
    const clang::VarDecl* id = address ? VariableOf(address->getSubExpr()) : nullptr;
    if (!id || !id->hasLocalStorage() || llvm::isa<clang::ParmVarDecl>(id)) return;
    const tooling::FunctionBody& body = function.body();
    const Call* init = nullptr;
    for (int i = 0; i < body.size(); ++i) {
      const auto* reference = dyn_cast<clang::DeclRefExpr>(&body.stmt(i));
      if (!reference || reference->getDecl() != id) continue;
      const Call* user = nullptr;
      for (int at = body.nodes()[i].parent; at >= 0 && !user && llvm::isa<clang::Expr>(body.stmt(at));
           at = body.nodes()[at].parent)
        user = function.CallAt(at);
      if (!user || !user->api) return;
      if (user->node == made.node) continue;
      if (user->api->kind != Kind::kCommInit || init) return;  // told to somebody, or to several devices
      init = user;
    }
    if (!init || Repeats(body, init->node, function.unit().context()) || init->lambda >= 0 ||
        init->arguments.size() < 4)
      return;
    const auto ranks = IntegerOf(Resolve(init->arguments[kRanksAt], body), function.unit().context());
    const auto rank = IntegerOf(Resolve(init->arguments[static_cast<size_t>(RankAt(*init->api))], body),
                                function.unit().context());
    if ((ranks && *ranks == 1) || rank) return;
    PathEvent event;
    event.expr = event.site = made.expr;
    findings.Add(
        event, nullptr,
        "the id is told to no other rank: each of them waits for ranks that have another; one rank makes it "
        "and sends it to all");
  }
};

}  // namespace

std::unique_ptr<Check> MakeInitMisuse() { return std::make_unique<InitMisuse>(); }

}  // namespace rankle::lint

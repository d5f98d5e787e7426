// One function as the checks see it: its statements in a flat list, and the calls that the API table knows.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "detectors/checks/api_table.h"
#include "detectors/checks/flow.h"
#include "detectors/checks/unit_view.h"
#include "detectors/tooling/function_body.h"

namespace clang {
class Expr;
class FunctionDecl;
}  // namespace clang

namespace rankle::lint {

struct GroupPaths;

// A call, also one that the compiler could not make sense of, through a pointer that has the API's name, or
// in a template.
struct Call {
  int node = 0;                       // in the function's body
  const clang::Expr* expr = nullptr;  // the whole call
  const clang::NamedDecl* callee = nullptr;
  const Api* api = nullptr;
  std::vector<const clang::Expr*> arguments;
  int lambda = -1;  // the innermost lambda around it; -1: the function itself

  // The argument in a role of the table (`call.At(call.api->at.count)`); nullptr: it has none.
  const clang::Expr* At(int8_t position) const {
    return position >= 0 && static_cast<size_t>(position) < arguments.size() ? arguments[position] : nullptr;
  }
};

class FunctionView {
 public:
  FunctionView(const UnitView& unit, std::shared_ptr<const tooling::FunctionBody> body);

  const UnitView& unit() const { return unit_; }
  const tooling::FunctionBody& body() const { return *body_; }
  const clang::FunctionDecl& decl() const { return body_->function(); }
  // In the order of the source; those within lambdas too.
  const std::vector<Call>& calls() const { return calls_; }
  // Calls that are no API's, of functions with a name.
  const std::vector<Call>& other_calls() const { return other_calls_; }
  // The call at a node of the body; nullptr: no call there.
  const Call* CallAt(int node) const;
  // Of the function (-1) or of a lambda, made when it is asked for; nullptr: clang makes none.
  const Flow* FlowOf(int lambda) const;
  // -1 for the function itself, then the nodes of its lambdas: each has paths of its own.
  const std::vector<int>& Lambdas() const { return lambdas_; }
  // What happens to groups in it; nullptr: nothing, or it is not known. Once the unit's summaries are there.
  const GroupPaths* Groups(int lambda) const;

 private:
  const UnitView& unit_;
  std::shared_ptr<const tooling::FunctionBody> body_;
  std::vector<Call> calls_, other_calls_;
  std::vector<int> lambdas_;
  mutable std::map<int, std::optional<Flow>> flows_;
  mutable std::map<int, std::shared_ptr<const GroupPaths>> groups_;
};

}  // namespace rankle::lint

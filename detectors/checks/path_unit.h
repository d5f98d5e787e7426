// The functions of a unit as paths through them are made of: their graphs, and whether they are worth
// following.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "detectors/checks/flow.h"
#include "detectors/checks/path_values.h"

namespace clang {
class FunctionDecl;
class LambdaExpr;
}  // namespace clang

namespace rankle::lint {

class FunctionView;
class UnitView;

// Calls within calls that are followed; what lies deeper is taken for a foreign one.
constexpr int kDeepestCall = 4;

// Of the unit's own functions, templates as they are written; nullptr: it has none here, or is of the
// standard library.
const clang::FunctionDecl* DefinitionOf(const clang::FunctionDecl* function);

// What does not change from path to path.
class PathUnit {
 public:
  explicit PathUnit(const UnitView& unit);
  ~PathUnit();

  struct Graph {
    const Flow& flow;
    std::vector<bool>
        leads_on;  // is the end of the function reached from the block, without exceptions of calls?
  };
  struct Code {
    const FunctionView* view = nullptr;                               // of functions of the user's files
    std::unique_ptr<FunctionView> own;                                // ... of others
    std::map<const clang::LambdaExpr*, std::optional<Graph>> graphs;  // nullptr: of the function itself
  };
  // nullptr: clang makes no graph of it.
  const Graph* GraphOf(const clang::FunctionDecl& function, const clang::LambdaExpr* lambda);
  // Calls an API that is of interest, itself or through functions of the unit.
  bool Matters(const clang::FunctionDecl& function);
  bool Communicates(const clang::FunctionDecl& function);
  const UnitView& unit() const { return unit_; }
  DeclNames names;

 private:
  enum Reach : uint8_t { kNothing = 0, kAnyApi = 1, kNccl = 2 };
  uint8_t ReachOf(const clang::FunctionDecl& function, int depth);
  Code& CodeOf(const clang::FunctionDecl& function);

  const UnitView& unit_;
  std::map<const clang::FunctionDecl*, Code> code_;
  std::map<const clang::FunctionDecl*, uint8_t> reach_;
};

}  // namespace rankle::lint

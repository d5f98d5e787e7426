// The paths through the functions of one unit, made when they are asked for and kept.
//
// Loops make one turn or two. Paths are tried in the order of how often they take another way than the first
// one, until a number of steps is used up: each is one that the program can take as far as its conditions are
// understood (the same condition has the same outcome while its values are the same), but there may be more.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "detectors/checks/path.h"

namespace clang {
class ASTContext;
class FunctionDecl;
class LambdaExpr;
class NamedDecl;
}  // namespace clang

namespace rankle::lint {

class PathUnit;
class UnitView;

class Paths {
 public:
  explicit Paths(const UnitView& unit);
  ~Paths();

  // Of the function itself, or of one of its lambdas.
  const std::vector<Path>& Of(const clang::FunctionDecl& function, const clang::LambdaExpr* lambda = nullptr);
  // Does the function call NCCL, itself or in functions of the unit that it calls?
  bool Communicates(const clang::FunctionDecl& function);

 private:
  std::unique_ptr<PathUnit> machine_;
  std::map<const void*, std::vector<Path>> known_;
};

}  // namespace rankle::lint

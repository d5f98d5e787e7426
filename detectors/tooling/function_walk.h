// Finds the functions of a unit that have a body in the user's files: also those of local classes; templates
// as they are written, not their instantiations.
#pragma once

#include <functional>
#include <memory>

namespace clang {
class Decl;
class DeclContext;
class FunctionDecl;
class SourceLocation;
}  // namespace clang

namespace rankle::tooling {

class FunctionBody;

class FunctionWalk {
 public:
  using IsUsers = std::function<bool(clang::SourceLocation)>;
  using Visit = std::function<void(std::shared_ptr<const FunctionBody>)>;
  FunctionWalk(IsUsers is_users, Visit visit);

  void Declarations(const clang::DeclContext& context);

 private:
  void Declaration(const clang::Decl& decl);
  void Function(const clang::FunctionDecl& function);

  IsUsers is_users_;
  Visit visit_;
};

}  // namespace rankle::tooling

// Names of declarations that do not depend on where in the file they stand.
#pragma once

#include <string>

namespace clang {
class Decl;
class FunctionDecl;
class NamedDecl;
class QualType;
}  // namespace clang

namespace rankle::tooling {

// "absl::StatusOr::ok": without template arguments, inline and anonymous namespaces.
std::string QualifiedName(const clang::NamedDecl& decl);

// Of templates the pattern that was written, of all declarations the first.
const clang::FunctionDecl& Written(const clang::FunctionDecl& function);

// The outermost function around it (itself, as a rule): lambdas and local classes have USRs with offsets in
// them, which every edit above would change.
const clang::FunctionDecl& Outermost(const clang::FunctionDecl& function);

// USR of the outermost function, and of what is inside it.
std::string StableUsr(const clang::FunctionDecl& function);

// Of a class, enum or typedef; "" for others. `type` is looked at as it is written: a typedef wins.
std::string TypeName(const clang::QualType& type);

}  // namespace rankle::tooling

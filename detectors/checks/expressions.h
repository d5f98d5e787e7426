// Questions about expressions that several checks ask.
#pragma once

#include <optional>
#include <string>

#include "detectors/checks/function_view.h"

namespace clang {
class Expr;
class QualType;
class VarDecl;
}  // namespace clang

namespace rankle::lint {

// Without parentheses and casts, written ones too.
const clang::Expr* Strip(const clang::Expr* expression);

// The variable (or parameter) that the expression names; nullptr: something else.
const clang::VarDecl* VariableOf(const clang::Expr* expression);

// May the statement at `node`, a reference to a variable, change it, or let others do so?
bool MayWrite(const tooling::FunctionBody& body, int node);

// What a variable of this function always holds: its initialiser, if nothing writes it later. nullptr: not
// known.
const clang::Expr* OnlyValue(const clang::VarDecl& variable, const tooling::FunctionBody& body);

// Follows variables to what they always hold: `const size_t bytes = n * 4; f(bytes)` is about `n * 4`.
const clang::Expr* Resolve(const clang::Expr* expression, const tooling::FunctionBody& body);

// The datatype that the argument names (an enumerator or a macro of the library); nullptr: not known.
const DataType* DataTypeOf(const clang::Expr* expression, const FunctionView& function);

std::optional<int64_t> IntegerOf(const clang::Expr* expression, const clang::ASTContext& context);

// A type of results (api_table.h), as written or through typedefs.
bool IsResult(clang::QualType type);

// ... or an enumeration of the program whose zero is a success: `enum Result { kOk, kFailed }`.
bool IsErrorCode(clang::QualType type);

// The same text for the same value, if nothing is written between: `comms[i]`, `(comms)[ i ]`,
// `this->comms[i]`. Names are told apart by their declarations, not by their letters.
std::string Canonical(const clang::Expr* expression);

}  // namespace rankle::lint

// The statements of one function in a flat list, parents before children, so that the kinds of fault points
// are plain loops over it instead of one AST visitor each (a visitor costs 10 s of compile time).
#pragma once

#include <vector>

namespace clang {
class CompoundStmt;
class FunctionDecl;
class Stmt;
}  // namespace clang

namespace rankle::tooling {

struct Node {
  const clang::Stmt* stmt;
  int parent;  // -1: the top
  int end;     // descendants are the nodes from the next one up to here
};

// Evaluated code only (nothing of sizeof, noexcept), and only what is written: not the calls that a range-for
// stands for. The bodies of lambdas are part of the function that holds them.
class FunctionBody {
 public:
  explicit FunctionBody(const clang::FunctionDecl& function);

  const clang::FunctionDecl& function() const { return function_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const clang::Stmt& stmt(int node) const { return *nodes_[node].stmt; }
  int size() const { return static_cast<int>(nodes_.size()); }
  int end(int node) const { return nodes_[node].end; }

  // Parent, with what only wraps an expression (parentheses, implicit casts, temporaries) passed over.
  int Parent(int node) const;
  // The innermost lambda around the node; -1: the function itself.
  int Lambda(int node) const;
  // The innermost loop around the node within the same lambda or function; -1: none.
  int Loop(int node) const;
  bool Inside(int node, int ancestor) const { return node > ancestor && node < nodes_[ancestor].end; }
  // Of this statement; -1: not in this body.
  int Find(const clang::Stmt* stmt, int from = 0) const;
  // The statement list of the lambda, or of the function (-1); nullptr for one that is a try block.
  const clang::CompoundStmt* Block(int lambda) const;

 private:
  void Add(const clang::Stmt* stmt, int parent);

  const clang::FunctionDecl& function_;
  std::vector<Node> nodes_;
};

bool IsLoop(const clang::Stmt& stmt);
// Is the value of this node of any use to the code around it?
bool ResultUsed(const FunctionBody& body, int node);

}  // namespace rankle::tooling

// A value along one path of a program: a sum of products of what is not known ("atoms"), so that `p + rank *
// n` and `p + n * rank` are the same and their difference is zero. Pure.
//
// Atoms are texts: equal texts, equal values. Those of pointers begin with '^'.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rankle::lint {

class Value {
 public:
  Value() = default;  // zero
  static Value Constant(int64_t constant);
  static Value Atom(std::string atom);

  Value operator+(const Value& other) const;
  Value operator-(const Value& other) const;
  Value operator*(const Value& other) const;
  bool operator==(const Value& other) const = default;
  bool operator<(const Value& other) const { return terms_ < other.terms_; }

  std::optional<int64_t> AsConstant() const;
  // One atom and nothing else; nullptr: it is more, or a constant.
  const std::string* AsAtom() const;
  // The pointer that it is an offset from; empty: none, or more than one.
  std::string Base() const;
  std::string Text() const;

  // Sorted atoms of a product and its factor; the constant has no atoms. No factor is zero.
  using Product = std::vector<std::string>;
  const std::map<Product, int64_t>& terms() const { return terms_; }

 private:
  void Add(const Product& product, int64_t factor);
  std::map<Product, int64_t> terms_;
};

}  // namespace rankle::lint

#include "detectors/checks/value.h"

#include <algorithm>

namespace rankle::lint {

Value Value::Constant(int64_t constant) {
  Value value;
  value.Add({}, constant);
  return value;
}

Value Value::Atom(std::string atom) {
  Value value;
  value.Add({std::move(atom)}, 1);
  return value;
}

// Wraps around as the machine does; what overflows is no number of elements that anybody means.
void Value::Add(const Product& product, int64_t factor) {
  int64_t& sum = terms_[product];
  sum = static_cast<int64_t>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(factor));
  if (sum == 0) terms_.erase(product);
}

Value Value::operator+(const Value& other) const {
  Value sum = *this;
  for (const auto& [product, factor] : other.terms_) sum.Add(product, factor);
  return sum;
}

Value Value::operator-(const Value& other) const { return *this + other * Constant(-1); }

Value Value::operator*(const Value& other) const {
  Value result;
  for (const auto& [left, a] : terms_) {
    for (const auto& [right, b] : other.terms_) {
      Product product = left;
      product.insert(product.end(), right.begin(), right.end());
      std::sort(product.begin(), product.end());
      result.Add(product, static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)));
    }
  }
  return result;
}

std::optional<int64_t> Value::AsConstant() const {
  if (terms_.empty()) return 0;
  if (terms_.size() > 1 || !terms_.begin()->first.empty()) return std::nullopt;
  return terms_.begin()->second;
}

const std::string* Value::AsAtom() const {
  if (terms_.size() != 1) return nullptr;
  const auto& [product, factor] = *terms_.begin();
  return factor == 1 && product.size() == 1 ? &product[0] : nullptr;
}

std::string Value::Base() const {
  std::string base;
  for (const auto& [product, factor] : terms_) {
    if (product.size() != 1 || product[0][0] != '^' || factor != 1) continue;
    if (!base.empty()) return "";
    base = product[0];
  }
  return base;
}

std::string Value::Text() const {
  if (const std::string* atom = AsAtom()) return *atom;
  std::string text;
  for (const auto& [product, factor] : terms_) {
    if (!text.empty()) text += "+";
    text += std::to_string(factor);
    for (const std::string& atom : product) text += "*" + atom;
  }
  return text.empty() ? "0" : text;
}

}  // namespace rankle::lint

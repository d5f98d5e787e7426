#include "detectors/checks/path_memory.h"

#include <algorithm>

namespace rankle::lint {
namespace {

// `constant + factor * atom`; nullopt: anything else.
struct Linear {
  std::string atom;
  int64_t factor = 0, constant = 0;
};
std::optional<Linear> LinearOf(const Value& value) {
  Linear linear;
  for (const auto& [product, factor] : value.terms()) {
    if (product.empty()) {
      linear.constant = factor;
    } else if (product.size() == 1 && linear.atom.empty()) {
      linear.atom = product[0];
      linear.factor = factor;
    } else {
      return std::nullopt;
    }
  }
  if (linear.atom.empty()) return std::nullopt;
  return linear;
}

// `a == b` and `b == a` are one fact, `a < b` and `b < a` are two.
std::string FactText(const PathCondition& condition) {
  const std::string text = condition.difference.Text();
  if (condition.kind == PathCondition::Kind::kNegative) return text + "<0";
  return std::min(text, (Value() - condition.difference).Text()) + "==0";
}

bool Holds(PathCondition::Kind kind, int64_t value) {
  return kind == PathCondition::Kind::kZero ? value == 0 : value < 0;
}

}  // namespace

Value PathMemory::Read(const std::string& address, bool is_pointer) const {
  const auto it = written_.find(address);
  return it != written_.end() ? it->second : Value::Atom((is_pointer ? "^" : "") + address);
}

void PathMemory::CopyFields(const std::string& from, const std::string& to) {
  std::map<std::string, Value> copies;
  const std::string prefix = from + ".";
  for (auto it = written_.lower_bound(prefix); it != written_.end() && it->first.starts_with(prefix); ++it)
    copies.emplace(to + "." + it->first.substr(prefix.size()), it->second);
  written_.merge(copies);
}

bool PathMemory::Wrote(const std::string& address) const {
  const auto it = written_.lower_bound(address);
  return versions_.count(address) > 0 || (it != written_.end() && it->first.starts_with(address));
}

std::string PathMemory::Present(std::string address) const {
  for (auto it = versions_.find(address); it != versions_.end(); it = versions_.find(address))
    address += "#" + std::to_string(it->second);
  return address;
}

std::optional<bool> PathFacts::Known(const PathCondition& condition) const {
  if (const auto constant = condition.difference.AsConstant())
    return Holds(condition.kind, *constant) != condition.opposite;
  if (const auto fact = facts_.find(FactText(condition)); fact != facts_.end())
    return fact->second != condition.opposite;
  if (const auto linear = LinearOf(condition.difference)) {
    if (const auto known = constants_.find(linear->atom); known != constants_.end())
      return Holds(condition.kind, linear->factor * known->second + linear->constant) != condition.opposite;
    // An address is not null.
    if (condition.kind == PathCondition::Kind::kZero && linear->atom.starts_with("^&") &&
        linear->constant == 0)
      return condition.opposite;
  }
  return std::nullopt;
}

void PathFacts::Assume(const PathCondition& condition, bool outcome) {
  const bool holds = outcome != condition.opposite;
  facts_[FactText(condition)] = holds;
  if (condition.kind != PathCondition::Kind::kZero || !holds) return;
  const auto linear = LinearOf(condition.difference);
  if (linear && (linear->factor == 1 || linear->factor == -1))
    constants_[linear->atom] = -linear->constant * linear->factor;
}

}  // namespace rankle::lint

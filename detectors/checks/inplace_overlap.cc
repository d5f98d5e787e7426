#include "detectors/checks/inplace_overlap.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "clang/AST/Expr.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {
namespace {

enum class InPlace : uint8_t {
  kSame,        // both are one buffer
  kSendAtRank,  // the send buffer is the receive buffer's part of this rank
  kRecvAtRank,  // ... or the other way round
  kSendAtRoot,
  kRecvAtRoot,
  kNever,
};

struct Rule {
  std::string_view api;
  InPlace in_place;
  std::string_view how;
};
constexpr Rule kRules[] = {
    {"ncclAllReduce", InPlace::kSame, "both buffers are the same"},
    {"ncclReduce", InPlace::kSame, "both buffers are the same"},
    {"ncclBroadcast", InPlace::kSame, "both buffers are the same"},
    {"ncclAllGather", InPlace::kSendAtRank, "the send buffer is the receive buffer plus rank * count"},
    {"ncclReduceScatter", InPlace::kRecvAtRank, "the receive buffer is the send buffer plus rank * count"},
    {"ncclGather", InPlace::kSendAtRoot, "the send buffer is the receive buffer plus root * count"},
    {"ncclScatter", InPlace::kRecvAtRoot, "the receive buffer is the send buffer plus root * count"},
    {"ncclAlltoAll", InPlace::kNever, "never"},
    {"ncclAllToAll", InPlace::kNever, "never"},
};

// A distance that nobody leaves between two buffers on purpose: below the alignment of any allocator of
// devices.
constexpr int64_t kNoGap = 128;  // bytes

bool Overlaps(const Value& offset, const Value& bytes) {
  const auto distance = offset.AsConstant();
  if (!distance) return false;
  return std::abs(*distance) < bytes.AsConstant().value_or(kNoGap);
}

// A factor of the offset that may be the rank: what is no constant and not the count.
bool MayBeRank(const Value& offset, const Value& count) {
  for (const auto& [product, factor] : offset.terms()) {
    for (const std::string& atom : product) {
      if (count.Text().find(atom) == std::string::npos) return true;
    }
  }
  return false;
}

class InplaceOverlap : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-inplace-overlap",
                                     "buffers of one call overlap, but not as in-place ones do", "api_misuse",
                                     "wrong/corruption", Severity::kError};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    for (const PathEvent& event : path.events) {
      if (event.what != Happening::kCall) continue;
      for (const Rule& rule : kRules) {
        if (rule.api == event.api->name) Look(event, rule, findings);
      }
    }
  }

  // The counter of a loop is 0 in its first turn: wrong is what is wrong in all turns.
  void AfterPaths(const FunctionView& /*function*/, PathFindings& findings) override {
    for (const auto& [site, occurrence] : occurrences_) {
      if (occurrence.always) findings.Add(occurrence.event, nullptr, occurrence.message);
    }
    occurrences_.clear();
  }

 private:
  struct Occurrence {
    PathEvent event;
    std::string message;
    bool always = true;
  };

  void Look(const PathEvent& event, const Rule& rule, PathFindings& findings) {
    const auto& at = event.api->at;
    const Value send = event.At(at.send), recv = event.At(at.recv), count = event.At(at.count);
    if (send.Base().empty() || send.Base() != recv.Base()) return;
    const auto* call = llvm::dyn_cast<clang::CallExpr>(event.expr);
    const DataType* type = call && call->getNumArgs() > static_cast<unsigned>(at.type)
                               ? DataTypeOf(call->getArg(static_cast<unsigned>(at.type)), findings.function())
                               : nullptr;
    const Value bytes = count * (type ? Value::Constant(type->bytes) : Value::Atom("?"));
    const bool to_send = rule.in_place == InPlace::kSendAtRank || rule.in_place == InPlace::kSendAtRoot;
    const Value offset = to_send ? send - recv : recv - send;
    Occurrence& occurrence = occurrences_.try_emplace(event.site, Occurrence{event, {}}).first->second;
    occurrence.always &= IsWrong(event, rule.in_place, offset, count, bytes);
    std::string message = "the buffers of " + std::string(event.api->name) + " overlap, but not in place";
    message += rule.in_place == InPlace::kNever ? ": it has no in-place form"
                                                : ": that is where " + std::string(rule.how);
    occurrence.message = std::move(message);
  }

  static bool IsWrong(const PathEvent& event, InPlace in_place, const Value& offset, const Value& count,
                      const Value& bytes) {
    const bool same = offset == Value();
    switch (in_place) {
      case InPlace::kNever:
        return same;
      case InPlace::kSame:
        return !same && Overlaps(offset, bytes);
      case InPlace::kSendAtRank:
      case InPlace::kRecvAtRank:
        // Other ranks than 0 are elsewhere: also at a distance that is the same for all of them.
        return same || (!MayBeRank(offset, count) && !(offset == bytes)) || RankWithoutCount(offset, count) ||
               BesideRank(offset, bytes) || OtherSize(offset, bytes);
      case InPlace::kSendAtRoot:
      case InPlace::kRecvAtRoot: {
        const Value root = event.At(event.api->at.root);
        if (offset == root * bytes) return false;
        return same;
      }
    }
    return false;
  }

  // `(rank + 1) * count`: the part of another rank, whichever this one is.
  static bool BesideRank(const Value& offset, const Value& bytes) {
    if (bytes.terms().size() != 1) return false;
    const auto& [count, size] = *bytes.terms().begin();
    if (offset.terms().size() != 2 || offset.terms().count(count) == 0) return false;
    for (const auto& [product, factor] : offset.terms()) {
      if (product == count || factor != size) continue;
      for (const std::string& atom : product) {
        if (MentionsRank(Value::Atom(atom)) && Value::Atom(atom) * bytes == offset - Part(offset, count))
          return true;
      }
    }
    return false;
  }

  static Value Part(const Value& value, const Value::Product& product) {
    Value part = Value::Constant(value.terms().at(product));
    for (const std::string& atom : product) part = part * Value::Atom(atom);
    return part;
  }

  // `rank * count` of elements of another size: the same factors but for the rank, and another number.
  static bool OtherSize(const Value& offset, const Value& bytes) {
    if (offset.terms().size() != 1 || bytes.terms().size() != 1) return false;
    const auto& [product, factor] = *offset.terms().begin();
    const auto& [count, size] = *bytes.terms().begin();
    return product.size() == count.size() + 1 &&
           std::includes(product.begin(), product.end(), count.begin(), count.end()) && factor != size;
  }

  // `all + rank` where `all + rank * n` is meant.
  static bool RankWithoutCount(const Value& offset, const Value& count) {
    if (count.AsConstant() || offset.terms().size() != 1) return false;
    const auto& product = offset.terms().begin()->first;
    return product.size() == 1 && absl::AsciiStrToLower(product[0]).find("rank") != std::string::npos;
  }

  std::map<const clang::Expr*, Occurrence> occurrences_;
};

}  // namespace

std::unique_ptr<Check> MakeInplaceOverlap() { return std::make_unique<InplaceOverlap>(); }

}  // namespace rankle::lint

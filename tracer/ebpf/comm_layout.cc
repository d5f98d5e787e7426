#include "tracer/ebpf/comm_layout.h"

#include <algorithm>
#include <cstring>

namespace rankle::ebpf {
namespace {

constexpr int32_t kMostDevices = 64;
// Collectives that must have passed while a word was watched: fewer, and a word that counts something else of
// an iteration may look the same.
constexpr uint64_t kLeastGrowth = 3;

template <typename Value>
Value ValueAt(std::string_view bytes, size_t offset) {
  Value value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

constexpr size_t kFactsBytes = sizeof(uint64_t) + 3 * sizeof(int32_t);

// A hash has bits everywhere; counters, sizes and small pointers do not.
bool LooksLikeHash(uint64_t value) { return (value >> 32) != 0 && (value & 0xffffffff) != 0; }

}  // namespace

std::optional<CommFacts> CommLayout::Read(std::string_view bytes, size_t place) {
  if (place > bytes.size() || bytes.size() - place < kFactsBytes) return std::nullopt;
  CommFacts facts;
  facts.hash = ValueAt<uint64_t>(bytes, place);
  facts.rank = ValueAt<int32_t>(bytes, place + 8);
  facts.nranks = ValueAt<int32_t>(bytes, place + 12);
  facts.device = ValueAt<int32_t>(bytes, place + 16);
  const bool sound = LooksLikeHash(facts.hash) && facts.rank >= 0 && facts.rank < facts.nranks &&
                     facts.device >= 0 && facts.device < kMostDevices;
  return sound ? std::optional(facts) : std::nullopt;
}

void CommLayout::Learn(std::string_view bytes, uint64_t world, int32_t rank, int32_t nranks) {
  for (size_t place = 0; place + kFactsBytes <= bytes.size(); place += sizeof(uint64_t)) {
    const auto facts = Read(bytes, place);
    if (!facts || facts->rank != rank || facts->nranks != nranks) continue;
    Candidate& candidate = candidates_[place];
    ++candidate.seen;
    candidate.hashes[world][facts->hash].insert(rank);
  }
}

// Where several ranks have told, more of them must have one hash than there are hashes: what lies at a wrong
// place differs from process to process.
bool CommLayout::Candidate::IsContradicted() const {
  return std::any_of(hashes.begin(), hashes.end(), [](const auto& world) {
    std::set<int32_t> ranks;
    size_t most = 0;
    for (const auto& [hash, its] : world.second) {
      ranks.insert(its.begin(), its.end());
      most = std::max(most, its.size());
    }
    return ranks.size() > 1 && most < world.second.size();
  });
}

// A process may have told its rank in the world of a communicator that is a part of it: what fits there by
// chance fits fewer than the place that is right.
std::optional<size_t> CommLayout::place(bool final) const {
  size_t most = 0;
  std::optional<size_t> best;
  for (const auto& [place, candidate] : candidates_) {
    if (candidate.IsContradicted() || candidate.seen < most) continue;
    best = candidate.seen == most ? std::nullopt : std::optional(place);
    most = candidate.seen;
  }
  return final || most >= 2 ? best : std::nullopt;
}

void OperationCounter::Add(std::string_view bytes, uint64_t returned, uint64_t entered) {
  const size_t count = std::min(bytes.size(), CommLayout::kCounterBytes) / sizeof(uint64_t);
  if (words_.empty()) words_.resize(count);
  if (count < words_.size()) words_.resize(count);  // what is not readable any more cannot be it
  for (size_t i = 0; i < words_.size(); ++i) {
    const auto value = static_cast<int64_t>(ValueAt<uint64_t>(bytes, i * sizeof(uint64_t)));
    Word& word = words_[i];
    if (value < 0) {
      word.most = -1;
      continue;
    }
    word.least = std::max(word.least, value - static_cast<int64_t>(entered));
    word.most = std::min(word.most, value - static_cast<int64_t>(returned));
  }
  first_entered_ = std::min(first_entered_, entered);
  last_returned_ = std::max(last_returned_, returned);
}

std::optional<size_t> OperationCounter::offset() const {
  if (first_entered_ > last_returned_ || last_returned_ - first_entered_ < kLeastGrowth) return std::nullopt;
  std::optional<size_t> only;
  int64_t base = -1;
  for (size_t i = 0; i < words_.size(); ++i) {
    if (!words_[i].possible()) continue;
    if (!words_[i].decided()) return std::nullopt;
    // opCount and collOpCount agree in a communicator without point-to-point operations; the later one counts
    // collectives in any.
    if (only && words_[i].least != base) return std::nullopt;
    only = i * sizeof(uint64_t);
    base = words_[i].least;
  }
  return only;
}

std::optional<uint64_t> OperationCounter::Before(size_t offset) const {
  const size_t index = offset / sizeof(uint64_t);
  if (index >= words_.size() || !words_[index].decided()) return std::nullopt;
  return static_cast<uint64_t>(words_[index].least);
}

}  // namespace rankle::ebpf

// Times of ranks that do the same in the same iterations, and in which stretch of iterations one of them is
// slower than the others. Pure statistics; the cost is linear in the times, and in the ranks for each slow
// one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace rankle::localize {

// The stretch [first, last) of iterations in which a rank stands out.
struct SlowSegment {
  size_t first = 0, last = 0;
  int slow_iterations = 0;
  int64_t own_ns = 0, normal_ns = 0;           // medians of the rank's times and of the medians of the others
  double factor = 1;                           // the one over the other
  double noise = 0, chance = 0, surprise = 0;  // as in Lateness (arrival.h)
};

class PeerComparison {
 public:
  static constexpr int kMinSlowIterations = 5;

  // own[rank][iteration], of at least two ranks, all with the same number of iterations.
  explicit PeerComparison(std::vector<std::vector<int64_t>> own);
  // The best segment of the rank; nothing when fewer than kMinSlowIterations are slow in it.
  std::optional<SlowSegment> FindSlow(size_t rank) const;

 private:
  // What the middle of all ranks does in one iteration, with or without one of them.
  class Middle {
   public:
    explicit Middle(std::vector<int64_t> values);
    // The median of the others; of an even number the lower of the two in the middle, which is robust to just
    // under half of them slow, or the upper.
    int64_t LowerWithout(int64_t own) const { return Without(own, first_); }
    int64_t UpperWithout(int64_t own) const { return Without(own, others_ / 2); }

   private:
    // Taking away what lies at or before a place moves the next one there.
    int64_t Without(int64_t own, size_t place) const {
      const size_t at = place - first_;
      return own <= around_[at] ? around_[at + 1] : around_[at];
    }
    size_t others_, first_;
    int64_t around_[3] = {};  // the values at first_ and after it, in order
  };

  int64_t Others(size_t r, size_t k) const { return middles_[k].LowerWithout(own_[r][k]); }
  bool IsSlow(size_t r, size_t k) const { return slow_[r][k + 1] != slow_[r][k]; }
  uint32_t CountSlow(size_t r, size_t first, size_t last) const { return slow_[r][last] - slow_[r][first]; }
  std::pair<size_t, size_t> BestSegment(size_t r) const;
  // The best segment without noise and what follows from it.
  std::optional<SlowSegment> Measure(size_t r) const;
  double OfItsPeer(size_t peer, const SlowSegment& s) const;
  double Noise(size_t r, size_t first, size_t last) const;
  void Judge(size_t r, SlowSegment& s) const;

  std::vector<std::vector<int64_t>> own_;
  std::vector<Middle> middles_;              // by iteration
  std::vector<std::vector<uint32_t>> slow_;  // [rank][iteration]: slow iterations before it; one entry more
};

}  // namespace rankle::localize

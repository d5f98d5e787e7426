// See decide.h. The history holds prefix hashes, so "do the last L signatures equal those p earlier" is one
// comparison: the search tries a few candidate periods a call and costs the same whatever the program does.
#include "injector/plan/decide.h"
#include "injector/plan/random.h"

namespace rankle::plan {
namespace {

constexpr uint64_t kBase = 0xd6e8feb86659fd93ull;  // odd: the base of the rolling hash
constexpr uint64_t kRepeats = 3;         // a period counts once seen this often after the first time
constexpr uint64_t kShortestProof = 16;  // ... and over this many calls, or any two equal calls are a step
constexpr uint32_t kCandidatesPerCall = 32;  // bounds the time of one Observe()
constexpr uint64_t kTrustedSteps = 128;  // a period that held so long is the step; breaks are one-off events

constexpr uint64_t Power(uint64_t exponent) {
  uint64_t result = 1;
  for (uint64_t base = kBase; exponent != 0; exponent >>= 1, base *= base) {
    if ((exponent & 1) != 0) result *= base;
  }
  return result;
}

constexpr uint64_t ProofLength(uint64_t period) {
  return period * kRepeats > kShortestProof ? period * kRepeats : kShortestProof;
}

}  // namespace

// Prefix(i) is the hash of signatures 0..i-1, so the signature itself can be had back.
uint64_t StepDetector::Signature(uint64_t index) const { return Prefix(index + 1) - Prefix(index) * kBase; }

// Do the last ProofLength(period) signatures equal the ones `period` earlier?
bool StepDetector::Repeats(uint32_t period) const {
  const uint64_t length = ProofLength(period);
  if (count_ < length + period) return false;
  if (Signature(count_ - 1) != Signature(count_ - 1 - period))
    return false;  // the cheap way out for most candidates
  const uint64_t begin = count_ - length;
  return Prefix(count_) - Prefix(count_ - period) == (Prefix(begin) - Prefix(begin - period)) * Power(length);
}

int64_t StepDetector::Observe(uint64_t signature) {
  history_[(count_ + 1) % kHistory] = Prefix(count_) * kBase + MixBits(signature);
  ++count_;
  if (locked_) {
    Follow(Signature(count_ - 1));
  } else {
    Search();
  }
  return step_;
}

void StepDetector::Follow(uint64_t signature) {
  const uint64_t index = count_ - 1;
  if (signature == Signature(index - period_)) {
    step_ = static_cast<int64_t>(region_step_ + (index - region_) / period_);
    return;
  }
  locked_ = false;
  broken_at_ = index;
  next_candidate_ = 1;
}

void StepDetector::Search() {
  const uint64_t most = count_ / (kRepeats + 1);
  const uint32_t longest = most < kLongestPeriod ? static_cast<uint32_t>(most) : kLongestPeriod;
  if (longest == 0) return;
  uint32_t candidate = next_candidate_ <= longest ? next_candidate_ : 1;
  const uint32_t tries = longest < kCandidatesPerCall ? longest : kCandidatesPerCall;
  for (uint32_t i = 0; i < tries; ++i) {
    if (Repeats(candidate)) {
      Lock(candidate);
      if (locked_) return;
    }
    candidate = candidate < longest ? candidate + 1 : 1;
  }
  next_candidate_ = candidate;
}

void StepDetector::Lock(uint32_t period) {
  // The search goes round, so a multiple may be met before the period itself: the shortest divides it.
  for (uint32_t divisor = 1; divisor <= period / 2; ++divisor) {
    if (period % divisor == 0 && Repeats(divisor)) {
      period = divisor;
      break;
    }
  }
  const uint64_t oldest = count_ >= kHistory ? count_ - kHistory + 1 : 0;
  uint64_t begin = count_ - ProofLength(period) - period;
  while (begin > oldest && Signature(begin - 1) == Signature(begin - 1 + period)) --begin;

  const bool crosses_break = period_ != 0 && count_ - ProofLength(period) - period <= broken_at_;
  if (crosses_break) {
    // A longer period that explains the break, too: what was taken for steps were parts of one. Unless the
    // short one held for so long that the break must be something rare (an evaluation), and the long one its
    // schedule.
    const bool trusted = period_ > 1 && static_cast<uint64_t>(step_) >= kTrustedSteps;
    if (trusted) return;
    region_step_ = 0;
  } else if (period_ != 0) {
    if (begin <= broken_at_) begin = broken_at_ + 1;
    region_step_ = static_cast<uint64_t>(step_) + 1;
  }
  locked_ = true;
  period_ = period;
  region_ = begin;
  step_ = static_cast<int64_t>(region_step_ + (count_ - 1 - region_) / period_);
}

}  // namespace rankle::plan

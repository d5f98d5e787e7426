#include "cli/suite/draw.h"

#include <algorithm>

#include "injector/plan/random.h"

namespace rankle::cli {
namespace {

// Drawn before the first run of the matrix; another seed is another split.
constexpr uint64_t kSeed = 3;

uint64_t Draw(std::string_view name) {
  uint64_t key = kSeed;
  for (const char c : name) key = plan::MixBits(key ^ static_cast<unsigned char>(c));
  return key;
}

}  // namespace

Half HalfOf(std::string_view case_name) { return Draw(case_name) & 1 ? Half::kReporting : Half::kTuning; }

void KeepSample(std::vector<SuiteCase>& cases, size_t count) {
  if (count == 0 || count >= cases.size()) return;
  std::vector<uint64_t> draws;
  for (const SuiteCase& one : cases) draws.push_back(Draw(one.name));
  const auto last = draws.begin() + static_cast<std::ptrdiff_t>(count) - 1;
  std::nth_element(draws.begin(), last, draws.end());
  const uint64_t limit = *last;
  std::erase_if(cases, [&](const SuiteCase& one) { return Draw(one.name) > limit; });
}

}  // namespace rankle::cli

#include "cli/suite/half.h"

#include <cstdint>

#include "injector/plan/random.h"

namespace rankle::cli {

Half HalfOf(std::string_view case_name) {
  constexpr uint64_t kSeed = 3;  // drawn before the first run of the matrix; another seed is another split
  uint64_t key = kSeed;
  for (const char c : case_name) key = plan::MixBits(key ^ static_cast<unsigned char>(c));
  return key & 1 ? Half::kReporting : Half::kTuning;
}

}  // namespace rankle::cli

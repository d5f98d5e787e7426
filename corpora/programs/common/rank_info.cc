#include "corpora/programs/common/rank_info.h"

#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace rankle::programs {
namespace {

absl::StatusOr<int> IntegerIn(const Environment& environment, const char* name, int fallback, int low,
                              int high) {
  const std::optional<std::string> text = environment(name);
  if (!text) return fallback;
  int value = 0;
  if (!absl::SimpleAtoi(*text, &value) || value < low || value > high) {
    return absl::InvalidArgumentError(absl::StrCat("environment: ", name, "=", *text, " is not a number in ",
                                                   low, "..", high,
                                                   "; let the launcher set it, or unset it"));
  }
  return value;
}

}  // namespace

absl::StatusOr<RankInfo> ParseRankInfo(const Environment& environment) {
  constexpr int kMostRanks = 1 << 20;
  RankInfo info;
  auto world_size = IntegerIn(environment, "WORLD_SIZE", 1, 1, kMostRanks);
  if (!world_size.ok()) return world_size.status();
  auto rank = IntegerIn(environment, "RANK", 0, 0, *world_size - 1);
  if (!rank.ok()) return rank.status();
  auto local_rank = IntegerIn(environment, "LOCAL_RANK", *rank, 0, kMostRanks);
  if (!local_rank.ok()) return local_rank.status();
  auto port = IntegerIn(environment, "MASTER_PORT", info.master_port, 1, 65535);
  if (!port.ok()) return port.status();
  if (*world_size > 1 && !environment("RANK")) {
    return absl::InvalidArgumentError(
        "environment: WORLD_SIZE is set but RANK is not; start with `rankle run -n N`");
  }
  info.rank = *rank;
  info.world_size = *world_size;
  info.local_rank = *local_rank;
  info.master_port = static_cast<uint16_t>(*port);
  info.master_address = environment("MASTER_ADDR").value_or(info.master_address);
  return info;
}

absl::StatusOr<RankInfo> RankInfoFromEnvironment() {
  return ParseRankInfo([](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

}  // namespace rankle::programs

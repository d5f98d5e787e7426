#include "corpora/programs/common/bootstrap.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <thread>
#include <vector>

namespace rankle::programs {
namespace {

using std::chrono::milliseconds;

// A port that was free a moment ago: the kernel hands out each ephemeral port in turn.
uint16_t FreePort() {
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t length = sizeof address;
  EXPECT_EQ(::bind(probe, reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length), 0);
  ::close(probe);
  return ntohs(address.sin_port);
}

RankInfo Rank(int rank, int world_size, uint16_t port) {
  RankInfo info;
  info.rank = rank;
  info.world_size = world_size;
  info.master_port = port;
  return info;
}

using Blob = std::array<std::byte, 128>;

TEST(Bootstrap, EveryRankGetsTheBytesOfRankZero) {
  constexpr int kRanks = 5;
  const uint16_t port = FreePort();
  std::vector<Blob> blobs(kRanks);
  blobs[0].fill(std::byte{42});
  std::vector<absl::Status> results(kRanks);
  std::vector<std::thread> threads;
  for (int rank = kRanks - 1; rank >= 0; --rank) {  // rank 0 last: the others must keep trying
    threads.emplace_back([&, rank] {
      results[rank] = ShareFromRankZero(Rank(rank, kRanks, port), blobs[rank], milliseconds(20'000));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int rank = 0; rank < kRanks; ++rank) {
    EXPECT_TRUE(results[rank].ok()) << results[rank];
    EXPECT_EQ(blobs[rank], blobs[0]);
  }
}

TEST(Bootstrap, ASingleRankNeedsNoPort) {
  Blob blob{};
  EXPECT_TRUE(ShareFromRankZero(Rank(0, 1, 1), blob, milliseconds(0)).ok());
}

TEST(Bootstrap, RankZeroNamesTheRanksThatDidNotCome) {
  Blob blob{};
  const absl::Status status = ShareFromRankZero(Rank(0, 3, FreePort()), blob, milliseconds(50));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(status.message().find("rank 1,2 did not come"), absl::string_view::npos) << status;
}

TEST(Bootstrap, OtherRanksGiveUpWithoutRankZero) {
  Blob blob{};
  EXPECT_EQ(ShareFromRankZero(Rank(1, 2, FreePort()), blob, milliseconds(50)).code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST(Bootstrap, DifferentWorldSizesAreAnError) {
  const uint16_t port = FreePort();
  Blob mine{}, theirs{};
  std::thread other([&] { (void)ShareFromRankZero(Rank(1, 4, port), theirs, milliseconds(500)); });
  const absl::Status status = ShareFromRankZero(Rank(0, 2, port), mine, milliseconds(20'000));
  other.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
}

RankInfo Parsed(const std::map<std::string, std::string>& variables, bool* ok) {
  const auto info = ParseRankInfo([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
  *ok = info.ok();
  return info.value_or(RankInfo());
}

TEST(RankInfo, ReadsTheLaunchersVariables) {
  bool ok = false;
  const RankInfo info = Parsed(
      {{"RANK", "5"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "1"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "77"}},
      &ok);
  EXPECT_TRUE(ok);
  EXPECT_EQ(info.rank, 5);
  EXPECT_EQ(info.world_size, 8);
  EXPECT_EQ(info.local_rank, 1);
  EXPECT_EQ(info.master_address, "a");
  EXPECT_EQ(info.master_port, 77);
}

TEST(RankInfo, WithoutVariablesIsOneRank) {
  bool ok = false;
  EXPECT_EQ(Parsed({}, &ok).world_size, 1);
  EXPECT_TRUE(ok);
}

TEST(RankInfo, RefusesWhatCannotBe) {
  const std::vector<std::map<std::string, std::string>> wrong = {{{"WORLD_SIZE", "0"}},
                                                                 {{"WORLD_SIZE", "two"}},
                                                                 {{"WORLD_SIZE", "2"}},
                                                                 {{"WORLD_SIZE", "2"}, {"RANK", "2"}},
                                                                 {{"MASTER_PORT", "70000"}}};
  for (const auto& variables : wrong) {
    bool ok = true;
    Parsed(variables, &ok);
    EXPECT_FALSE(ok) << variables.begin()->first << "=" << variables.begin()->second;
  }
}

}  // namespace
}  // namespace rankle::programs

// NCCL_DEBUG lines have NCCL's grammar, so that importers of NCCL logs read them.
#include "virtual_gpu/nccl/debug_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "virtual_gpu/nccl/testing/ranks.h"

namespace rankle::virtual_nccl::testing {
namespace {

// The settings are read once a process, before the first line.
const std::string log_directory = [] {
  char pattern[] = "/tmp/virtual_nccl_log.XXXXXX";
  const std::string directory = mkdtemp(pattern);
  setenv("NCCL_DEBUG", "info", 1);
  setenv("NCCL_DEBUG_SUBSYS", "INIT,COLL", 1);
  setenv("NCCL_DEBUG_FILE", (directory + "/%h.%p%%").c_str(), 1);
  return directory;
}();

std::string ReadLog() {
  std::ifstream in(log_directory + "/" + ShortHostName() + "." + std::to_string(getpid()) + "%");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

int Matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<int>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator()));
}

TEST(DebugLogTest, InitCollectiveAndWarningLinesFollowTheGrammar) {
  {
    World world(2);
    world.Run([](Rank& rank) {
      std::vector<float> data(18816, 1);
      for (int i = 0; i < 11; ++i) {
        ncclAllReduce(data.data(), data.data(), data.size(), ncclFloat, ncclSum, rank.comm, rank.stream);
      }
      cudaStreamSynchronize(rank.stream);
      ncclComm_t child = nullptr;
      ncclCommSplit(rank.comm, 0, rank.rank, &child, nullptr);
      ncclCommDestroy(child);
      ncclBroadcast(data.data(), data.data(), 1, ncclFloat, 5, rank.comm, rank.stream);
    });
  }
  const std::string log = ReadLog();
  const std::string info = "\n" + ShortHostName() + ":\\d+:\\d+ \\[\\d\\] NCCL INFO ";
  const std::string comm = "comm 0x[0-9a-f]+ rank \\d nranks 2 cudaDev \\d nvmlDev \\d busId [0-9a-f]+ ";
  EXPECT_EQ(Matches(log, "^NCCL version 2\\.28\\.9\\+cuda13\\.0\n"), 1) << log;
  EXPECT_EQ(
      Matches(log, info + "\\[Rank \\d\\] ncclCommInitRank " + comm + "commId 0x[0-9a-f]+ - Init START"), 2)
      << log;
  EXPECT_EQ(Matches(log, info + "ncclCommInitRank " + comm + "commId 0x[0-9a-f]+ - Init COMPLETE"), 2) << log;
  EXPECT_EQ(Matches(log, info + "ncclCommSplit " + comm +
                             "parent 0x[0-9a-f]+ childCount 0 color 0 key \\d - Init COMPLETE"),
            2)
      << log;
  const std::string collective =
      " sendbuff 0x[0-9a-f]+ recvbuff 0x[0-9a-f]+ count 18816 datatype 7 op 0 root 0 comm 0x[0-9a-f]+ "
      "\\[nranks=2\\] stream 0x[0-9a-f]+";
  EXPECT_EQ(Matches(log, info + "AllReduce: opCount [0-9a]" + collective), 22) << log;
  EXPECT_EQ(Matches(log, info + "AllReduce: opCount a" + collective), 2) << "opCount is hexadecimal\n" << log;
  EXPECT_EQ(Matches(log, "\n\n\\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\] " + ShortHostName() +
                             ":\\d+:\\d+ \\[\\d\\] operation.cc:\\d+ NCCL WARN Broadcast : invalid root 5 "),
            2)
      << log;
  EXPECT_EQ(Matches(log, "Init timings - ncclCommInitRank: rank \\d nranks 2 total "), 2) << log;
  std::filesystem::remove_all(log_directory);
}

}  // namespace
}  // namespace rankle::virtual_nccl::testing

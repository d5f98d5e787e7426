// The plugin in clang-tidy itself. Skipped where that is not installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

namespace rankle::lint {
namespace {

namespace fs = std::filesystem;

std::string OutputOf(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  while (pipe && fgets(buffer.data(), buffer.size(), pipe)) output += buffer.data();
  if (pipe) pclose(pipe);
  return output;
}

class TidyPlugin : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!OutputOf("clang-tidy-19 --version").starts_with("Debian LLVM version 19"))
      GTEST_SKIP() << "needs clang-tidy-19 (Debian package clang-tidy-19)";
    std::string folder = (fs::temp_directory_path() / "rankle-tidy-XXXXXX").string();
    ASSERT_TRUE(mkdtemp(folder.data()));
    folder_ = folder;
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  std::string Run(const std::string& options, const std::string& source) {
    const std::string file = (folder_ / "case.cc").string();
    std::ofstream(file) << source;
    return OutputOf("clang-tidy-19 --quiet -load " RANKLE_TIDY " " + options + " " + file +
                    " -- -std=c++17 -isystem " RANKLE_MOCK_HEADERS);
  }
  std::string Source() const {
    std::ifstream file(folder_ / "case.cc");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
};

constexpr char kCase[] = R"(#include <nccl.h>
bool Reduce(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (ncclAllReduce(a, a, n * sizeof(float), ncclFloat, ncclSum, comm, stream) != ncclSuccess) return false;
  return ncclCommDestroy(comm) == ncclSuccess;
}
)";

TEST_F(TidyPlugin, FindsWhatTheChecksFind) {
  const std::string output = Run("--checks='-*,nccl-*'", kCase);
  EXPECT_THAT(output, ::testing::HasSubstr("case.cc:3:7: warning: the count is in bytes"));
  EXPECT_THAT(output, ::testing::HasSubstr("[nccl-count-in-bytes]"));
  EXPECT_THAT(output, ::testing::HasSubstr(
                          "case.cc:4:10: warning: ncclCommDestroy while ncclAllReduce may still run"));
  EXPECT_THAT(output, ::testing::HasSubstr("case.cc:3:7: note: enqueued here"));
}

TEST_F(TidyPlugin, RunsOnlyTheChecksThatAreAskedFor) {
  const std::string output = Run("--checks='-*,nccl-count-*'", kCase);
  EXPECT_THAT(output, ::testing::HasSubstr("[nccl-count-in-bytes]"));
  EXPECT_THAT(output, ::testing::Not(::testing::HasSubstr("nccl-destroy-in-flight")));
}

TEST_F(TidyPlugin, MakesTheirFixes) {
  Run("--checks='-*,nccl-count-in-bytes' --fix", kCase);
  EXPECT_THAT(Source(), ::testing::HasSubstr("ncclAllReduce(a, a, n, ncclFloat"));
}

TEST_F(TidyPlugin, SaysNothingOfWhatOnlyAWholeProgramTells) {
  const std::string output =
      Run("--checks='-*,nccl-*'",
          "#include <nccl.h>\n"
          "bool Reduce(float* a, ncclComm_t comm, cudaStream_t stream) {\n"
          "  return ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream) == ncclSuccess &&\n"
          "         cudaStreamSynchronize(stream) == cudaSuccess;\n"
          "}\n");
  EXPECT_THAT(output, ::testing::Not(::testing::HasSubstr("warning")));
}

}  // namespace
}  // namespace rankle::lint

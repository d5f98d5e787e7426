#include "cli/launch/rotating_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "cli/launch/files.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RotatingLogTest : public ::testing::Test {
 protected:
  RotatingLogTest() {
    std::string pattern = (fs::temp_directory_path() / "rankle-log-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~RotatingLogTest() override { fs::remove_all(directory_); }
  std::string Content(const std::string& name) const {
    return ReadFile(directory_ + "/" + name).value_or("");
  }
  // Lines of eleven bytes: "line 00001\n".
  static std::string Line(int number) {
    char text[16];
    snprintf(text, sizeof(text), "line %05d\n", number);
    return text;
  }
  std::string directory_;
};

TEST_F(RotatingLogTest, AShortLogIsKeptAsItIs) {
  RotatingLog log(directory_, "rank0", 1 << 20);
  log.Append("one\n");
  log.Append(std::string("binary\0too", 10));
  EXPECT_EQ(Content("rank0.log"), "one\n" + std::string("binary\0too", 10));
  EXPECT_FALSE(fs::exists(directory_ + "/rank0.end.log"));
}

TEST_F(RotatingLogTest, ALongLogKeepsBeginningAndEndAndSaysWhatIsMissing) {
  constexpr uint64_t kPart = 64 << 10;
  constexpr int kLines = 100'000;  // 1.1 MB
  RotatingLog log(directory_, "rank0", kPart);
  for (int i = 0; i < kLines; ++i) log.Append(Line(i));
  EXPECT_THAT(Content("rank0.log"), StartsWith(Line(0)));
  EXPECT_THAT(Content("rank0.log"), HasSubstr("goes on in rank0.end.log"));
  EXPECT_THAT(Content("rank0.end.log"), HasSubstr("was dropped"));
  EXPECT_THAT(Content("rank0.end.log"), ::testing::EndsWith(Line(kLines - 1)));
  uintmax_t bytes = 0;
  for (const auto& file : fs::directory_iterator(directory_)) bytes += file.file_size();
  EXPECT_LE(bytes, 3 * kPart + 4096);
  EXPECT_GE(bytes, 2 * kPart);
}

TEST_F(RotatingLogTest, AnotherWriterContinuesWhereTheOneBeforeStopped) {
  RotatingLog(directory_, "job", 100).Append(std::string(99, 'a'));
  RotatingLog(directory_, "job", 100).Append("bc");
  RotatingLog(directory_, "job", 100).Append("d");
  EXPECT_THAT(Content("job.log"), StartsWith(std::string(99, 'a') + "b\n[rankle"));
  EXPECT_THAT(Content("job.end.log"), ::testing::EndsWith("cd"));
}

TEST_F(RotatingLogTest, ADirectoryThatIsGoneEndsOnlyTheLog) {
  RotatingLog log(directory_ + "/none", "rank0");
  log.Append("lost");
  EXPECT_FALSE(fs::exists(directory_ + "/none"));
}

}  // namespace
}  // namespace rankle::cli

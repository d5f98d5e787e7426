// Files of any kind and size on their way to the importers.
#include "analyzer/import/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "analyzer/import/file_bytes.h"
#include "analyzer/testing/dump_files.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
using rankle::testing::DumpDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Classifier kUnknown = [](const std::string&, const std::string&) { return -1; };

class InputsTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return directory_.path() / name; }
  std::vector<std::string> Names(const InputFilter& filter, int depth) const {
    const auto found = CollectInputs({directory_.path()}, filter, depth, kUnknown);
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::string> names;
    for (const InputFile& file : *found)
      names.push_back(fs::path(file.path).lexically_relative(directory_.path()));
    return names;
  }
  DumpDirectory directory_{std::string("inputs_") +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name()};
};

TEST_F(InputsTest, DirectoriesAreSearchedAsDeepAsAskedAndSorted) {
  fs::create_directories(directory_.path() / "a/b");
  directory_.Write("z", "");
  directory_.Write("a/y", "");
  directory_.Write("a/b/x", "");
  EXPECT_THAT(Names({}, 0), ElementsAre("z"));
  EXPECT_THAT(Names({}, 1), ElementsAre("a/y", "z"));
  EXPECT_THAT(Names({}, 2), ElementsAre("a/b/x", "a/y", "z"));
}

TEST_F(InputsTest, GlobsMatchNamesAndPathsBelowTheDirectory) {
  fs::create_directories(directory_.path() / "host1");
  directory_.Write("rank_0", "");
  directory_.Write("rank_0.log", "");
  directory_.Write("host1/rank_1", "");
  EXPECT_THAT(Names({.include = {"rank_?"}}, 1), ElementsAre("host1/rank_1", "rank_0"));
  EXPECT_THAT(Names({.exclude = {"host1/*", "*.log"}}, 1), ElementsAre("rank_0"));
  EXPECT_THAT(Names({.include = {"rank*"}, .exclude = {"*"}}, 1), IsEmpty());
}

TEST_F(InputsTest, TheClassifierSeesTheFirstBytesAndDecides) {
  directory_.Write("known", rankle::testing::Gzip("magic and more"));
  directory_.Write("other", "text");
  const auto found = CollectInputs(
      {directory_.path()}, {}, 0,
      [](const std::string&, const std::string& bytes) { return bytes.rfind("magic", 0) == 0 ? 7 : -1; });
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].format, 7);
  EXPECT_EQ((*found)[1].format, -1);
  EXPECT_EQ((*found)[1].what, "text");
}

TEST_F(InputsTest, ADirectoryThatLinksToItselfEnds) {
  fs::create_directory_symlink(directory_.path(), directory_.path() / "loop");
  directory_.Write("file", "");
  EXPECT_THAT(Names({}, 50), ElementsAre("file"));
}

TEST_F(InputsTest, WhatIsAbsentOrNoFileIsAnError) {
  EXPECT_THAT(std::string(CollectInputs({Path("absent")}, {}, 0, kUnknown).status().message()),
              HasSubstr("no such file"));
  EXPECT_THAT(std::string(CollectInputs({"/dev/null"}, {}, 0, kUnknown).status().message()),
              HasSubstr("neither a file"));
}

TEST_F(InputsTest, FilesNobodyKnowsAreDescribed) {
  EXPECT_EQ(DescribeContent("step 1 loss 2.5\n"), "text");
  EXPECT_EQ(DescribeContent("{\"a\": 1}"), "JSON of no known kind");
  EXPECT_EQ(DescribeContent(std::string("\x7f"
                                        "ELF\0",
                                        5)),
            "binary data of no known kind");
  EXPECT_THAT(DescribeContent("PK\x03\x04..."), HasSubstr("zip archive"));
  EXPECT_THAT(DescribeContent(""), HasSubstr("empty"));
}

TEST_F(InputsTest, GzipIsLookedThrough) {
  directory_.Write("plain", "hello");
  directory_.Write("packed", rankle::testing::Gzip("hello"));
  for (const char* name : {"plain", "packed"}) {
    EXPECT_EQ(ReadFirstBytes(Path(name), 4), "hell");
    std::string bytes;
    ASSERT_TRUE(ReadFileBytes(Path(name), 100, bytes).ok());
    EXPECT_EQ(bytes, "hello");
  }
}

TEST_F(InputsTest, WhatGrowsBeyondItsBoundIsRefused) {
  constexpr uint64_t kMost = 4u << 20;
  std::string bytes;
  directory_.Write("bomb", rankle::testing::Gzip(std::string(64u << 20, '\0')));
  ASSERT_LT(fs::file_size(Path("bomb")), kMost);
  EXPECT_THAT(std::string(ReadFileBytes(Path("bomb"), kMost, bytes).message()),
              HasSubstr("larger than 4 MiB"));
  EXPECT_LE(bytes.capacity(), 4 * kMost);
  directory_.Write("sparse", "");
  fs::resize_file(Path("sparse"), uint64_t{10} << 30);
  EXPECT_THAT(std::string(ReadFileBytes(Path("sparse"), kMost, bytes).message()),
              HasSubstr("larger than 4 MiB"));
  EXPECT_EQ(ReadFirstBytes(Path("sparse"), 10), std::string(10, '\0'));
}

TEST_F(InputsTest, DamagedGzipIsSaid) {
  std::string packed = rankle::testing::Gzip(std::string(10'000, 'x') + "tail");
  directory_.Write("cut", packed.substr(0, packed.size() / 2));
  packed[packed.size() / 2] ^= 0x55;
  directory_.Write("flipped", packed);
  std::string bytes;
  EXPECT_FALSE(ReadFileBytes(Path("flipped"), 1u << 20, bytes).ok());
  EXPECT_FALSE(ReadFileBytes(Path("cut"), 1u << 20, bytes).ok());
  EXPECT_FALSE(ReadFileBytes(Path("absent"), 1u << 20, bytes).ok());
}

}  // namespace
}  // namespace rankle::import

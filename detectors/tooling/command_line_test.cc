#include "detectors/tooling/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "detectors/tooling/file_filter.h"
#include "detectors/tooling/forked_jobs.h"

namespace rankle::tooling {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using Arguments = std::vector<std::string>;

const ParserFiles kFiles{.resource_dir = "/clang", .cuda_include = "/cuda/include", .cuda_shim = "/shim.h"};

// What is left of the caller's own arguments.
Arguments Kept(const Arguments& command, const std::string& file) {
  const Arguments all = ForParser(command, file, kFiles);
  const Arguments none = ForParser({"c++", file}, file, kFiles);
  Arguments kept;
  for (const std::string& argument : all) {
    if (std::find(none.begin(), none.end(), argument) == none.end()) kept.push_back(argument);
  }
  return kept;
}

TEST(ForParser, DropsOutputsDependencyFilesAndFatalWarnings) {
  EXPECT_THAT(
      Kept({"/usr/bin/ccache", "/usr/bin/g++", "-O2", "-Iinc", "-c", "-o", "a.o", "-MD", "-MT", "a.o", "-MF",
            "a.d", "-oa.o", "-Werror", "-Werror=foo", "-fno-gnu-unique", "-DX=1", "-std=c++20", "a.cc"},
           "a.cc"),
      ElementsAre("-O2", "-Iinc", "-DX=1", "-std=c++20"));
}

TEST(ForParser, KeepsFlagsThatOnlyBeginLikeDroppedOnes) {
  EXPECT_THAT(Kept({"g++", "-coverage", "-MyFlag", "-Sdir", "a.cc"}, "a.cc"),
              ElementsAre("-coverage", "-MyFlag", "-Sdir"));
}

TEST(ForParser, IncludesPrecompiledHeadersOfOtherCompilersAsText) {
  EXPECT_THAT(Kept({"g++", "-Winvalid-pch", "-include", "cmake_pch.hxx", "-O2", "a.cc"}, "a.cc"),
              ElementsAre("-Xclang", "-include", "-Xclang", "cmake_pch.hxx", "-O2"));
}

TEST(ForParser, TranslatesNvccAndParsesCudaAsHostCode) {
  const Arguments command{"/usr/local/cuda/bin/nvcc",
                          "-gencode",
                          "arch=compute_90,code=sm_90",
                          "-arch=sm_80",
                          "-Xcompiler",
                          "-fPIC,-O2",
                          "-Xcompiler=-fopenmp",
                          "--expt-relaxed-constexpr",
                          "-isystem=/sys",
                          "-rdc=true",
                          "-ccbin",
                          "/usr/bin/g++",
                          "-DN=1",
                          "-x",
                          "cu",
                          "-c",
                          "k.cu",
                          "-o",
                          "k.o"};
  const Arguments all = ForParser(command, "k.cu", kFiles);
  EXPECT_THAT(all, IsSupersetOf({"cuda", "--cuda-host-only", "-nocudainc", "-fPIC", "-O2", "-fopenmp", "/sys",
                                 "-DN=1", "/cuda/include", "/clang/include", "/shim.h", "-std=c++17"}));
  EXPECT_THAT(all, Not(Contains("arch=compute_90,code=sm_90")));
  EXPECT_THAT(all, Not(Contains("/usr/bin/g++")));
  EXPECT_EQ(all.front(), "clang++");
  EXPECT_EQ(all.back(), "k.cu");
  EXPECT_EQ(std::count(all.begin(), all.end(), "k.cu"), 1);
}

TEST(ForParser, TakesTheStandardOfTheCommandAndTheLanguageOfTheFile) {
  EXPECT_THAT(ForParser({"nvcc", "-std=c++20", "k.cu"}, "k.cu", kFiles), Not(Contains("-std=c++17")));
  EXPECT_EQ(ForParser({"cc", "a.c"}, "a.c", kFiles).front(), "clang");
  EXPECT_FALSE(IsCuda({"g++", "a.cc"}, "a.cc"));
  EXPECT_TRUE(IsCuda({"clang++", "-x", "cuda", "a.cc"}, "a.cc"));
}

TEST(FileFilter, TakesWhatLiesBelowTheRootAndIsNotSkipped) {
  const FileFilter filter{.root = "/src/lib", .only = {}, .skip = {"third_party/*", "*_test.cc"}};
  EXPECT_EQ(filter.Relative("/src/lib/net/pair.cc"), "net/pair.cc");
  EXPECT_THAT(filter.Relative("/src/library/a.cc"), IsEmpty());
  EXPECT_THAT(filter.Relative("/src/lib/third_party/x/a.cc"), IsEmpty());
  EXPECT_THAT(filter.Relative("/src/lib/net/pair_test.cc"), IsEmpty());
  const FileFilter only{.root = "/src/lib", .only = {"net/*"}, .skip = {}};
  EXPECT_THAT(only.Relative("/src/lib/a.cc"), IsEmpty());
  EXPECT_EQ(only.Relative("/src/lib/net/tcp/a.cc"), "net/tcp/a.cc");
}

TEST(CommonFolder, IsTheDeepestThatHoldsAll) {
  EXPECT_EQ(CommonFolder({"/a/b/c.cc", "/a/b/d/e.cc", "/a/bc/f.cc"}), "/a");
  EXPECT_EQ(CommonFolder({"/a/b/c.cc"}), "/a/b");
}

TEST(RunForked, GivesEveryAnswerAndSaysWhichJobsFailed) {
  std::vector<std::string> answers(5), failures(5);
  const std::string large(1 << 20, 'x');  // more than a pipe holds
  const bool ran = RunForked(
      5, 2, std::chrono::seconds(1),
      [&](size_t job) -> std::string {
        if (job == 1) abort();
        if (job == 2) _exit(3);
        if (job == 3) pause();  // never ends by itself
        return job == 4 ? large : "answer";
      },
      [&](JobEnd end) {
        answers[end.job] = end.answer;
        failures[end.job] = end.failure;
      });
  EXPECT_TRUE(ran);
  EXPECT_EQ(answers[0], "answer");
  EXPECT_EQ(answers[4], large);
  EXPECT_THAT(failures, ElementsAre("", "crashed (SIGABRT)", "gave up", "took too long", ""));
}

}  // namespace
}  // namespace rankle::tooling

#include "cli/inspect/elf_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/launch/files.h"

// Stands in for a statically linked NCCL: the test looks at its own program file.
extern "C" __attribute__((visibility("default"), used, noinline)) int ncclAllReduce() { return 0; }

namespace rankle::cli {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

std::string OwnProgram() { return *ReadFile("/proc/self/exe"); }

TEST(ElfProgram, ADynamicProgramNamesItsLibraries) {
  const ElfProgram program = ParseElf(OwnProgram());
  EXPECT_TRUE(program.is_64_bit);
  EXPECT_TRUE(program.has_interpreter);
  EXPECT_THAT(program.needed, Contains("libc.so.6"));
}

TEST(ElfProgram, ANcclInsideTheProgramIsFoundAndSaid) {
  EXPECT_THAT(ParseElf(OwnProgram()).own_symbols, Contains("ncclAllReduce"));
  EXPECT_THAT(WhyNotTraceable("/proc/self/exe"), HasSubstr("NCCL linked statically"));
}

TEST(ElfProgram, OrdinaryProgramsAndScriptsAreTraceable) {
  EXPECT_EQ(WhyNotTraceable("/bin/sh"), "");
  EXPECT_EQ(WhyNotTraceable("/etc/passwd"), "");
  EXPECT_EQ(WhyNotTraceable("/no/such/file"), "");
}

TEST(ElfProgram, AFileCutAnywhereIsReadWithoutHarm) {
  const std::string whole = OwnProgram();
  for (size_t size = 0; size < whole.size(); size = size < 4096 ? size + 1 : size * 2) {
    ParseElf(std::string_view(whole).substr(0, size));
  }
  std::string broken = whole;
  for (size_t i = 16; i < 64; ++i) {
    broken[i] = '\xff';  // every offset and count of the header points outside
    ParseElf(broken);
  }
  EXPECT_FALSE(ParseElf("#!/bin/sh").is_elf);
}

}  // namespace
}  // namespace rankle::cli

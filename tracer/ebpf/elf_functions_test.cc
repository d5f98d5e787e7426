#include "tracer/ebpf/elf_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "tracer/ebpf/memory_map.h"

// A function of this program, to be found in its file.
extern "C" __attribute__((noinline, used)) int ncclProbeTestFunction(int x) { return x * 3 + 1; }

namespace rankle::ebpf {
namespace {

using Kind = ElfFunctions::Kind;
using ::testing::ElementsAre;
using ::testing::Field;

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool IsWanted(std::string_view name) { return name == "ncclProbeTestFunction"; }

TEST(ElfFunctions, FindsWhereAFunctionBeginsInTheFile) {
  const std::string program = ReadWhole("/proc/self/exe");
  const ElfFunctions found = FindFunctions(program, IsWanted);
  EXPECT_EQ(found.kind, Kind::kUsable);
  EXPECT_TRUE(found.is_program);
  EXPECT_TRUE(found.has_full_symbols);
  EXPECT_THAT(found.interpreter, ::testing::HasSubstr("ld-linux"));
  ASSERT_THAT(found.functions, ElementsAre(Field(&ElfFunction::name, "ncclProbeTestFunction")));
  // The file says there what the function in memory says.
  const auto* code = reinterpret_cast<const char*>(&ncclProbeTestFunction);
  EXPECT_EQ(std::memcmp(program.data() + found.functions[0].file_offset, code, 8), 0);
}

TEST(ElfFunctions, AFileThatIsCutShortAnywhereIsReadAsFarAsItGoes) {
  const std::string program = ReadWhole("/proc/self/exe");
  // Around the header byte by byte, then in steps through tables and names.
  for (size_t size = 0; size < program.size(); size += size < 256 ? 1 : 4099) {
    const ElfFunctions found = FindFunctions(std::string_view(program).substr(0, size), IsWanted);
    for (const ElfFunction& function : found.functions) EXPECT_EQ(function.name, "ncclProbeTestFunction");
  }
}

TEST(ElfFunctions, OffsetsOutsideTheFileAreNotFollowed) {
  std::string program = ReadWhole("/proc/self/exe");
  for (size_t at = 24; at < 64; ++at) {
    std::string damaged = program;
    damaged[at] = static_cast<char>(0xff);
    EXPECT_LE(FindFunctions(damaged, IsWanted).functions.size(), 1u);
  }
}

TEST(ElfFunctions, TellsWhatItCannotRead) {
  EXPECT_EQ(FindFunctions("#!/bin/sh\n", IsWanted).kind, Kind::kNotElf);
  std::string program = ReadWhole("/proc/self/exe");
  program[4] = 1;  // ELFCLASS32
  EXPECT_EQ(FindFunctions(program, IsWanted).kind, Kind::k32Bit);
  program[4] = 2;
  program[18] = static_cast<char>(183);  // EM_AARCH64
  EXPECT_EQ(FindFunctions(program, IsWanted).kind, Kind::kOtherMachine);
}

TEST(MemoryMap, ReadsMappingsOfFiles) {
  const std::vector<Mapping> mappings = ParseMaps(
      "55e0-55f0 r--p 00000000 fe:01 1234                       /opt/a program\n"
      "55f0-5600 r-xp 00001000 fe:01 1234                       /opt/a program\n"
      "7f10-7f20 rw-p 00000000 00:00 0 \n"
      "7f20-7f30 r-xp 00028000 103:02 99                        /usr/lib/libnccl.so.2 (deleted)\n"
      "7ffc-7ffd r-xp 00000000 00:00 0                          [vdso]\n"
      "nonsense\n"
      "7f30-7f40 r-xp 00000000 fe:01 7                          /usr/lib/last.so");
  ASSERT_EQ(mappings.size(), 4u);
  EXPECT_EQ(mappings[0].path, "/opt/a program");
  EXPECT_FALSE(mappings[0].executable);
  EXPECT_TRUE(mappings[1].executable);
  EXPECT_EQ(mappings[1].begin, 0x55f0u);
  EXPECT_EQ(mappings[1].offset, 0x1000u);
  EXPECT_EQ(mappings[0].file, mappings[1].file);
  EXPECT_TRUE(mappings[2].deleted);
  EXPECT_EQ(mappings[2].path, "/usr/lib/libnccl.so.2");
  EXPECT_EQ(mappings[2].file.inode, 99u);
  EXPECT_EQ(mappings[2].file.device, uint64_t{0x103} << 32 | 2);
  EXPECT_EQ(mappings[3].path, "/usr/lib/last.so");
}

}  // namespace
}  // namespace rankle::ebpf

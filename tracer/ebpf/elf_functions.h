// Where functions begin in an ELF file: a shared library, a program, or a program that brings its own NCCL.
// Reads the dynamic and, where it was not stripped, the full symbol table. Nothing in the file is trusted.
// Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rankle::ebpf {

struct ElfFunction {
  std::string name;
  uint64_t file_offset = 0;  // of its first instruction: what a uprobe is set on
};

struct ElfFunctions {
  enum class Kind { kNotElf, k32Bit, kOtherMachine, kUsable };
  Kind kind = Kind::kNotElf;
  bool is_program = false;        // an executable that needs no loader, or asks for one
  bool has_full_symbols = false;  // .symtab: local and static functions are told too
  std::string interpreter;        // the dynamic loader that it asks for
  std::vector<ElfFunction>
      functions;  // one a place, ordered by place; of aliases the first name in the alphabet
};

// Functions whose name `wanted` accepts.
ElfFunctions FindFunctions(std::string_view bytes, const std::function<bool(std::string_view)>& wanted);

}  // namespace rankle::ebpf

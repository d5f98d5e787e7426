// Looks into a program file: can librankle.so be preloaded into it, and does it bring its own NCCL or CUDA?
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rankle::cli {

struct ElfProgram {
  bool is_elf = false;
  bool is_64_bit = false;
  bool has_interpreter = false;          // dynamically linked: the loader runs and honours LD_PRELOAD
  std::vector<std::string> needed;       // shared libraries that it names
  std::vector<std::string> own_symbols;  // NCCL/CUDA functions that are defined in the file itself
};

// Reads the bytes of a program file; nothing in them is trusted. Pure.
ElfProgram ParseElf(std::string_view bytes);

// Empty when hooks can see the program's NCCL and CUDA calls (or it is a script); else one line that says why
// not, and what works instead.
std::string WhyNotTraceable(const std::string& path);

}  // namespace rankle::cli

#include "cli/inspect/elf_program.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <optional>

#include "cli/launch/file_descriptor.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

constexpr std::string_view kTellTales[] = {"ncclAllReduce", "ncclCommInitRank", "cudaLaunchKernel",
                                           "cudaMalloc"};

template <typename Value>
std::optional<Value> At(std::string_view bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Value)) return std::nullopt;
  Value value;
  memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

std::string_view StringAt(std::string_view bytes, uint64_t offset) {
  if (offset >= bytes.size()) return {};
  const std::string_view rest = bytes.substr(offset);
  const size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

std::vector<Elf64_Shdr> Sections(std::string_view bytes, const Elf64_Ehdr& header) {
  std::vector<Elf64_Shdr> sections;
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto section = At<Elf64_Shdr>(bytes, header.e_shoff + i * sizeof(Elf64_Shdr));
    if (!section) break;
    sections.push_back(*section);
  }
  return sections;
}

void ReadNeeded(std::string_view bytes, const Elf64_Shdr& dynamic, const Elf64_Shdr& strings,
                ElfProgram& program) {
  for (uint64_t offset = 0; offset + sizeof(Elf64_Dyn) <= dynamic.sh_size; offset += sizeof(Elf64_Dyn)) {
    const auto entry = At<Elf64_Dyn>(bytes, dynamic.sh_offset + offset);
    if (!entry || entry->d_tag == DT_NULL) return;
    if (entry->d_tag == DT_NEEDED) {
      program.needed.emplace_back(StringAt(bytes, strings.sh_offset + entry->d_un.d_val));
    }
  }
}

void ReadSymbols(std::string_view bytes, const Elf64_Shdr& table, const Elf64_Shdr& strings,
                 ElfProgram& program) {
  for (uint64_t offset = 0; offset + sizeof(Elf64_Sym) <= table.sh_size; offset += sizeof(Elf64_Sym)) {
    const auto symbol = At<Elf64_Sym>(bytes, table.sh_offset + offset);
    if (!symbol) return;
    if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC) continue;
    const std::string_view name = StringAt(bytes, strings.sh_offset + symbol->st_name);
    for (std::string_view tell_tale : kTellTales) {
      if (name == tell_tale) program.own_symbols.emplace_back(name);
    }
  }
}

}  // namespace

ElfProgram ParseElf(std::string_view bytes) {
  ElfProgram program;
  const auto header = At<Elf64_Ehdr>(bytes, 0);
  if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return program;
  program.is_elf = true;
  program.is_64_bit = header->e_ident[EI_CLASS] == ELFCLASS64;
  if (!program.is_64_bit) return program;
  for (uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = At<Elf64_Phdr>(bytes, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (segment && segment->p_type == PT_INTERP) program.has_interpreter = true;
  }
  const std::vector<Elf64_Shdr> sections = Sections(bytes, *header);
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_link >= sections.size()) continue;
    const Elf64_Shdr& strings = sections[section.sh_link];
    if (section.sh_type == SHT_DYNAMIC) ReadNeeded(bytes, section, strings, program);
    if (section.sh_type == SHT_SYMTAB) ReadSymbols(bytes, section, strings, program);
  }
  return program;
}

std::string WhyNotTraceable(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info;
  if (!file.is_open() || fstat(file.get(), &info) != 0 || info.st_size == 0) return "";
  const auto size = static_cast<size_t>(info.st_size);
  void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) return "";
  const ElfProgram program = ParseElf({static_cast<const char*>(memory), size});
  munmap(memory, size);
  if (!program.is_elf) return "";
  constexpr std::string_view kInstead =
      "nothing of it will be recorded or broken; use NCCL's profiler plugin, or eBPF (`rankle run --via "
      "ebpf`)";
  if (!program.is_64_bit || !program.has_interpreter) {
    return Cat(path, " is ", program.is_64_bit ? "statically linked" : "not a 64-bit program",
               ": librankle.so cannot be preloaded into it; ", kInstead, ", or link it dynamically");
  }
  if ((info.st_mode & (S_ISUID | S_ISGID)) != 0) {
    return Cat(path, " is set-user-ID: the loader ignores LD_PRELOAD for it; ", kInstead);
  }
  if (!program.own_symbols.empty()) {
    const std::string& symbol = program.own_symbols.front();
    return Cat(path, " has ", symbol.starts_with("nccl") ? "NCCL" : "the CUDA runtime",
               " linked statically (it defines ", symbol,
               "): those calls are not traceable by preload; link ",
               symbol.starts_with("nccl") ? "libnccl.so" : "with nvcc -cudart shared",
               ", or use NCCL's profiler plugin, or eBPF (`rankle run --via ebpf`)");
  }
  return "";
}

}  // namespace rankle::cli

#include "tracer/ebpf/elf_functions.h"

#include <elf.h>

#include <cstring>
#include <map>
#include <optional>

namespace rankle::ebpf {
namespace {

template <typename Value>
std::optional<Value> At(std::string_view bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Value)) return std::nullopt;
  Value value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

// "" where the offset is outside or the text does not end.
std::string_view TextAt(std::string_view bytes, uint64_t offset) {
  if (offset >= bytes.size()) return {};
  const std::string_view rest = bytes.substr(offset);
  const size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

std::string_view Slice(std::string_view bytes, uint64_t offset, uint64_t size) {
  return offset > bytes.size() ? std::string_view() : bytes.substr(offset, size);
}

class Image {
 public:
  Image(std::string_view bytes, const Elf64_Ehdr& header) : bytes_(bytes) {
    for (uint64_t i = 0; i < header.e_phnum; ++i) {
      if (const auto segment = At<Elf64_Phdr>(bytes, header.e_phoff + i * sizeof(Elf64_Phdr)))
        segments_.push_back(*segment);
    }
    for (uint64_t i = 0; i < header.e_shnum; ++i) {
      if (const auto section = At<Elf64_Shdr>(bytes, header.e_shoff + i * sizeof(Elf64_Shdr)))
        sections_.push_back(*section);
    }
  }

  std::string Interpreter() const {
    for (const Elf64_Phdr& segment : segments_) {
      if (segment.p_type == PT_INTERP) return std::string(TextAt(bytes_, segment.p_offset));
    }
    return "";
  }

  bool Has(uint32_t section_type) const {
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type == section_type) return true;
    }
    return false;
  }

  // Calls visit(name, file offset) for each function that the file defines.
  template <typename Visit>
  void ForEachFunction(const Visit& visit) const {
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) continue;
      if (section.sh_link >= sections_.size()) continue;
      const Elf64_Shdr& names = sections_[section.sh_link];
      const std::string_view texts = Slice(bytes_, names.sh_offset, names.sh_size);
      const std::string_view table = Slice(bytes_, section.sh_offset, section.sh_size);
      for (uint64_t at = 0; const auto symbol = At<Elf64_Sym>(table, at); at += sizeof(Elf64_Sym)) {
        if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC) continue;
        if (const auto offset = FileOffset(symbol->st_value)) visit(TextAt(texts, symbol->st_name), *offset);
      }
    }
  }

 private:
  // Of an address in executable memory.
  std::optional<uint64_t> FileOffset(uint64_t address) const {
    for (const Elf64_Phdr& segment : segments_) {
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
      if (address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
        return address - segment.p_vaddr + segment.p_offset;
    }
    return std::nullopt;
  }

  std::string_view bytes_;
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Shdr> sections_;
};

}  // namespace

ElfFunctions FindFunctions(std::string_view bytes, const std::function<bool(std::string_view)>& wanted) {
  ElfFunctions found;
  if (bytes.size() < EI_NIDENT || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) return found;
  found.kind = ElfFunctions::Kind::k32Bit;
  if (bytes[EI_CLASS] != ELFCLASS64) return found;
  found.kind = ElfFunctions::Kind::kOtherMachine;
  const auto header = At<Elf64_Ehdr>(bytes, 0);
  if (!header || bytes[EI_DATA] != ELFDATA2LSB || header->e_machine != EM_X86_64) return found;
  found.kind = ElfFunctions::Kind::kUsable;
  const Image image(bytes, *header);
  found.interpreter = image.Interpreter();
  found.is_program = header->e_type == ET_EXEC || !found.interpreter.empty();
  found.has_full_symbols = image.Has(SHT_SYMTAB);
  std::map<uint64_t, std::string> by_place;
  image.ForEachFunction([&](std::string_view name, uint64_t offset) {
    if (!wanted(name)) return;
    std::string& known = by_place[offset];
    if (known.empty() || name < known) known = name;
  });
  for (auto& [offset, name] : by_place) found.functions.push_back({std::move(name), offset});
  return found;
}

}  // namespace rankle::ebpf

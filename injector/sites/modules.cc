#include "injector/sites/modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

namespace rankle::sites {
namespace {

constexpr uint64_t kPage = 4096;
char g_program[sizeof(ModuleEntry::path)];

// The GNU build id, from the notes of the first segment; nothing is read outside [start, end).
struct Image {
  const char* start;
  const char* end;
  uint64_t base;

  template <typename T>
  const T* At(uint64_t address) const {
    const auto* at = reinterpret_cast<const char*>(address);
    return at >= start && at <= end && static_cast<uint64_t>(end - at) >= sizeof(T)
               ? reinterpret_cast<const T*>(at)
               : nullptr;
  }
};

bool ReadNotes(const Image& image, uint64_t address, uint64_t size, Module& module) {
  constexpr uint64_t kName = 4;  // "GNU"
  for (uint64_t at = 0; at + sizeof(ElfW(Nhdr)) <= size;) {
    const auto* note = image.At<ElfW(Nhdr)>(address + at);
    if (note == nullptr) return false;
    const uint64_t text = at + sizeof(*note), bytes = text + (uint64_t{note->n_namesz} + 3) / 4 * 4;
    const auto* name = image.At<char[kName]>(address + text);
    if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == kName && name != nullptr &&
        memcmp(*name, "GNU", kName) == 0) {
      const uint64_t length = std::min<uint64_t>(note->n_descsz, sizeof(module.build_id));
      if (length == 0 || image.At<char>(address + bytes + length - 1) == nullptr) return false;
      memcpy(module.build_id, reinterpret_cast<const void*>(address + bytes), length);
      module.build_id_bytes = static_cast<uint32_t>(length);
      return true;
    }
    at = bytes + (uint64_t{note->n_descsz} + 3) / 4 * 4;
  }
  return false;
}

void ReadBuildId(const Image& image, Module& module) {
  const auto start = reinterpret_cast<uint64_t>(image.start);
  const auto* header = image.At<ElfW(Ehdr)>(start);
  if (header == nullptr || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;
  // Program headers lie behind the ELF header, inside its page; elsewhere they may not be mapped.
  if (header->e_phentsize != sizeof(ElfW(Phdr)) ||
      header->e_phoff + uint64_t{header->e_phnum} * sizeof(ElfW(Phdr)) > kPage)
    return;
  for (int i = 0; i < header->e_phnum; ++i) {
    const auto* segment =
        image.At<ElfW(Phdr)>(start + header->e_phoff + static_cast<uint64_t>(i) * sizeof(ElfW(Phdr)));
    if (segment != nullptr && segment->p_type == PT_NOTE &&
        ReadNotes(image, image.base + segment->p_vaddr, segment->p_memsz, module))
      return;
  }
}

bool FindModule(uint64_t address, dl_find_object* found) {
  return _dl_find_object(reinterpret_cast<void*>(address), found) == 0 && found->dlfo_link_map != nullptr;
}

const char* PathOf(const dl_find_object& found) {
  const char* const name = found.dlfo_link_map->l_name;
  return name != nullptr && name[0] != '\0' ? name : g_program;
}

}  // namespace

void RememberProgram() {
  const ssize_t length = readlink("/proc/self/exe", g_program, sizeof(g_program) - 1);
  g_program[length > 0 ? length : 0] = '\0';
}

CodePlace PlaceOf(uint64_t address) {
  CodePlace place;
  place.address = address;
  dl_find_object found;
  // A return address may lie behind the end of the function that called, and of its module.
  if (!FindModule(address - 1, &found)) return place;
  place.module.base = found.dlfo_link_map->l_addr;
  place.module.path = PathOf(found);
  ReadBuildId({static_cast<const char*>(found.dlfo_map_start), static_cast<const char*>(found.dlfo_map_end),
               place.module.base},
              place.module);
  return place;
}

bool IsLoaded(uint64_t address) {
  dl_find_object found;
  return FindModule(address - 1, &found);
}

bool IsOwnCode(uint64_t address) {
  dl_find_object found;
  if (!FindModule(address - 1, &found)) return false;
  const char* const path = PathOf(found);
  const char* const slash = strrchr(path, '/');
  const char* const file = slash != nullptr ? slash + 1 : path;
  constexpr const char* kOwn[] = {"librankle", "ld-linux"};
  return std::any_of(std::begin(kOwn), std::end(kOwn),
                     [&](const char* own) { return strncmp(file, own, strlen(own)) == 0; });
}

}  // namespace rankle::sites

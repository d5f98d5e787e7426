#include "injector/hooks/elf_lookup.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include <cstdint>

namespace rankle::hooks {
namespace {

struct Search {
  const char* library;
  const char* symbol;
  void* found = nullptr;
};

// The dynamic section's tables that a look-up needs. Addresses in it are absolute after relocation by glibc,
// except in a few objects (the vDSO) where they are offsets.
struct Tables {
  const ElfW(Sym) * symbols = nullptr;
  const char* strings = nullptr;
  const uint32_t* gnu_hash = nullptr;
  const ElfW(Versym) * versions = nullptr;
};

Tables ReadTables(const dl_phdr_info& info) {
  Tables tables;
  const ElfW(Dyn)* dynamic = nullptr;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type == PT_DYNAMIC) {
      dynamic = reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + info.dlpi_phdr[i].p_vaddr);
    }
  }
  for (; dynamic != nullptr && dynamic->d_tag != DT_NULL; ++dynamic) {
    ElfW(Addr) address = dynamic->d_un.d_ptr;
    if (address < info.dlpi_addr) address += info.dlpi_addr;
    if (dynamic->d_tag == DT_SYMTAB) tables.symbols = reinterpret_cast<const ElfW(Sym)*>(address);
    if (dynamic->d_tag == DT_STRTAB) tables.strings = reinterpret_cast<const char*>(address);
    if (dynamic->d_tag == DT_GNU_HASH) tables.gnu_hash = reinterpret_cast<const uint32_t*>(address);
    if (dynamic->d_tag == DT_VERSYM) tables.versions = reinterpret_cast<const ElfW(Versym)*>(address);
  }
  return tables;
}

// Walks the chain of the symbol's bucket in the GNU hash table.
const ElfW(Sym) * Find(const Tables& tables, const char* name) {
  if (tables.symbols == nullptr || tables.strings == nullptr || tables.gnu_hash == nullptr) return nullptr;
  constexpr ElfW(Versym) kHiddenVersion = 0x8000;
  const uint32_t bucket_count = tables.gnu_hash[0], first_symbol = tables.gnu_hash[1],
                 bloom_size = tables.gnu_hash[2];
  const auto* buckets = tables.gnu_hash + 4 + bloom_size * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
  const uint32_t* chain = buckets + bucket_count;
  uint32_t hash = 5381;
  for (const char* at = name; *at != '\0'; ++at) hash = hash * 33 + static_cast<unsigned char>(*at);
  for (uint32_t index = buckets[hash % bucket_count]; index >= first_symbol; ++index) {
    const uint32_t entry = chain[index - first_symbol];
    const ElfW(Sym)& symbol = tables.symbols[index];
    const bool is_default = tables.versions == nullptr || (tables.versions[index] & kHiddenVersion) == 0;
    if ((entry | 1) == (hash | 1) && is_default && symbol.st_shndx != SHN_UNDEF &&
        strcmp(tables.strings + symbol.st_name, name) == 0) {
      return &symbol;
    }
    if (entry & 1) break;
  }
  return nullptr;
}

int Visit(dl_phdr_info* info, size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  const char* slash = strrchr(info->dlpi_name, '/');
  const char* file = slash != nullptr ? slash + 1 : info->dlpi_name;
  if (strncmp(file, search.library, strlen(search.library)) != 0) return 0;
  const ElfW(Sym)* symbol = Find(ReadTables(*info), search.symbol);
  if (symbol == nullptr) return 0;
  search.found = reinterpret_cast<void*>(info->dlpi_addr + symbol->st_value);
  return 1;
}

}  // namespace

void* FindInLoadedLibrary(const char* library, const char* symbol) {
  Search search{library, symbol};
  dl_iterate_phdr(Visit, &search);
  return search.found;
}

}  // namespace rankle::hooks

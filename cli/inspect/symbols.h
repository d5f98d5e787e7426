// Functions and source lines of code addresses, after the process has ended: from the symbol tables and debug
// information of the binaries it had loaded, read with elfutils (also separate debug files, by build id; from
// servers only where the user names some in DEBUGINFOD_URLS).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"

namespace rankle::cli {

struct SourcePlace {
  std::string function;  // readable; "" = not known
  std::string file;      // "" = no debug information
  int line = 0;
};

class Symbols {
 public:
  Symbols();
  ~Symbols();
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  // The place of the call that returns to `offset`, counted from the module's load base. Nothing is known of
  // a file that is gone, or whose build id is another than `build_id` (its bytes; "" = any).
  SourcePlace CallBefore(const std::string& path, std::string_view build_id, uint64_t offset);

 private:
  class Module;
  absl::flat_hash_map<std::string, std::unique_ptr<Module>> modules_;  // by path; each is opened once
};

// "std::runtime_error" for "St13runtime_error", "f(int)" for "_Z1fi"; else the text itself.
std::string Demangled(const std::string& name);

}  // namespace rankle::cli

#include "cli/inspect/symbols.h"

#include <cxxabi.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>

namespace rankle::cli {
namespace {

const Dwfl_Callbacks* Callbacks() {
  static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                           .find_debuginfo = dwfl_standard_find_debuginfo,
                                           .section_address = dwfl_offline_section_address,
                                           .debuginfo_path = nullptr};
  return &callbacks;
}

struct DwflDeleter {
  void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};

}  // namespace

// One binary, opened as a file: nothing of it is loaded.
class Symbols::Module {
 public:
  explicit Module(const std::string& path) : dwfl_(dwfl_begin(Callbacks())) {
    if (dwfl_ == nullptr) return;
    dwfl_report_begin(dwfl_.get());
    module_ = dwfl_report_offline(dwfl_.get(), "", path.c_str(), -1);
    dwfl_report_end(dwfl_.get(), nullptr, nullptr);
    if (module_ != nullptr && dwfl_module_getelf(module_, &bias_) == nullptr) module_ = nullptr;
  }

  bool Is(std::string_view build_id) const {
    if (module_ == nullptr) return false;
    if (build_id.empty()) return true;
    const unsigned char* bits = nullptr;
    GElf_Addr address = 0;
    const int length = dwfl_module_build_id(module_, &bits, &address);
    return length > 0 &&
           std::string_view(reinterpret_cast<const char*>(bits), static_cast<size_t>(length)) == build_id;
  }

  SourcePlace Find(uint64_t offset) const {
    SourcePlace place;
    const GElf_Addr address = offset + bias_;
    if (const char* const name = dwfl_module_addrname(module_, address)) place.function = Demangled(name);
    if (Dwfl_Line* const line = dwfl_module_getsrc(module_, address)) {
      const char* const file = dwfl_lineinfo(line, nullptr, &place.line, nullptr, nullptr, nullptr);
      place.file = file != nullptr ? file : "";
    }
    return place;
  }

 private:
  std::unique_ptr<Dwfl, DwflDeleter> dwfl_;
  Dwfl_Module* module_ = nullptr;
  GElf_Addr bias_ = 0;  // from addresses in the file to those of libdwfl
};

Symbols::Symbols() = default;
Symbols::~Symbols() = default;

SourcePlace Symbols::CallBefore(const std::string& path, std::string_view build_id, uint64_t offset) {
  std::unique_ptr<Module>& module = modules_[path];
  if (module == nullptr) module = std::make_unique<Module>(path);
  // The call itself, not what follows it: it may be the last instruction of its function.
  return module->Is(build_id) ? module->Find(offset - 1) : SourcePlace();
}

std::string Demangled(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&free)> readable(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &free);
  return readable != nullptr ? readable.get() : name;
}

}  // namespace rankle::cli

#include "detectors/tooling/command_line.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

namespace rankle::tooling {
namespace {

using Arguments = std::vector<std::string>;

// What happens to an argument. One with a value: "-o FILE" or "-oFILE".
enum class Fate { kDrop, kDropWithValue, kHostOptions };

struct Known {
  std::string_view name;
  Fate fate;
};

// Outputs, dependency files, and what makes warnings fatal: a parser for analysis wants none.
constexpr Known kAlways[] = {
    {"-c", Fate::kDrop},
    {"-S", Fate::kDrop},
    {"-E", Fate::kDrop},
    {"-o", Fate::kDropWithValue},
    {"-MF", Fate::kDropWithValue},
    {"-MT", Fate::kDropWithValue},
    {"-MQ", Fate::kDropWithValue},
    {"-MJ", Fate::kDropWithValue},
    {"-MD", Fate::kDrop},
    {"-MMD", Fate::kDrop},
    {"-MP", Fate::kDrop},
    {"-M", Fate::kDrop},
    {"-MM", Fate::kDrop},
    {"-Werror", Fate::kDrop},
    {"-Winvalid-pch", Fate::kDrop},
    // only g++
    {"-fpch-preprocess", Fate::kDrop},
    {"-fno-canonical-system-headers", Fate::kDrop},
    {"-fno-gnu-unique", Fate::kDrop},
    {"-fconcepts", Fate::kDrop},
    {"-fcoroutines", Fate::kDrop},
    {"-fmodules-ts", Fate::kDrop},
    {"-fno-var-tracking-assignments", Fate::kDrop},
};

constexpr Known kNvcc[] = {
    {"-gencode", Fate::kDropWithValue},
    {"--generate-code", Fate::kDropWithValue},
    {"-arch", Fate::kDropWithValue},
    {"--gpu-architecture", Fate::kDropWithValue},
    {"-code", Fate::kDropWithValue},
    {"--gpu-code", Fate::kDropWithValue},
    {"-ccbin", Fate::kDropWithValue},
    {"--compiler-bindir", Fate::kDropWithValue},
    {"-Xptxas", Fate::kDropWithValue},
    {"-Xnvlink", Fate::kDropWithValue},
    {"-Xlinker", Fate::kDropWithValue},
    {"-Xcudafe", Fate::kDropWithValue},
    {"-Xfatbin", Fate::kDropWithValue},
    {"-maxrregcount", Fate::kDropWithValue},
    {"--default-stream", Fate::kDropWithValue},
    {"-default-stream", Fate::kDropWithValue},
    {"-t", Fate::kDropWithValue},
    {"--threads", Fate::kDropWithValue},
    {"-rdc", Fate::kDropWithValue},
    {"--relocatable-device-code", Fate::kDropWithValue},
    {"-diag-suppress", Fate::kDropWithValue},
    {"-x", Fate::kDropWithValue},
    {"-Xcompiler", Fate::kHostOptions},
    {"--compiler-options", Fate::kHostOptions},
    {"-dc", Fate::kDrop},
    {"-dw", Fate::kDrop},
    {"-G", Fate::kDrop},
    {"-lineinfo", Fate::kDrop},
    {"--generate-line-info", Fate::kDrop},
    {"-use_fast_math", Fate::kDrop},
    {"--use_fast_math", Fate::kDrop},
    {"-extended-lambda", Fate::kDrop},
    {"--extended-lambda", Fate::kDrop},
    {"--expt-extended-lambda", Fate::kDrop},
    {"-expt-extended-lambda", Fate::kDrop},
    {"--expt-relaxed-constexpr", Fate::kDrop},
    {"-expt-relaxed-constexpr", Fate::kDrop},
    {"-forward-unknown-to-host-compiler", Fate::kDrop},
    {"--forward-unknown-to-host-compiler", Fate::kDrop},
    {"-fatbin", Fate::kDrop},
    {"-ptx", Fate::kDrop},
    {"-cubin", Fate::kDrop},
};

// nvcc's spellings of what clang calls otherwise.
constexpr std::pair<std::string_view, std::string_view> kNvccSpellings[] = {
    {"-isystem=", "-isystem"}, {"-I=", "-I"}, {"--include-path=", "-I"}, {"--define-macro=", "-D"},
    {"-include=", "-include"},
};

std::string Name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

bool IsLauncher(const std::string& program) {
  const std::string name = Name(program);
  return name == "ccache" || name == "sccache" || name == "distcc" || name == "icecc" || name == "gomacc";
}

template <typename Table>
const Known* Lookup(const Table& table, std::string_view argument) {
  const auto it = std::find_if(std::begin(table), std::end(table), [&](const Known& known) {
    if (known.name == argument) return true;
    if (known.fate == Fate::kDrop || argument.substr(0, known.name.size()) != known.name) return false;
    // "-oFILE", "--threads=4"; but "-code" is not "-c" with a value
    return argument[known.name.size()] == '=' || known.name == "-o" || known.name == "-MF";
  });
  return it == std::end(table) ? nullptr : &*it;
}

// The host compiler's options in one argument: "-fPIC,-O2".
void AddHostOptions(std::string_view list, Arguments& out) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string option(list.substr(0, comma));
    if (!Lookup(kAlways, option) && !option.empty()) out.push_back(option);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

Arguments Kept(const Arguments& command, size_t first, const std::string& file, bool nvcc) {
  Arguments kept;
  for (size_t i = first; i < command.size(); ++i) {
    const std::string& argument = command[i];
    if (argument == file || argument == "--") continue;
    if (argument == "-include" && i + 1 < command.size()) {
      // As text: clang's driver would take a precompiled header of g++ beside it (CMake makes some) for its
      // own.
      for (const std::string& part : {std::string("-Xclang"), argument, std::string("-Xclang"), command[++i]})
        kept.push_back(part);
      continue;
    }
    const Known* known = Lookup(kAlways, argument);
    if (!known && nvcc) known = Lookup(kNvcc, argument);
    if (!known && argument.starts_with("-Werror")) continue;
    if (!known) {
      const auto spelling = std::find_if(std::begin(kNvccSpellings), std::end(kNvccSpellings),
                                         [&](const auto& pair) { return argument.starts_with(pair.first); });
      if (nvcc && spelling != std::end(kNvccSpellings)) {
        kept.emplace_back(spelling->second);
        kept.push_back(argument.substr(spelling->first.size()));
      } else {
        kept.push_back(argument);
      }
      continue;
    }
    const bool apart = argument == known->name;  // the value is the next argument
    if (known->fate == Fate::kHostOptions) {
      if (!apart) AddHostOptions(std::string_view(argument).substr(known->name.size() + 1), kept);
      if (apart && i + 1 < command.size()) AddHostOptions(command[i + 1], kept);
    }
    if (known->fate != Fate::kDrop && apart) ++i;
  }
  return kept;
}

bool HasStandard(const Arguments& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
    return argument.starts_with("-std") || argument.starts_with("--std");
  });
}

}  // namespace

bool IsCuda(const Arguments& command, const std::string& file) {
  if (file.ends_with(".cu") || file.ends_with(".cuh")) return true;
  for (size_t i = 0; i + 1 < command.size(); ++i) {
    if (command[i] == "-x" && (command[i + 1] == "cu" || command[i + 1] == "cuda")) return true;
  }
  return false;
}

Arguments ForParser(const Arguments& command, const std::string& file, const ParserFiles& files) {
  size_t first = 0;
  while (first + 1 < command.size() && IsLauncher(command[first])) ++first;
  const std::string compiler = command.empty() ? "c++" : Name(command[first]);
  const bool cuda = IsCuda(command, file);
  Arguments out{file.ends_with(".c") ? "clang" : "clang++"};
  if (cuda) {
    // CUDA as the host sees it. clang's own CUDA mode wants headers that CUDA 13 no longer has.
    for (const char* flag : {"-x", "cuda", "--cuda-host-only", "-nocudainc", "-nocudalib", "-nobuiltininc"})
      out.emplace_back(flag);
  }
  Arguments kept = Kept(command, first + 1, file, compiler.starts_with("nvcc"));
  const bool standard = HasStandard(kept);
  std::move(kept.begin(), kept.end(), std::back_inserter(out));
  if (cuda) {
    if (!standard) out.emplace_back("-std=c++17");
    if (!files.cuda_include.empty()) out.insert(out.end(), {"-isystem", files.cuda_include});
    out.insert(out.end(), {"-isystem", files.resource_dir + "/include", "-include", files.cuda_shim});
  }
  // -w: warnings are the compiler's business.
  for (const char* flag : {"-fsyntax-only", "-w", "-ferror-limit=0", "-Qunused-arguments"})
    out.emplace_back(flag);
  out.push_back("-resource-dir=" + files.resource_dir);
  out.push_back(file);
  return out;
}

}  // namespace rankle::tooling

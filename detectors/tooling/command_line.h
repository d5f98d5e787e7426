// Turns the command line that builds a unit into one that clang's parser takes: without outputs and without
// what only g++ or nvcc know, CUDA as host code. Pure.
#pragma once

#include <string>
#include <vector>

namespace rankle::tooling {

// What the parser needs of this machine.
struct ParserFiles {
  std::string resource_dir;  // clang's own headers
  std::string cuda_include;  // of a toolkit; empty: none found
  std::string cuda_shim;     // where the parser finds cuda_host_shim.h
};

// A unit of CUDA: by its name, or because the command says so.
bool IsCuda(const std::vector<std::string>& command, const std::string& file);

// `command`: compiler, arguments and file, as in a compile database. The answer starts with "clang++" (or
// "clang" for C) and ends with the file.
std::vector<std::string> ForParser(const std::vector<std::string>& command, const std::string& file,
                                   const ParserFiles& files);

}  // namespace rankle::tooling

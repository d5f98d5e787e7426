#include "analyzer/import/rank_in_name.h"

#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace rankle::import {
namespace {

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

}  // namespace

int32_t RankInName(const std::string& path) {
  const std::string name = absl::AsciiStrToLower(std::filesystem::path(path).filename().string());
  const auto number_at = [&](size_t begin) {
    size_t end = begin;
    while (end < name.size() && IsDigit(name[end])) ++end;
    int32_t number = -1;
    return absl::SimpleAtoi(name.substr(begin, end - begin), &number) ? number : -1;
  };
  if (size_t word = name.rfind("rank"); word != std::string::npos) {
    word += 4;
    while (word < name.size() && !IsDigit(name[word]) &&
           !absl::ascii_isalpha(static_cast<unsigned char>(name[word])))
      ++word;
    if (const int32_t rank = number_at(word); rank >= 0) return rank;
  }
  size_t end = name.size();
  while (end > 0 && !IsDigit(name[end - 1])) --end;
  size_t begin = end;
  while (begin > 0 && IsDigit(name[begin - 1])) --begin;
  return begin == end ? -1 : number_at(begin);
}

}  // namespace rankle::import

#include "analyzer/import/logs/file_rank.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "analyzer/import/rank_in_name.h"

namespace rankle::import {
namespace {

bool IsAlpha(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }

// "rank2.log", "out_rank_2.txt"; not "ranking_2.log", nor "frank2.log".
bool NamesARank(const std::string& path) {
  const std::string name = absl::AsciiStrToLower(std::filesystem::path(path).filename().string());
  const size_t word = name.rfind("rank");
  if (word == std::string::npos || (word > 0 && IsAlpha(name[word - 1]))) return false;
  const size_t next = name.find_first_not_of("-_. =", word + 4);
  return next != std::string::npos && absl::ascii_isdigit(static_cast<unsigned char>(name[next]));
}

// torchrun's directories: attempt_N/R. R is the rank on the host.
int32_t RankOfDirectory(const std::string& path) {
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  int32_t rank = -1;
  const bool is_attempt = directory.parent_path().filename().string().starts_with("attempt_");
  return is_attempt && absl::SimpleAtoi(directory.filename().string(), &rank) && rank >= 0 ? rank : -1;
}

// Each number from 0 on once.
bool CountUp(const std::vector<int32_t>& numbers) {
  const std::set<int32_t> different(numbers.begin(), numbers.end());
  return numbers.size() > 1 && different.size() == numbers.size() && *different.begin() == 0 &&
         *different.rbegin() == static_cast<int32_t>(numbers.size()) - 1;
}

}  // namespace

FileRanks RanksOfFiles(const std::vector<std::string>& paths) {
  FileRanks result;
  std::map<int32_t, std::set<std::filesystem::path>> directories;  // by rank on the host
  bool any = false;
  for (const std::string& path : paths) {
    result.ranks.push_back(NamesARank(path) ? RankInName(path) : -1);
    result.on_host.push_back(RankOfDirectory(path));
    if (result.on_host.back() >= 0)
      directories[result.on_host.back()].insert(std::filesystem::path(path).parent_path());
    any = any || result.ranks.back() >= 0 || result.on_host.back() >= 0;
  }
  // Those of several hosts, or attempts.
  for (int32_t& rank : result.on_host) {
    if (rank >= 0 && directories[rank].size() > 1) rank = -1;
  }
  if (any) return result;
  std::vector<int32_t> numbers;
  for (const std::string& path : paths) numbers.push_back(RankInName(path));
  if (CountUp(numbers)) result.ranks = std::move(numbers), result.guessed = true;
  return result;
}

}  // namespace rankle::import

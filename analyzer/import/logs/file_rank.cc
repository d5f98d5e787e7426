#include "analyzer/import/logs/file_rank.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "analyzer/import/rank_in_name.h"

namespace rankle::import {
namespace {

bool NamesARank(const std::string& path) {
  return absl::AsciiStrToLower(std::filesystem::path(path).filename().string()).find("rank") !=
         std::string::npos;
}

// torchrun's directories: attempt_N/R. R is the rank on the host; on one host, that of the job.
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
  bool any = false;
  for (const std::string& path : paths) {
    const int32_t directory = RankOfDirectory(path);
    result.ranks.push_back(directory >= 0 ? directory : NamesARank(path) ? RankInName(path) : -1);
    any = any || result.ranks.back() >= 0;
  }
  if (any) return result;
  std::vector<int32_t> numbers;
  for (const std::string& path : paths) numbers.push_back(RankInName(path));
  if (CountUp(numbers)) result.ranks = std::move(numbers), result.guessed = true;
  return result;
}

}  // namespace rankle::import

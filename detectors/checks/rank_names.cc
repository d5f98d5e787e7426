#include "detectors/checks/rank_names.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

namespace rankle::lint {
namespace {

// "myLocalRank_" -> my, local, rank. Digits belong to the word before them.
std::vector<std::string> Words(std::string_view name) {
  std::vector<std::string> words;
  bool fresh = true;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (!std::isalnum(c)) {
      fresh = true;
      continue;
    }
    const bool after_lower = i > 0 && std::islower(static_cast<unsigned char>(name[i - 1]));
    if (fresh || (std::isupper(c) && after_lower)) words.emplace_back();
    words.back() += static_cast<char>(std::tolower(c));
    fresh = false;
  }
  return words;
}

template <size_t N>
bool HasAny(const std::vector<std::string>& words, const std::string_view (&wanted)[N]) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::find(std::begin(wanted), std::end(wanted), word) != std::end(wanted);
  });
}

// Ranks of somebody else, numbers of ranks, ranks of what is no process.
constexpr std::string_view kOthers[] = {
    "root",  "src",    "source", "dst",  "dest", "destination", "target", "peer",  "leader", "master",
    "first", "last",   "owner",  "next", "prev", "left",        "right",  "num",   "count",  "number",
    "max",   "min",    "total",  "per",  "n",    "tensor",      "matrix", "shape", "dim",    "dims",
    "low",   "approx", "lora",   "full", "list", "map",         "offset", "remote"};

}  // namespace

bool NamesOwnRank(std::string_view name) {
  const std::vector<std::string> words = Words(name);
  const bool rank = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "rank" || word == "myrank" || word == "localrank" || word == "worldrank";
  });
  return rank && !HasAny(words, kOthers);
}

bool NamesNumberOfRanks(std::string_view name) {
  const std::vector<std::string> words = Words(name);
  constexpr std::string_view kSizes[] = {"ranks", "nranks", "size", "nprocs",
                                         "procs", "world",  "n",    "devices"};
  return HasAny(words, kSizes);
}

bool NamesArray(std::string_view class_name) {
  constexpr std::string_view kArrays[] = {"tensor", "matrix",  "shape", "array",
                                          "mdspan", "extents", "layout"};
  return HasAny(Words(class_name), kArrays);
}

bool NamesDevice(std::string_view name) {
  constexpr std::string_view kDevices[] = {"device", "devices", "dev",  "devs",
                                           "gpu",    "gpus",    "rank", "ranks"};
  return HasAny(Words(name), kDevices);
}

bool IsRankVariable(std::string_view name) {
  constexpr std::string_view kVariables[] = {
      "RANK",         "LOCAL_RANK",   "PMI_RANK", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK",
      "SLURM_PROCID", "SLURM_LOCALID"};
  return std::find(std::begin(kVariables), std::end(kVariables), name) != std::end(kVariables);
}

}  // namespace rankle::lint

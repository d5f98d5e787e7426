#include "analyzer/taxonomy/bug_words.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rankle::taxonomy {
namespace {

struct Spelling {
  std::vector<const char*> in_records;
  std::vector<const char*> in_bugs;  // the first is what people are told
};

// Parts of words.
const std::vector<Spelling>& Operations() {
  static const auto* all = new std::vector<Spelling>{
      {{"AllReduce"}, {"all-reduce", "all_reduce", "allreduce"}},
      {{"ReduceScatter"}, {"reduce-scatter", "reduce_scatter"}},
      {{"AllGather"}, {"all-gather", "all_gather", "allgather"}},
      {{"Broadcast", "Bcast"}, {"broadcast"}},
      {{"AlltoAll"}, {"all-to-all", "alltoall"}},
      {{"Send", "Recv"}, {"send", "recv", "p2p", "point-to-point"}},
  };
  return *all;
}

// Whole words: "pp" is in "support" too.
const std::vector<Spelling>& Roles() {
  static const auto* all = new std::vector<Spelling>{
      {{"pp", "pipe", "pipeline"}, {"pipeline", "pp", "stage", "stages"}},
      {{"tp", "tensor"}, {"tp"}},  // every bug speaks of tensors
      {{"ep", "moe", "expert"}, {"expert", "experts", "moe", "ep"}},
      {{"sp", "sequence"}, {"sequence", "sp"}},
      {{"cp", "context"}, {"context", "cp"}},
  };
  return *all;
}

constexpr struct {
  const char* repo;
  const char* in_command;
  const char* name;
} kFrameworks[] = {{"deepspeedai/DeepSpeed", "deepspeed", "DeepSpeed"},
                   {"NVIDIA/Megatron-LM", "megatron", "Megatron-LM"},
                   {"hpcaitech/ColossalAI", "colossalai", "Colossal-AI"}};

// The first prefix that fits holds.
constexpr struct {
  const char* prefix;
  const char* manifestation;
} kManifestations[] = {{"crash.oom", "oom"},      {"memory.", "oom"},  {"hang.init", "init_failure"},
                       {"hang.", "hang"},         {"crash.", "crash"}, {"slow.", "slow"},
                       {"wrong.", "wrong_result"}};

std::set<std::string> WordsOf(const std::string& text) {
  std::set<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (absl::ascii_isalpha(static_cast<unsigned char>(c))) {
      word += absl::ascii_tolower(static_cast<unsigned char>(c));
    } else if (!word.empty()) {
      words.insert(std::move(word));
      word.clear();
    }
  }
  return words;
}

bool ContainsAny(const std::set<std::string>& words, const std::vector<const char*>& some) {
  return std::any_of(some.begin(), some.end(), [&](const char* word) { return words.count(word) > 0; });
}

}  // namespace

std::string SubjectOf(const Bug& bug) {
  return absl::AsciiStrToLower(absl::StrCat(bug.title, " ", bug.evidence));
}

bool SpeaksOfOperation(const std::string& subject, const std::string& operation) {
  for (const Spelling& each : Operations()) {
    if (std::find(each.in_records.begin(), each.in_records.end(), operation) == each.in_records.end())
      continue;
    return std::any_of(each.in_bugs.begin(), each.in_bugs.end(),
                       [&](const char* word) { return absl::StrContains(subject, word); });
  }
  return false;
}

std::string CommonRole(const std::string& subject, const std::string& communicator) {
  const std::set<std::string> name = WordsOf(communicator), words = WordsOf(subject);
  for (const Spelling& each : Roles()) {
    if (ContainsAny(name, each.in_records) && ContainsAny(words, each.in_bugs)) return each.in_bugs.front();
  }
  return "";
}

std::string FrameworkInUse(const Bug& bug, const std::string& programs) {
  for (const auto& framework : kFrameworks) {
    if (bug.repo == framework.repo && absl::StrContains(programs, framework.in_command))
      return framework.name;
  }
  return "";
}

std::string ManifestationOf(const std::string& anomaly) {
  for (const auto& [prefix, manifestation] : kManifestations) {
    if (absl::StartsWith(anomaly, prefix)) return manifestation;
  }
  return "";
}

}  // namespace rankle::taxonomy

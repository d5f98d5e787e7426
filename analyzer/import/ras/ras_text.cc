#include "analyzer/import/ras/ras_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "analyzer/import/rank_numbers.h"

namespace rankle::import {
namespace {

constexpr size_t kMostRemarks = 64;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::vector<int32_t> Numbers(std::string_view line) {
  std::vector<int32_t> numbers;
  for (const absl::string_view word : absl::StrSplit(View(line), absl::ByAnyChar(" ,"), absl::SkipEmpty())) {
    int32_t number = 0;
    if (!absl::SimpleAtoi(word, &number)) break;
    numbers.push_back(number);
  }
  return numbers;
}

// ncclResult_t of the words that RAS has for it; 0 = none of them.
int32_t ErrorIn(std::string_view line) {
  constexpr std::array<const char*, 6> kErrors = {"Unhandled CUDA error", "System error",
                                                  "Internal error",       "Invalid argument",
                                                  "Invalid usage",        "Remote process error"};
  for (size_t i = 0; i < kErrors.size(); ++i) {
    if (absl::StrContains(View(line), absl::StrCat("reported ", kErrors[i])))
      return static_cast<int32_t>(i) + 1;
  }
  return 0;
}

}  // namespace

bool LooksLikeRasText(std::string_view first_bytes) {
  const auto has = [&](const char* text) { return absl::StrContains(View(first_bytes), text); };
  return (has("Job summary\n===========") && has("  Nodes  Processes")) || has("] PEER_DEAD: Process ");
}

void RasText::TakeLine(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  if (line.empty()) return;
  if (TakeEvent(line)) return;
  const bool version = absl::StartsWith(View(line), "NCCL version ");
  if (version || line == "Job summary") {
    if (version || !open_ || part_ != Part::kNone) {
      Finish();
      RasSnapshot& s = records_.snapshots.emplace_back();
      s.file = file_, s.is_text = true, open_ = true;
      if (version) s.nccl_version = std::string(line.substr(13, line.find(' ', 13) - 13));
    }
    part_ = version ? Part::kNone : Part::kSummary;
    return;
  }
  if (!open_) return;
  if (absl::StartsWith(View(line), "Communicators...")) return void(part_ = Part::kGroups);
  if (line == "Errors" || line == "Warnings" || line == "TIMEOUT") return void(part_ = Part::kNone);
  if (line == "INCOMPLETE") return void(part_ = Part::kMissing);
  if (line == "DEAD") return void(part_ = Part::kDead);
  if (line.front() == '#') return BeginCommunicator(line);
  if (part_ == Part::kSummary || part_ == Part::kGroups) return TakeNumbers(line);
  const bool rule = line.find_first_not_of('=') == std::string_view::npos;
  const bool head = absl::StartsWith(View(line), "CUDA runtime version") ||
                    absl::StrContains(View(line), "communication timeout");
  if (!rule && !head && !TakeDetail(line)) ++records_.unread_lines;
}

// "[2025-12-19 13:07:07] PEER_DEAD: Process 1524345 on node 172.16.64.245 managing GPU 1"
bool RasText::TakeEvent(std::string_view line) {
  if (line.front() != '[') return false;
  const size_t end = line.find("] "), colon = line.find(": ");
  if (end == std::string_view::npos || colon == std::string_view::npos || colon < end) return false;
  RasEvent e;
  e.file = file_, e.timestamp = std::string(line.substr(1, end - 1)), e.time_s = RasSeconds(e.timestamp);
  e.event = std::string(line.substr(end + 2, colon - end - 2));
  std::array<char, 256> node{};
  if (std::sscanf(std::string(line.substr(colon)).c_str(), ": Process %d on node %255s", &e.pid,
                  node.data()) != 2)
    return false;
  e.host = node.data();
  records_.events.push_back(std::move(e));
  return true;
}

// The last number below the heads that end with "(total)" is the number of devices; rows of the table of
// groups begin with the group and have the size of its communicators in the fifth place.
void RasText::TakeNumbers(std::string_view line) {
  const std::vector<int32_t> numbers = Numbers(line);
  if (part_ == Part::kSummary) {
    if (numbers.size() == 5 || numbers.size() == 3) records_.snapshots.back().devices = numbers.back();
    return;
  }
  const std::vector<absl::string_view> words = absl::StrSplit(View(line), ' ', absl::SkipEmpty());
  int32_t size = 0;
  if (words.size() == 8 && !numbers.empty() && absl::SimpleAtoi(words[4], &size) && size > 0 &&
      size <= kMostRanks)
    size_of_group_[numbers[0]] = size;
}

// "#0-0 (cf264af53edbe986) INCOMPLETE"
void RasText::BeginCommunicator(std::string_view line) {
  int32_t group = 0, number = 0;
  std::array<char, 32> hash{}, kind{};
  part_ = Part::kNone;
  if (std::sscanf(std::string(line).c_str(), "#%d-%d (%31[0-9a-f]) %31s", &group, &number, hash.data(),
                  kind.data()) != 4 ||
      !size_of_group_.contains(group)) {
    ++records_.unread_lines;
    return;
  }
  const std::string_view what = kind.data();
  part_ = what == "INCOMPLETE" ? Part::kIncomplete : what == "MISMATCH" ? Part::kDiffers : Part::kNone;
  if (what == "ERROR") part_ = Part::kInitError;
  std::vector<RasCommunicator>& all = records_.snapshots.back().communicators;
  const std::string id = absl::StrCat(hash.data(), "/#", group, "-", number);
  const auto it = std::find_if(all.begin(), all.end(), [&](const RasCommunicator& c) { return c.id == id; });
  communicator_ = static_cast<size_t>(it - all.begin());
  if (it != all.end()) return;
  RasCommunicator& c = all.emplace_back();
  c.id = id, c.hash = absl::StrCat("0x", hash.data()), c.size = size_of_group_[group];
}

RasRank& RasText::RankOf(int32_t rank) {
  std::vector<RasRank>& ranks = records_.snapshots.back().communicators[communicator_].ranks;
  const auto it = std::lower_bound(ranks.begin(), ranks.end(), rank,
                                   [](const RasRank& r, int32_t wanted) { return r.rank < wanted; });
  if (it != ranks.end() && it->rank == rank) return *it;
  RasRank r;
  r.rank = rank;
  return *ranks.insert(it, r);
}

bool RasText::TakeDetail(std::string_view line) {
  if (part_ == Part::kNone) return false;
  RasSnapshot& s = records_.snapshots.back();
  int32_t pid = 0;
  std::array<char, 256> node{};
  if (part_ == Part::kMissing || part_ == Part::kDead) {
    if (std::sscanf(std::string(line).c_str(), " Process %d on node %255s", &pid, node.data()) == 2)
      silent_[{node.data(), pid}] = part_ == Part::kDead;
    return true;  // else it says how many there are
  }
  if (part_ == Part::kDiffers) {
    if (s.remarks.size() < kMostRemarks)
      s.remarks.push_back(absl::StrCat(s.communicators[communicator_].hash, ": ",
                                       absl::StripLeadingAsciiWhitespace(View(line))));
    return true;
  }
  if (absl::StrContains(View(line), "Asynchronous error")) return part_ = Part::kAsyncError, true;
  if (absl::StrContains(View(line), "Initialization error")) return part_ = Part::kInitError, true;
  if (const int32_t error = ErrorIn(line); error != 0) error_ = error;
  return TakeRank(line) || TakeMissingList(line) || absl::StrContains(View(line), " ranks reported ") ||
         absl::StrContains(View(line), "Missing communicator data");
}

// "  Rank 3 reported System error -- GPU 3 managed by process 103 on node 10.0.0.1"
bool RasText::TakeRank(std::string_view line) {
  int32_t rank = 0;
  if (std::sscanf(std::string(line).c_str(), " Rank %d ", &rank) != 1) return false;
  if (rank < 0 || rank >= records_.snapshots.back().communicators[communicator_].size) return false;
  RasRank& r = RankOf(rank);
  std::array<char, 256> node{};
  const size_t by = line.find("managed by process ");
  if (by != std::string_view::npos &&
      std::sscanf(std::string(line.substr(by)).c_str(), "managed by process %d on node %255s", &r.pid,
                  node.data()) == 2)
    r.host = node.data();
  if (part_ == Part::kIncomplete) r.missing = r.unresponsive = true;
  if (part_ == Part::kInitError) r.init_state = error_;
  if (part_ == Part::kAsyncError) r.async_error = error_;
  return true;
}

// "  The missing ranks: 3,5" (up to NCCL 2.25)
bool RasText::TakeMissingList(std::string_view line) {
  const size_t colon = line.find(':');
  if (part_ != Part::kIncomplete || colon == std::string_view::npos ||
      !absl::StrContains(View(line), "missing rank"))
    return false;
  for (const int32_t rank : Numbers(line.substr(colon + 1))) {
    if (rank < 0 || rank >= records_.snapshots.back().communicators[communicator_].size) return false;
    RasRank& r = RankOf(rank);
    r.missing = r.unresponsive = true;
  }
  return true;
}

// Puts together what is said of processes and of ranks.
void RasText::Finish() {
  if (!open_) return;
  RasSnapshot& s = records_.snapshots.back();
  for (const auto& [process, dead] : silent_) {
    const auto& [node, pid] = process;
    bool found = false;
    for (RasCommunicator& c : s.communicators) {
      size_t missing = 0;
      for (const RasRank& r : c.ranks) missing += r.missing;
      for (RasRank& r : c.ranks) {
        // Where one process and one rank are missing, they belong together, though old versions do not say
        // so.
        const bool only = silent_.size() == 1 && missing == 1 && r.missing && r.pid < 0;
        if (only) r.pid = pid, r.host = node;
        if (r.pid != pid || r.host != node) continue;
        r.missing = r.unresponsive = found = true;
        r.dead = r.dead || dead;
      }
    }
    if (!found)
      s.remarks.push_back(
          absl::StrCat("process ", pid, " on ", node, dead ? " is considered dead" : " does not answer"));
  }
  // A communicator of which only differences are known says nothing of its ranks.
  std::erase_if(s.communicators, [](const RasCommunicator& c) { return c.ranks.empty(); });
  open_ = false, part_ = Part::kNone, size_of_group_.clear(), silent_.clear();
}

}  // namespace rankle::import

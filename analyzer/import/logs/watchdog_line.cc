#include "analyzer/import/logs/watchdog_line.h"

#include <algorithm>

#include "analyzer/import/logs/log_text.h"

namespace rankle::import {
namespace {

constexpr auto kNowhere = std::string_view::npos;

bool Has(std::string_view line, std::string_view text) { return Holds(line, text); }

// The first of several spellings; behind it the number.
int64_t WorkNumber(std::string_view line, std::string_view word) {
  for (size_t at = line.find(word); at != kNowhere; at = line.find(word, at + 1)) {
    // "last enqueued work: 7", "last enqueued NCCL work: 7"
    const size_t colon = line.find("work: ", at);
    int64_t value = 0;
    if (colon != kNowhere && colon - at < 32 && SignedAfter(line, "work: ", at, value)) return value;
  }
  return -2;
}

// "[PG ID 0 PG GUID 0(default_pg) Rank 118]", "[PG 0 (default_pg) Rank 3]", "[PG 1 Rank 0]", "[Rank 118]"
void ParseGroup(std::string_view line, WatchdogLine& parsed) {
  const size_t open = line.find("[PG ");
  if (open == kNowhere) {
    parsed.group_rank = static_cast<int32_t>(NumberAfter(line, "[Rank ", int64_t{-1}));
    return;
  }
  const size_t close = line.find(']', open);
  if (close == kNowhere) return;
  const std::string_view inside = line.substr(open, close - open);
  const size_t rank = inside.rfind(" Rank ");
  if (rank == kNowhere) return;
  parsed.group_rank = static_cast<int32_t>(NumberAfter(inside.substr(rank), " Rank ", int64_t{-1}));
  const size_t guid = inside.find("PG GUID ");
  std::string_view name = inside.substr(0, rank);
  name.remove_prefix(guid == kNowhere ? 4 : guid + 8);
  const size_t parenthesis = name.find('(');
  if (parenthesis != kNowhere) {
    parsed.description = Between(name, "(", ")");
    name = name.substr(0, parenthesis);
  }
  while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
  parsed.group = name;
}

// WorkNCCL(SeqNum=2398459, OpType=ALLREDUCE, NumelIn=1, NumelOut=1, Timeout(ms)=1800000) ran for 1800068
void ParseWork(std::string_view line, WatchdogLine& parsed) {
  parsed.sequence = NumberAfter(line, "SeqNum=", int64_t{-1});
  parsed.elements_in = NumberAfter(line, "NumelIn=", int64_t{-1});
  parsed.elements_out = NumberAfter(line, "NumelOut=", int64_t{-1});
  parsed.timeout_ms = NumberAfter(line, "Timeout(ms)=", int64_t{-1});
  parsed.ran_ms = NumberAfter(line, "ran for ", int64_t{-1});
  parsed.operation = Between(line, "OpType=", ",");
  // The oldest form ends with the operation.
  if (parsed.operation.empty() || Has(parsed.operation, ")"))
    parsed.operation = Between(line, "OpType=", ")");
}

// "... raised the following async exception: NCCL error ..." or "... terminated with exception: CUDA error".
bool ParseError(std::string_view line, WatchdogLine& parsed) {
  static constexpr std::string_view kRaised = "raised the following async exception: ",
                                    kEnds = "watchdog thread terminated with exception: ";
  for (const std::string_view word : {kRaised, kEnds}) {
    const size_t at = line.find(word);
    if (at == kNowhere) continue;
    parsed.error = line.substr(at + word.size()), parsed.ends_process = word == kEnds;
    parsed.kind = WatchdogLineKind::kError;
    return true;
  }
  return false;
}

}  // namespace

bool MayBeWatchdogLine(std::string_view line) {
  return Has(line, "[PG ") || Has(line, "[Rank ") || Has(line, "atchdog");
}

bool ParseWatchdogLine(std::string_view line, WatchdogLine& parsed) {
  parsed = {};
  const int64_t enqueued = std::max(WorkNumber(line, "last enqueued"), WorkNumber(line, "Last enqueued"));
  const int64_t completed = WorkNumber(line, "last completed");
  parsed.has_status = enqueued >= -1 && completed >= -1;
  if (parsed.has_status) parsed.enqueued = enqueued, parsed.completed = completed;
  if (Has(line, "Watchdog caught collective operation timeout")) {
    parsed.kind = WatchdogLineKind::kTimeout;
    ParseWork(line, parsed);
  } else if (Has(line, "eceived a dump signal") || Has(line, "Observed flight recorder dump signal")) {
    parsed.kind = WatchdogLineKind::kDumpSignal;
  } else if (parsed.has_status) {
    parsed.kind = WatchdogLineKind::kStatus;
    for (const char* word : {"work sequence id: ", "detected by watchdog at work: ", "at NCCL work: "}) {
      if (parsed.sequence < 0) parsed.sequence = NumberAfter(line, word, int64_t{-1});
    }
  } else if (Has(line, "watchdog got stuck") || Has(line, "watchdog thread is stuck")) {
    parsed.kind = WatchdogLineKind::kStuck;
  } else if (Has(line, "taking the entire process down") ||
             Has(line, "Terminating the process after attempting")) {
    parsed.kind = WatchdogLineKind::kTakenDown;
  } else if (!ParseError(line, parsed)) {
    return false;
  }
  ParseGroup(line, parsed);
  const size_t bracket = std::min(line.find("[PG "), line.find("[Rank "));
  parsed.rank = TagsIn(line.substr(0, bracket)).rank;
  return true;
}

}  // namespace rankle::import

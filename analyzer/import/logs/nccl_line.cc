#include "analyzer/import/logs/nccl_line.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "absl/strings/ascii.h"
#include "analyzer/import/logs/log_text.h"

namespace rankle::import {
namespace {

constexpr std::string_view kMark = " NCCL ";
// The host is cut out of at most this much before the mark: longer prefixes are no log lines.
constexpr size_t kLongestHead = 2048;

bool ParseInt(std::string_view text, int32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool IsHost(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  });
}

// "prefix host:pid:tid [device]" with anything behind it. The device stands in brackets behind the token
// with the two colons.
bool ParseHead(std::string_view head, NcclLine& parsed) {
  if (head.size() > kLongestHead) return false;
  for (size_t open = head.find(" ["); open != std::string_view::npos; open = head.find(" [", open + 1)) {
    const size_t close = head.find(']', open);
    if (close == std::string_view::npos) return false;
    const size_t second = head.rfind(':', open);
    const size_t first =
        second == std::string_view::npos || second == 0 ? second : head.rfind(':', second - 1);
    if (first == std::string_view::npos || first == second) continue;
    int32_t thread = 0;
    if (!ParseInt(head.substr(open + 2, close - open - 2), parsed.device) ||
        !ParseInt(head.substr(second + 1, open - second - 1), thread) ||
        !ParseInt(head.substr(first + 1, second - first - 1), parsed.pid)) {
      continue;
    }
    const size_t begin = head.find_last_of(" :>])", first - (first > 0 ? 1 : 0));
    const size_t host = first == 0 || begin == std::string_view::npos ? 0 : begin + 1;
    parsed.host = head.substr(host, first - host), parsed.prefix = head.substr(0, host);
    return IsHost(parsed.host);
  }
  return false;
}

int32_t Small(uint64_t value) { return value > INT32_MAX ? -1 : static_cast<int32_t>(value); }

// "AllReduce: opCount 1e7 sendbuff 0x.. recvbuff 0x.. count 18816 datatype 7 op 0 root 0 comm 0x..
// [nranks=16] stream 0x.. task 0 globalrank 170"
bool ParseCollective(std::string_view m, NcclLine& parsed) {
  const size_t colon = m.find(": opCount ");
  // Names of operations are short words.
  if (colon == std::string_view::npos || colon > 32 || m.substr(0, colon).find(' ') != std::string_view::npos)
    return false;
  parsed.operation = m.substr(0, colon);
  size_t at = colon;
  uint64_t datatype = 0, redop = 0, root = 0, ranks = 0;
  if (!NumberAfter(m, " opCount ", 16, at, parsed.op_count) ||
      !NumberAfter(m, " count ", 10, at, parsed.count) || !NumberAfter(m, " datatype ", 10, at, datatype)) {
    return false;
  }
  if (NumberAfter(m, " op ", 10, at, redop)) parsed.redop = Small(redop);
  if (NumberAfter(m, " root ", 10, at, root)) parsed.root = Small(root);
  if (!NumberAfter(m, " comm ", 16, at, parsed.communicator)) return false;
  parsed.datatype = Small(datatype);
  if (NumberAfter(m, "[nranks=", 10, at, ranks)) parsed.ranks = Small(ranks);
  uint64_t global = 0;
  if (NumberAfter(m, " globalrank ", 10, at, global)) parsed.global_rank = Small(global);
  parsed.kind = NcclLineKind::kCollective;
  return true;
}

// "ncclCommSplit comm 0x.. rank 0 nranks 2 cudaDev 0 nvmlDev 0 busId 1a000 parent 0x.. color 1 key 0 commId
// 0x.. - Init START"
void ParseLifeCycle(std::string_view m, NcclLine& parsed) {
  static constexpr struct {
    std::string_view ending;
    NcclLineKind kind;
  } kEndings[] = {{"- Init START", NcclLineKind::kInitStarted},
                  {"- Init COMPLETE", NcclLineKind::kInitComplete},
                  {"- Destroy COMPLETE", NcclLineKind::kDestroyed},
                  {"- Abort COMPLETE", NcclLineKind::kAborted}};
  const size_t dash = m.rfind("- ");
  if (dash == std::string_view::npos) return;
  for (const auto& ending : kEndings) {
    if (!m.substr(dash).starts_with(ending.ending)) continue;
    size_t at = m.find("comm 0x");
    uint64_t rank = 0, ranks = 0;
    if (at == std::string_view::npos || !NumberAfter(m, "comm ", 16, at, parsed.communicator) ||
        !NumberAfter(m, " rank ", 10, at, rank) || !NumberAfter(m, " nranks ", 10, at, ranks)) {
      return;
    }
    parsed.kind = ending.kind, parsed.rank = Small(rank), parsed.ranks = Small(ranks);
    parsed.device = static_cast<int32_t>(NumberAfter(m.substr(at), " cudaDev ", parsed.device));
    size_t from = at;
    NumberAfter(m, " busId ", 16, from, parsed.bus);
    NumberAfter(m, " parent ", 16, from = at, parsed.parent);
    NumberAfter(m, " commId ", 16, from = at, parsed.communicator_id);
    parsed.color = NumberAfter(m.substr(at), " color ", int64_t{-1});
    parsed.child = NumberAfter(m.substr(at), " childCount ", int64_t{-1});
    return;
  }
}

}  // namespace

size_t FindNcclMark(std::string_view line) {
  const void* at = memmem(line.data(), line.size(), kMark.data(), kMark.size());
  return at == nullptr ? std::string_view::npos
                       : static_cast<size_t>(static_cast<const char*>(at) - line.data());
}

bool ParseNcclLine(std::string_view line, size_t mark, NcclLine& parsed) {
  parsed = {};
  std::string_view rest = line.substr(mark + kMark.size());
  const bool info = rest.starts_with("INFO "), warns = rest.starts_with("WARN ");
  if ((!info && !warns) || !ParseHead(line.substr(0, mark), parsed)) return false;
  parsed.message = rest.substr(5);
  if (warns) {
    parsed.kind = NcclLineKind::kWarning;
  } else if (!ParseCollective(parsed.message, parsed)) {
    ParseLifeCycle(parsed.message, parsed);
  }
  return true;
}

}  // namespace rankle::import

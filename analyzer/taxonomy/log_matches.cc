#include "analyzer/taxonomy/log_matches.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace rankle::taxonomy {
namespace {

constexpr size_t kLongestLine = 300;
constexpr size_t kShortestTelling = 8;

// "[Rank 3]" and "[rank3]", as PyTorch writes it; -1 = neither.
int32_t RankInLine(std::string_view line) {
  for (const std::string_view lead : {"[Rank ", "[rank"}) {
    const size_t at = line.find(lead);
    if (at == std::string_view::npos) continue;
    const size_t begin = at + lead.size(), end = line.find(']', begin);
    int32_t rank = -1;
    if (end != std::string_view::npos &&
        absl::SimpleAtoi(std::string(line.substr(begin, end - begin)), &rank) && rank >= 0) {
      return rank;
    }
  }
  return -1;
}

std::vector<std::string> TextsOf(const Knowledge& knowledge) {
  std::vector<std::string> texts;
  for (const LogSignature& signature : knowledge.log_signatures) texts.push_back(signature.text);
  for (const Bug& bug : knowledge.bugs) {
    if (IsTellingSignature(bug) && std::find(texts.begin(), texts.end(), bug.signature) == texts.end())
      texts.push_back(bug.signature);
  }
  return texts;
}

}  // namespace

bool IsTellingSignature(const Bug& bug) {
  return bug.signature.size() >= kShortestTelling && bug.signature_origin != "generic_for_class";
}

LogScanner::LogScanner(const Knowledge& knowledge)
    : texts_(TextsOf(knowledge)), patterns_(texts_.size()), matcher_(texts_) {
  for (size_t i = 0; i < knowledge.log_signatures.size(); ++i)
    patterns_[i] = {knowledge.log_signatures[i].id, knowledge.log_signatures[i].role};
}

void LogScanner::Scan(const std::string& file, std::string_view text, int64_t first_line,
                      std::vector<LogMatch>& matches) const {
  int64_t number = first_line;
  for (size_t begin = 0; begin<text.size(); number += first_line> 0) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.substr(0, 8) == "rankle: ") continue;
    for (const size_t found : matcher_.Find(line)) {
      const int32_t rank = RankInLine(line);
      // Matches of this file are the last ones.
      const auto known = std::find_if(matches.rbegin(), matches.rend(), [&](const LogMatch& m) {
        return m.file != file || (m.rank == rank && m.signature == texts_[found]);
      });
      if (known != matches.rend() && known->file == file) {
        ++known->count;
        continue;
      }
      matches.push_back({file, number, texts_[found], patterns_[found].id, patterns_[found].role, rank, 1,
                         std::string(line.substr(0, kLongestLine))});
    }
  }
}

absl::Status AddLogMatches(const std::vector<LogMatch>& matches, store::Database& database) {
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? store::Value{} : store::Value{text};
  };
  std::vector<std::vector<store::Value>> rows;
  for (const LogMatch& m : matches) {
    rows.push_back({m.file, m.line > 0 ? store::Value{m.line} : store::Value{}, m.signature,
                    text_or_null(m.id), text_or_null(m.role),
                    m.rank >= 0 ? store::Value{int64_t{m.rank}} : store::Value{}, m.count, m.text});
  }
  return database.AddTable(
      "log_matches",
      "file TEXT, line INTEGER, signature TEXT, id TEXT, role TEXT, rank INTEGER, count INTEGER, text TEXT",
      rows);
}

}  // namespace rankle::taxonomy

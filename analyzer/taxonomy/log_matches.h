// Lines of job logs that contain a known signature. Pure; job_logs.h reads the files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "analyzer/store/sql.h"
#include "analyzer/taxonomy/knowledge.h"
#include "analyzer/taxonomy/text_matcher.h"

namespace rankle::taxonomy {

// The same signature of the same rank counts once a file.
struct LogMatch {
  std::string file;
  int64_t line = 0;       // of the first; 0 = not known
  std::string signature;  // the text that was found
  std::string id;         // of the log signature; "" = the signature of a bug, which is not among these
  std::string role;       // cause, consequence, ambiguous, context; "" for a signature of a bug
  int32_t rank = -1;      // as the line itself says, -1 = it does not
  int64_t count = 1;      // lines
  std::string text;       // the first line, cut at 300 bytes
};

// Is the signature of a bug worth looking for in logs? What is said of a whole class of failures, or is
// shorter than 8 characters ("nan", "KeyError" and names like BUFSIZE among them), stands in too many healthy
// logs.
bool IsTellingSignature(const Bug& bug);

class LogScanner {
 public:
  explicit LogScanner(const Knowledge& knowledge);

  // Adds what a stretch of a log holds. `first_line` is the number of its first line, 0 = not known. Lines
  // of rankle itself are passed over: they tell what was injected, which no diagnosis may read.
  void Scan(const std::string& file, std::string_view text, int64_t first_line,
            std::vector<LogMatch>& matches) const;

 private:
  struct Pattern {
    std::string id, role;
  };
  std::vector<std::string> texts_;
  std::vector<Pattern> patterns_;  // by index of texts_
  TextMatcher matcher_;
};

// The table log_matches (docs/schema.md).
absl::Status AddLogMatches(const std::vector<LogMatch>& matches, store::Database& database);

}  // namespace rankle::taxonomy

#include "analyzer/import/json_documents.h"

namespace rankle::import {

void JsonDocuments::EndLine() {
  if (kept_.find_first_not_of(" \t\r") != std::string::npos) between_(kept_);
  kept_.clear();
}

void JsonDocuments::Feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (too_long_) return;
    if (depth_ == 0) {
      if (c == '{') {
        EndLine();
        depth_ = 1;
      } else if (c == '\n') {
        EndLine();
        continue;
      }
    } else if (in_string_) {
      in_string_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
      kept_.push_back(c);
      take_(kept_);
      kept_.clear();
      continue;
    }
    kept_.push_back(c);
    too_long_ = kept_.size() > kMostBytes;
  }
}

bool JsonDocuments::Finish() {
  if (depth_ > 0 || too_long_) return false;
  EndLine();
  return true;
}

}  // namespace rankle::import

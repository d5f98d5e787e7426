// Glob matching (`*` any run, `?` any one character) without allocation, for the hot path and for the parser.
#pragma once

namespace rankle::plan {

// True when all of `text` up to `end` (exclusive) matches `pattern`.
inline bool GlobMatch(const char* pattern, const char* text, const char* end) {
  const char* star = nullptr;  // the last `*` seen, and where its run began: the only place to back up to
  const char* run = nullptr;
  while (text != end) {
    if (*pattern == '*') {
      star = pattern++;
      run = text;
    } else if (*pattern != '\0' && (*pattern == '?' || *pattern == *text)) {
      ++pattern;
      ++text;
    } else if (star != nullptr) {
      pattern = star + 1;
      text = ++run;
    } else {
      return false;
    }
  }
  while (*pattern == '*') ++pattern;
  return *pattern == '\0';
}

inline bool GlobMatch(const char* pattern, const char* text) {
  const bool literal = *pattern != '*' && *pattern != '?';
  if (literal && *pattern != *text) return false;  // most patterns differ in the first letter
  const char* end = text;
  while (*end != '\0') ++end;
  return GlobMatch(pattern, text, end);
}

}  // namespace rankle::plan

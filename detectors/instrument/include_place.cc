#include "detectors/instrument/include_place.h"

#include <algorithm>

namespace rankle::instrument {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kBlanks = " \t\f\v\r", kSpaces = " \t\f\v\r\n";

bool IsNameCharacter(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Cuts words off the front of a directive.
std::string_view TakeName(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const auto end = std::find_if_not(text.begin(), text.end(), IsNameCharacter);
  const std::string_view name = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(name.size());
  return name;
}

class Scanner {
 public:
  explicit Scanner(std::string_view source) : source_(source) {
    at_ = source.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  }

  size_t Place() {
    size_t place = at_;
    while (true) {
      const Kind kind = Next();
      const bool is_known =
          kind == Kind::kPlain || kind == Kind::kFeature || (kind == Kind::kIf && SkipGroup());
      if (!is_known) return place;
      if ((kind == Kind::kFeature || group_has_feature_) && at_ > 0 && source_[at_ - 1] == '\n') place = at_;
      group_has_feature_ = false;
    }
  }

 private:
  enum class Kind { kOther, kPlain, kFeature, kIf, kElse, kEndif };

  // To the #endif. False: something else than lines of the known kinds is in it.
  bool SkipGroup() {
    for (int depth = 1; depth > 0;) {
      const Kind kind = Next();
      if (kind == Kind::kOther) return false;
      if (kind == Kind::kFeature) group_has_feature_ = true;
      if (kind == Kind::kIf) ++depth;
      if (kind == Kind::kEndif) --depth;
    }
    return true;
  }

  // The next directive, past blank lines and comments; at_ is behind its line.
  Kind Next() {
    SkipSpace();
    if (at_ >= source_.size() || source_[at_] != '#') return Kind::kOther;
    std::string_view text = TakeLine().substr(1);
    const std::string_view name = TakeName(text);
    if (name == "define" || name == "undef")
      return TakeName(text).starts_with('_') ? Kind::kFeature : Kind::kPlain;
    if (name == "pragma") {
      // Those that would change the headers behind them.
      const bool changes = text.find("pack") != text.npos || text.find("poison") != text.npos;
      return changes ? Kind::kOther : Kind::kPlain;
    }
    if (name == "error" || name == "warning") return Kind::kPlain;
    if (name == "if" || name == "ifdef" || name == "ifndef") return Kind::kIf;
    if (name == "else" || name == "elif" || name == "elifdef" || name == "elifndef") return Kind::kElse;
    return name == "endif" ? Kind::kEndif : Kind::kOther;
  }

  void SkipSpace() {
    while (at_ < source_.size()) {
      const std::string_view rest = source_.substr(at_);
      if (rest.starts_with("//")) {
        TakeLine();
      } else if (rest.starts_with("/*")) {
        SkipComment();
      } else if (kSpaces.find(rest.front()) != kSpaces.npos) {
        ++at_;
      } else {
        return;
      }
    }
  }
  void SkipComment() {
    const size_t end = source_.find("*/", at_ + 2);
    at_ = end == source_.npos ? source_.size() : end + 2;
  }

  // With what a backslash, or a comment over several lines, continues it.
  std::string_view TakeLine() {
    const size_t begin = at_;
    const bool is_comment = source_.substr(at_).starts_with("//");
    while (at_ < source_.size()) {
      const std::string_view rest = source_.substr(at_);
      if (rest.starts_with("\\\n")) {
        at_ += 2;
      } else if (rest.starts_with("\\\r\n")) {
        at_ += 3;
      } else if (!is_comment && rest.starts_with("/*")) {
        SkipComment();
      } else {
        ++at_;
        if (rest.front() == '\n') break;
      }
    }
    return source_.substr(begin, at_ - begin);
  }

  const std::string_view source_;
  size_t at_ = 0;
  bool group_has_feature_ = false;
};

}  // namespace

size_t IncludePlace(std::string_view source) { return Scanner(source).Place(); }

std::string IncludeText(std::string_view source, size_t place, std::string_view header) {
  const auto before = source.substr(0, place);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  return "#include \"" + std::string(header) + "\"\n#line " + std::to_string(line) + "\n";
}

}  // namespace rankle::instrument

#include "injector/plan/short_form.h"

#include <array>
#include <utility>
#include <vector>

#include "injector/plan/arm.h"
#include "injector/plan/catalogue.h"
#include "injector/plan/parameters.h"
#include "injector/plan/selectors.h"
#include "injector/plan/targets.h"
#include "injector/plan/text.h"

namespace rankle::plan {
namespace {

constexpr size_t kLongestSpec = 64 * 1024;
constexpr std::string_view kForm =
    "write: action target key=value ..., e.g. delay ncclAllReduce rank=3 time=200ms";

// One character of a word, with the knowledge whether it was quoted: a quoted comma separates nothing.
struct Char {
  char c;
  bool quoted;
};
struct Word {
  std::vector<Char> chars;
  bool any_quotes = false;  // tells '' from nothing
};

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Splits the spec at blanks outside quotes, parentheses, brackets and braces.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Word>> Split() {
    std::vector<Word> words;
    while (SkipSpace()) {
      Word word;
      if (const auto read = ReadWord(word); !read.ok()) return read;
      words.push_back(std::move(word));
    }
    return words;
  }

 private:
  bool SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
    return at_ < text_.size();
  }

  absl::Status ReadWord(Word& word) {
    int depth = 0;
    while (at_ < text_.size() && (depth > 0 || !IsSpace(text_[at_]))) {
      const char c = text_[at_++];
      if (c == '\'' || c == '"') {
        word.any_quotes = true;
        if (!ReadQuoted(c, word)) return Invalid("a quote is not closed");
        continue;
      }
      if (c == '(' || c == '[' || c == '{') ++depth;
      if (c == ')' || c == ']' || c == '}') --depth;
      if (depth == 0 || !IsSpace(c)) word.chars.push_back({c, false});
    }
    return depth == 0 ? absl::OkStatus() : Invalid("a parenthesis, bracket or brace is not closed");
  }

  bool ReadQuoted(char quote, Word& word) {
    while (at_ < text_.size()) {
      char c = text_[at_++];
      if (c == quote) return true;
      if (quote == '"' && c == '\\' && at_ < text_.size()) c = text_[at_++];
      word.chars.push_back({c, true});
    }
    return false;
  }

  std::string_view text_;
  size_t at_ = 0;
};

using Chars = std::vector<Char>;

std::string Text(const Chars& chars) {
  std::string text;
  for (const Char& c : chars) text += c.c;
  return text;
}

bool Is(const Char& c, char wanted) { return c.c == wanted && !c.quoted; }

std::vector<std::string> SplitList(const Chars& chars) {
  std::vector<std::string> items(1);
  for (const Char& c : chars) {
    if (Is(c, ',')) {
      items.emplace_back();
    } else {
      items.back() += c.c;
    }
  }
  return items;
}

bool StripBrackets(Chars& chars, char open, char close) {
  if (chars.size() < 2 || !Is(chars.front(), open) || !Is(chars.back(), close)) return false;
  chars.erase(chars.begin());
  chars.pop_back();
  return true;
}

// uniform(1ms,5ms), or as plans spell it: {uniform: [1ms, 5ms]}. (The splitter has left out the blanks.)
absl::StatusOr<RawValue> ReadValue(Chars chars) {
  const bool in_braces = StripBrackets(chars, '{', '}');
  for (std::string_view name : {"uniform", "normal"}) {
    const std::string opening = Concat(name, in_braces ? ":" : "");
    if (chars.size() <= opening.size() || !Text(chars).starts_with(opening)) continue;
    Chars arguments(chars.begin() + static_cast<std::ptrdiff_t>(opening.size()), chars.end());
    const bool whole = in_braces ? StripBrackets(arguments, '[', ']') : StripBrackets(arguments, '(', ')');
    if (whole) return RawValue{std::string(name), SplitList(arguments)};
  }
  if (in_braces) {
    return Invalid(
        Concat("'{", Text(chars),
               "}' is no distribution; write {uniform: [least, most]} or {normal: [mean, deviation]}, "
               "and quote braces that belong to a text"));
  }
  StripBrackets(chars, '[', ']');
  return RawValue{"", SplitList(chars)};
}

absl::Status ReadEntry(const Word& word, const std::string& place, RawFault& fault) {
  size_t equals = 0;
  while (equals < word.chars.size() && !Is(word.chars[equals], '=')) ++equals;
  const auto split = word.chars.begin() + static_cast<std::ptrdiff_t>(equals);
  if (equals == 0 || split == word.chars.end()) {
    return Invalid(Concat("'", Text(word.chars), "' is not key=value; ", kForm));
  }
  RawEntry entry;
  entry.key = Text(Chars(word.chars.begin(), split));
  entry.place = place;
  const Chars value(split + 1, word.chars.end());
  // "bytes>=1MiB" has its '=' inside the comparison.
  if (entry.key.back() == '>' || entry.key.back() == '<') {
    entry.value.items = {Concat(std::string(1, entry.key.back()), "=", Text(value))};
    entry.key.pop_back();
  } else if (!value.empty() || word.any_quotes) {
    absl::StatusOr<RawValue> read = ReadValue(value);
    if (!read.ok()) return read.status();
    entry.value = *std::move(read);
  }
  if (entry.key == "name") {
    if (!fault.name.empty()) return Invalid("'name' is given twice");
    if (entry.value.items.size() != 1 || entry.value.items[0].empty())
      return Invalid("'name' needs one value");
    fault.name = entry.value.items[0];
    return absl::OkStatus();
  }
  constexpr std::array<std::pair<std::string_view, Section>, 3> kSections = {
      {{"where.", Section::kWhere}, {"when.", Section::kWhen}, {"with.", Section::kWith}}};
  for (const auto& [prefix, section] : kSections) {
    if (!entry.key.starts_with(prefix)) continue;
    entry.section = section;
    entry.key.erase(0, prefix.size());
  }
  fault.entries.push_back(std::move(entry));
  return absl::OkStatus();
}

bool HasEquals(const Word& word) {
  for (const Char& c : word.chars) {
    if (Is(c, '=')) return true;
  }
  return false;
}

// The place of errors: the spec itself, shortened when it is long.
std::string PlaceOf(std::string_view text) {
  constexpr size_t kShown = 120;
  return Concat("--fault '", text.substr(0, kShown), text.size() > kShown ? "..." : "", "'");
}

std::string Quoted(const std::string& item) {
  if (!item.empty() && item.find_first_of(" \t\r\n,()[]{}'\"\\=") == std::string::npos) return item;
  std::string text = "\"";
  for (const char c : item) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

}  // namespace

absl::StatusOr<RawFault> ParseShortForm(std::string_view text) {
  RawFault fault;
  fault.place = fault.action_place = fault.on_place = fault.name_place = PlaceOf(text);
  auto refuse = [&](std::string_view what) { return Invalid(Concat(fault.place, ": ", what)); };
  if (text.size() > kLongestSpec) return refuse("longer than 64 KiB");
  const auto words = Splitter(text).Split();
  if (!words.ok()) return refuse(Message(words.status()));
  if (words->empty()) return refuse(Concat("empty; ", kForm));
  fault.action = Text((*words)[0].chars);
  if (words->size() < 2 || HasEquals((*words)[1]))
    return refuse(Concat("no target after the action; ", kForm));
  fault.on = SplitList((*words)[1].chars);
  for (size_t i = 2; i < words->size(); ++i) {
    if (const auto read = ReadEntry((*words)[i], fault.place, fault); !read.ok())
      return refuse(Message(read));
  }
  return fault;
}

std::string FormatValue(const RawValue& value) {
  std::string text = value.distribution.empty() ? "" : Concat(value.distribution, "(");
  for (size_t i = 0; i < value.items.size(); ++i) text += Concat(i == 0 ? "" : ",", Quoted(value.items[i]));
  return value.distribution.empty() ? text : text + ")";
}

std::string ShortForm(const ArmedFault& fault, const std::string& pool, std::string_view default_name) {
  const ActionInfo& action = *FindAction(fault.action);
  std::string text = Concat(action.name, " ", pool.c_str() + fault.on);
  const std::string_view name = pool.c_str() + fault.name;
  if (name != default_name) text += Concat(" name=", name);
  for (const Selector& selector : Selectors()) {
    const RawValue value = selector.write(fault, pool);
    if (value.items.empty()) continue;
    bool shadowed = false;  // the action's own parameter has the plain key
    for (const Parameter& parameter : action.parameters)
      shadowed = shadowed || parameter.name == selector.key;
    text += Concat(" ", shadowed ? "where." : "", selector.key, "=", FormatValue(value));
  }
  const ResultKind kind = CommonResultKind(fault);
  for (const Parameter& parameter : action.parameters) {
    const RawValue value = WriteParameter(parameter, fault, pool, kind);
    if (!value.items.empty()) text += Concat(" ", parameter.name, "=", FormatValue(value));
  }
  return text;
}

}  // namespace rankle::plan

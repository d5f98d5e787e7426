#include "detectors/checks/path_check.h"

#include <array>

#include "absl/strings/ascii.h"
#include "clang/AST/ExprCXX.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/paths.h"
#include "detectors/checks/rank_names.h"

namespace rankle::lint {
namespace {

// Of functions that are not in sight: those that are called so wait, as a rule.
constexpr std::array kWaiting = {"sync",  "wait",  "poll",     "join", "finish",
                                 "flush", "drain", "complete", "block"};

bool SoundsLikeWaiting(const std::string& name) {
  const std::string lower = absl::AsciiStrToLower(name);
  for (const std::string_view word : kWaiting) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

// The value has a name that stands for one thing: not the result of a call, nor an element.
bool IsSingle(const std::string* atom) {
  return atom && atom->find("()") == std::string::npos && atom->find('?') == std::string::npos &&
         atom->find(',') == std::string::npos;
}

// Without what tells the contents of a variable at two times apart: they may be equal.
std::string Timeless(const std::string& atom) {
  if (atom.find("made:") != std::string::npos) return atom;  // things that were made are all different
  std::string text;
  for (size_t i = 0; i < atom.size(); ++i) {
    if (atom[i] == '#' || atom[i] == '@') {
      while (i + 1 < atom.size() && absl::ascii_isdigit(atom[i + 1])) ++i;
    } else {
      text += atom[i];
    }
  }
  return text;
}

// "*(^p)" of "*(^p).field", and the field.
std::pair<std::string, std::string> Split(const std::string& atom) {
  const size_t at = atom.rfind(')');
  return at == std::string::npos ? std::pair<std::string, std::string>{"", atom}
                                 : std::pair{atom.substr(0, at + 1), atom.substr(at + 1)};
}

Reporter::Added AddAt(const PathEvent& event, std::string message, Reporter& report) {
  if (!event.site) return report.Add(clang::SourceRange(event.variable->getLocation()), std::move(message));
  if (!llvm::isa<clang::CallExpr>(event.site))
    return report.Add(event.site->getSourceRange(), std::move(message));
  Call call;
  call.expr = event.site;
  return report.Add(call, std::move(message));
}

}  // namespace

void PathFindings::Add(const PathEvent& event, const PathEvent* cause, std::string message,
                       std::string cause_message) {
  const bool inside = event.summarised || event.site != event.expr;
  const bool within_callee = cause && event.expr && event.site == cause->site && inside;
  if (within_callee) return;
  const void* key = event.site ? static_cast<const void*>(event.site) : event.variable;
  if (!key || !reported_.insert(key).second) return;
  Reporter::Added added = AddAt(event, std::move(message), report_);
  if (cause && cause->site && !cause_message.empty())
    added.Note(cause->site->getBeginLoc(), std::move(cause_message));
}

void PathCheck::Function(const FunctionView& function, Reporter& report) {
  Paths& paths = function.unit().paths();
  if (!paths.Communicates(function.decl())) return;
  PathFindings findings(function, report);
  for (const Path& path : paths.Of(function.decl())) OnPath(path, findings);
  for (int i = 0; i < function.body().size(); ++i) {
    const auto* lambda = llvm::dyn_cast<clang::LambdaExpr>(&function.body().stmt(i));
    if (!lambda) continue;
    for (const Path& path : paths.Of(function.decl(), lambda)) OnPath(path, findings);
  }
  AfterPaths(function, findings);
}

bool Differ(const Value& a, const Value& b) {
  const auto constant_a = a.AsConstant(), constant_b = b.AsConstant();
  if (constant_a && constant_b) return *constant_a != *constant_b;
  const std::string *atom_a = a.AsAtom(), *atom_b = b.AsAtom();
  if ((constant_a && IsSingle(atom_b)) || (constant_b && IsSingle(atom_a))) return true;
  if (a == b || !IsSingle(atom_a) || !IsSingle(atom_b)) return false;
  const auto [base_a, field_a] = Split(Timeless(*atom_a));
  const auto [base_b, field_b] = Split(Timeless(*atom_b));
  return base_a == base_b ? field_a != field_b : base_a.empty() != base_b.empty();
}

bool MayWaitFor(const PathEvent& event, const Value& stream) {
  if (event.what == Happening::kForeign) {
    for (const Value& argument : event.arguments) {
      if (argument == stream) return true;
    }
    return SoundsLikeWaiting(event.name);
  }
  if (event.what != Happening::kCall) return false;
  switch (event.api->kind) {
    case Kind::kStreamSync:
      return !Differ(event.At(event.api->at.stream), stream);
    case Kind::kQuery:
      return !event.Has(event.api->at.stream) || !Differ(event.At(event.api->at.stream), stream);
    case Kind::kEventSync:
    case Kind::kDeviceSync:
    case Kind::kWait:
      return true;
    default:
      return false;
  }
}

bool MentionsRank(const Value& value) {
  const std::string text = value.Text();
  const auto in_name = [](char c) { return absl::ascii_isalnum(c) || c == '_'; };
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && in_name(text[end])) ++end;
    if (NamesOwnRank(std::string_view(text).substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

void EventMarks::See(const PathEvent& event) {
  if (event.Is(Kind::kEventRecord))
    marks_[event.At(event.api->at.event)] = {event.At(event.api->at.stream), &event};
}

bool EventMarks::Covers(const PathEvent& wait, const Value& stream, const PathEvent* operation) const {
  const auto mark = marks_.find(wait.At(wait.api->at.event));
  if (mark == marks_.end()) return true;  // recorded elsewhere
  // Events of a path lie in one array: later ones have the higher address.
  return mark->second.record > operation && !Differ(mark->second.stream, stream);
}

std::string OwnField(const Value& value) {
  const std::string text = value.Text();
  const size_t at = text.find("this.");
  if (at == std::string::npos) return "";
  size_t end = at + 5;
  while (end < text.size() && (absl::ascii_isalnum(text[end]) || text[end] == '_')) ++end;
  return text.substr(at + 5, end - at - 5);
}

}  // namespace rankle::lint

#include "analyzer/import/python_stacks/python_stacks.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

constexpr std::string_view kSchema = "rankle.python-stacks/1";
// faulthandler itself stops at 100 frames.
constexpr size_t kMostFrames = 256, kMostText = 200;

// '  File "/a/train.py", line 120 in forward'
bool ParseFrame(std::string_view line, PythonFrame& frame) {
  constexpr std::string_view kFile = "  File \"", kLine = "\", line ", kIn = " in ";
  if (!line.starts_with(kFile)) return false;
  line.remove_prefix(kFile.size());
  const size_t name_end = line.find(kLine);
  if (name_end == std::string_view::npos) return false;
  const std::string_view rest = line.substr(name_end + kLine.size());
  const size_t in = rest.find(kIn);
  if (in == std::string_view::npos) return false;
  frame.file = std::string(line.substr(0, std::min(name_end, kMostText * 20)));
  const std::string number(rest.substr(0, in));  // "???" where the code object was damaged
  if (!absl::SimpleAtoi(number, &frame.line)) frame.line = 0;
  frame.function = std::string(rest.substr(in + kIn.size(), kMostText));
  return true;
}

// Of the framework, of installed packages, of Python itself, of rankle: not where the program's author would
// look.
bool IsLibrary(const PythonFrame& frame) {
  for (const char* part : {"/site-packages/", "/dist-packages/", "/torch/", "/lib/python3", "/rankle-python/",
                           "/vgpu/python/"}) {
    if (absl::StrContains(frame.file, part)) return true;
  }
  return absl::StartsWith(frame.file, "<frozen");
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

bool LooksLikePythonStacks(std::string_view first_bytes) {
  return first_bytes.starts_with("{") &&
         first_bytes.substr(0, first_bytes.find('\n')).find(kSchema) != std::string_view::npos;
}

absl::StatusOr<PythonStacks> ParsePythonStacks(std::string_view text) {
  const size_t header_end = std::min(text.find('\n'), text.size());
  const nlohmann::json header = nlohmann::json::parse(text.substr(0, header_end), nullptr, false);
  if (!header.is_object() || header.value("schema", nlohmann::json()) != kSchema ||
      !header.value("pid", nlohmann::json()).is_number_integer() ||
      !header.value("main_thread", nlohmann::json()).is_string()) {
    return absl::InvalidArgumentError("not the header of Python stacks");
  }
  PythonStacks stacks;
  stacks.pid = header["pid"].get<int32_t>();
  const std::string main_thread = absl::StrCat("hread ", header["main_thread"].get<std::string>(), " ");
  text.remove_prefix(header_end);
  bool inside = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    PythonFrame frame;
    if (ParseFrame(line, frame)) {
      if (inside && stacks.main_thread.size() < kMostFrames) stacks.main_thread.push_back(std::move(frame));
      continue;
    }
    // "Thread 0x... (most recent call first):" or "Current thread 0x... (...)"; a later one is of a later
    // time.
    if (line.find("hread 0x") == std::string_view::npos) continue;
    inside = line.find(main_thread) != std::string_view::npos;
    if (inside) stacks.main_thread.clear();
  }
  return stacks;
}

std::string PlaceOf(const std::vector<PythonFrame>& stack) {
  if (stack.empty()) return "";
  const auto own = std::find_if_not(stack.begin(), stack.end(), IsLibrary);
  const PythonFrame& at = own != stack.end() ? *own : stack.front();
  std::string place = absl::StrCat(BaseName(at.file), ":", at.line, " in ", at.function);
  if (own != stack.end() && own != stack.begin()) {
    const PythonFrame& inner = stack.front();
    absl::StrAppend(&place, ", inside ", inner.function, " (", BaseName(inner.file), ":", inner.line, ")");
  }
  return place;
}

}  // namespace rankle::import

#include "detectors/lint/paths.h"

#include <algorithm>

#include "cli/launch/files.h"

namespace rankle::lint {
namespace {

int Characters(std::string_view text) {  // bytes that continue a character of UTF-8 do not count
  return static_cast<int>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string RelativeTo(const std::string& root, const std::string& path) {
  const std::string folder = root.ends_with('/') ? root : root + "/";
  return path.starts_with(folder) ? path.substr(folder.size()) : path;
}

const Excerpts::File& Excerpts::Read(const std::string& path) {
  const auto [it, fresh] = files_.try_emplace(path);
  if (!fresh) return it->second;
  absl::StatusOr<std::string> text = cli::ReadFile(path);
  if (text.ok()) it->second.text = *std::move(text);
  it->second.lines.push_back(0);
  for (size_t at = it->second.text.find('\n'); at != std::string::npos;
       at = it->second.text.find('\n', at + 1))
    it->second.lines.push_back(at + 1);
  return it->second;
}

std::string_view Excerpts::Line(const std::string& file, int line) {
  const File& read = Read(file);
  if (line < 1 || static_cast<size_t>(line) > read.lines.size()) return {};
  const std::string_view text = std::string_view(read.text).substr(read.lines[line - 1]);
  std::string_view found = text.substr(0, text.find('\n'));
  if (found.ends_with('\r')) found.remove_suffix(1);
  return found;
}

Excerpts::Position Excerpts::PositionOf(const std::string& file, size_t offset) {
  const File& read = Read(file);
  offset = std::min(offset, read.text.size());
  const auto line = std::upper_bound(read.lines.begin(), read.lines.end(), offset) - 1;
  return {static_cast<int>(line - read.lines.begin()) + 1,
          Characters(std::string_view(read.text).substr(*line, offset - *line)) + 1};
}

int Excerpts::CharacterColumn(const std::string& file, int line, int column) {
  return Characters(Line(file, line).substr(0, static_cast<size_t>(std::max(column - 1, 0)))) + 1;
}

}  // namespace rankle::lint

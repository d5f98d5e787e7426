// Paths and columns as they are printed. Pure, but for Excerpts, which reads files.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rankle::lint {

// The path below `root`, or unchanged where it lies elsewhere.
std::string RelativeTo(const std::string& root, const std::string& path);

// The text of source files, read once each.
class Excerpts {
 public:
  // Without its end; empty: there is no such line. Lines count from 1.
  std::string_view Line(const std::string& file, int line);
  struct Position {
    int line = 1, column = 1;  // column in characters (code points), as SARIF wants it
  };
  Position PositionOf(const std::string& file, size_t offset);
  // Characters before byte column `column` of the line, plus 1.
  int CharacterColumn(const std::string& file, int line, int column);

 private:
  struct File {
    std::string text;
    std::vector<size_t> lines;  // offsets of their begins
  };
  const File& Read(const std::string& path);
  std::map<std::string, File> files_;
};

}  // namespace rankle::lint

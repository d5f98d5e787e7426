// Parses one unit with clang and shows its AST to a handler. Goes on past errors of the source and counts
// them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "detectors/tooling/command_line.h"
#include "detectors/tooling/compile_commands.h"

namespace clang {
class ASTContext;
}  // namespace clang

namespace rankle::tooling {

struct ReadFile {
  std::string path;   // absolute
  uint64_t hash = 0;  // ContentHash
};

// Of a file's content. Not for anything that an enemy may choose.
uint64_t ContentHash(std::string_view content);

struct ParseResult {
  bool parsed = false;  // the handler saw an AST
  int errors = 0;
  std::string first_error;  // "file:line:column: text"
  // Of a handler that asks for them:
  std::vector<ReadFile> files;       // that were read: the unit and what it includes, in no order
  std::vector<std::string> missing;  // headers that were not found, as they are written
};

class UnitHandler {
 public:
  virtual ~UnitHandler() = default;
  // Are the bodies of this file's functions wanted? Others are not parsed, which saves most of the time.
  virtual bool WantsBodies(const std::string& absolute_file) = 0;
  // Which files were read, and which were not found?
  virtual bool WantsFiles() const { return false; }
  // The process ends after the unit: nothing has to be freed, which takes as long as a check.
  virtual bool LeavesMemory() const { return false; }
  virtual void Handle(clang::ASTContext& context) = 0;
};

// Changes the working directory of the process to the unit's.
ParseResult ParseUnit(const Unit& unit, const ParserFiles& files, UnitHandler& handler);

// What this build of rankle and this machine offer. An empty resource_dir: clang's headers are gone.
ParserFiles FindParserFiles();

}  // namespace rankle::tooling

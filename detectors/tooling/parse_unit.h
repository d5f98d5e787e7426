// Parses one unit with clang and shows its AST to a handler. Goes on past errors of the source and counts
// them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "detectors/tooling/command_line.h"
#include "detectors/tooling/compile_commands.h"

namespace clang {
class ASTContext;
}  // namespace clang

namespace rankle::tooling {

struct ParseResult {
  bool parsed = false;  // the handler saw an AST
  int errors = 0;
  std::string first_error;  // "file:line:column: text"
};

class UnitHandler {
 public:
  virtual ~UnitHandler() = default;
  // Are the bodies of this file's functions wanted? Others are not parsed, which saves most of the time.
  virtual bool WantsBodies(const std::string& absolute_file) = 0;
  virtual void Handle(clang::ASTContext& context) = 0;
};

// Changes the working directory of the process to the unit's.
ParseResult ParseUnit(const Unit& unit, const ParserFiles& files, UnitHandler& handler);

// What this build of rankle and this machine offer. An empty resource_dir: clang's headers are gone.
ParserFiles FindParserFiles();

}  // namespace rankle::tooling

// Parses a unit and runs checks over it. No clang in this header.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "detectors/checks/check.h"
#include "detectors/checks/program_facts.h"
#include "detectors/checks/summary.h"
#include "detectors/tooling/file_filter.h"
#include "detectors/tooling/parse_unit.h"

namespace rankle::lint {

struct CheckedUnit {
  std::vector<Finding> findings;  // in the user's files; see SettleProgram
  ProgramFacts program;
  std::map<std::string, FunctionSummary> exported;  // of its functions that others may call, by USR
  std::vector<std::string> wanted;                  // USRs of functions that it calls and has no body of
  std::map<std::string, double> seconds;            // of the wall, by check, "parse" and other parts
};

enum class Memory : uint8_t { kFreed, kLeftToTheProcess };  // the second where the process ends with the unit

// `given`: what is known of functions of other units. Changes the working directory of the process to the
// unit's.
tooling::ParseResult CheckUnit(const tooling::Unit& unit, const tooling::ParserFiles& parser,
                               const tooling::FileFilter& filter,
                               const std::vector<std::unique_ptr<Check>>& checks,
                               const std::map<std::string, FunctionSummary>& given, CheckedUnit& checked,
                               Memory memory = Memory::kFreed);

}  // namespace rankle::lint

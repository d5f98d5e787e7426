// What is known of one unit after it was checked, as it passes from the process that parsed it, and as the
// cache keeps it. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "detectors/checks/finding.h"
#include "detectors/checks/program_facts.h"

namespace rankle::lint {

struct UnitResult {
  std::vector<Finding> findings;
  ProgramFacts program;
  std::map<std::string, std::string> exported;  // summaries (as text) of its functions, by USR
  std::vector<std::string> wanted;              // USRs of functions that it calls and has no body of
  std::map<std::string, double> seconds;        // where the time went, see CheckedUnit
  int errors = 0;                               // of the compiler; what lies in their reach was not checked
  std::string first_error;
  std::string failure;  // nothing is known: it crashed the parser, took too long
};

std::string ToJson(const UnitResult& result);
bool FromJson(const std::string& text, UnitResult& result);

}  // namespace rankle::lint

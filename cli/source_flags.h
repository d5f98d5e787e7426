// The flags of all subcommands that read sources: which units, with what, how many at once.
#pragma once

#include <string>
#include <vector>

#include "cli/flags.h"

namespace rankle::cli {

class SourceFlags {
 public:
  void Declare(Flags& flags);
  // For rankle-source; `command` is what followed "--".
  std::vector<std::string> Arguments(const char* task, const std::vector<std::string>& extra,
                                     const std::vector<std::string>& command) const;

 private:
  std::vector<std::string> files_, only_, skip_;
  std::string database_, root_;
  int jobs_ = 0, unit_limit_s_ = 300;
};

}  // namespace rankle::cli

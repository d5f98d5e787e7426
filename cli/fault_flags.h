// The flags of all subcommands that carry out a fault plan: from which files and short forms, with which
// seed.
#pragma once

#include "cli/flags.h"
#include "cli/launch/fault_files.h"

namespace rankle::cli {

void DeclareFaultFlags(Flags& flags, FaultSources& sources);

}  // namespace rankle::cli

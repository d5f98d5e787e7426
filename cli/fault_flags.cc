#include "cli/fault_flags.h"

namespace rankle::cli {

void DeclareFaultFlags(Flags& flags, FaultSources& sources) {
  flags.Texts({.name = "--plan", .type = "FILE", .help = "Fault plan (YAML); may be repeated"},
              sources.plan_files);
  flags.Texts({.name = "--fault",
               .type = "SPEC",
               .help = "One fault, e.g. 'delay ncclAllReduce rank=3 time=200ms'; may be repeated"},
              sources.short_forms);
  flags.Number({.name = "--seed", .type = "S", .help = "Seed of everything random in the plan (default 1)"},
               sources.seed);
}

}  // namespace rankle::cli

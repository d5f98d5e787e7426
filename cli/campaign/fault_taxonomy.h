// Which classes of real bugs the faults of a cycle stand for. Pure.
#pragma once

#include <string>
#include <vector>

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/observation.h"
#include "analyzer/taxonomy/knowledge.h"

namespace rankle::cli {

// nullptr: of a kind that the table does not know.
const taxonomy::FaultClass* ClassOfFault(const stitch::Fault& fault, const stitch::Names& names,
                                         const taxonomy::Knowledge& knowledge);

// Of all faults of a cycle, each word once: those of the most faults first, then in the order of the links.
struct CycleClasses {
  std::vector<std::string> root_causes, symptoms;
};
CycleClasses ClassesOf(const stitch::Cycle& cycle, const stitch::Names& names,
                       const taxonomy::Knowledge& knowledge);

}  // namespace rankle::cli

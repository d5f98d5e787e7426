// What the program did with NCCL that its rules forbid: what the hooks saw where it happened, and
// communicators that were destroyed while operations on them still ran, which the times of the operations
// tell afterwards. Pure; reads a finished Store.
#pragma once

#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

// By rank, then by time. Kinds of a newer version are left out.
std::vector<store::Misuse> FindMisuses(const store::Store& store);

// "group_left_open": as the table `misuses` has it; "" = unknown.
const char* MisuseName(store::MisuseKind kind);

}  // namespace rankle::localize

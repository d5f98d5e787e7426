// Hands over to rankle-source, the program that reads sources with clang's libraries. It is apart because it
// is built only where they are, and so that other subcommands do not load them.
#pragma once

#include <string>
#include <vector>

namespace rankle::cli {

// Replaces this process; its exit code is the program's. Returns only when that cannot be done: an exit code,
// with the reason said.
int BecomeSourceProgram(const std::vector<std::string>& arguments);

}  // namespace rankle::cli

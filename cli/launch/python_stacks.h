// Asks the Python processes of a job where they stand: those with rankle's agent await a signal and write
// their stacks into the output directory (injector/python/python_stacks.py).
#pragma once

#include <string>

namespace rankle::cli {

// Sends the signals and waits until the stacks are written, for a second at most: a process that is stopped
// or stuck in the kernel writes later or never.
void AskForPythonStacks(const std::string& output_dir);

}  // namespace rankle::cli

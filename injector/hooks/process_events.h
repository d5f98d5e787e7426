// What happens to the process as a whole: it forks, throws, ends. Logic behind the interposed libc and C++
// runtime functions of exports_process.cc. All of it only matters in processes that have a record: shells and
// helpers leave none.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace rankle::hooks {

// Registers for exit() and return from main, and for forks. Called when the record has been opened.
void WatchProcessEnd();
// Registers once more, so that the last look at device times comes before the CUDA runtime's own exit
// handler, which the program's first CUDA call registered after ours.
void WatchProcessEndAgain();

void OnExit(int status);
void OnAbort();
void OnForkedParent(pid_t child);
// `type_name` is the mangled name, kept for the process's life; `key` identifies the type.
void OnThrow(const void* key, const char* type_name);
// An exception of Python that nobody caught, as rankle's agent tells it: "ValueError: bad shard (train.py:42
// in step)".
void OnPythonException(const char* text);

}  // namespace rankle::hooks

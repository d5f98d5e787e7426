// Which loaded binary an address lies in, from inside a hook: no lock, no allocation, no system call, safe in
// signal handlers and in the child of a fork (glibc's _dl_find_object).
#pragma once

#include <cstdint>

#include "tracer/sites/recorder.h"

namespace rankle::sites {

// Remembers the path of the program, which the loader does not name. Called once, before the others.
void RememberProgram();

// An address outside every module (code made at run time) gets the module "".
CodePlace PlaceOf(uint64_t address);

// Does the address lie in a module?
bool IsLoaded(uint64_t address);

// Is this code of rankle's libraries or of the loader? Their calls are not the program's.
bool IsOwnCode(uint64_t address);

}  // namespace rankle::sites

// Finds a function of a loaded library by reading its symbol table. For the one case where dlsym cannot be
// asked: dlsym itself, which we stand in front of.
#pragma once

namespace rankle::hooks {

// The default-version definition of `symbol` in the first loaded object whose file name begins with `library`
// ("libc.so"), or nullptr. Takes the loader's lock for reading.
void* FindInLoadedLibrary(const char* library, const char* symbol);

}  // namespace rankle::hooks

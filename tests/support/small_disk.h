// A file system of a few MiB, for tests of what happens when it is full: a tmpfs in a mount namespace of a
// process of its own, so that nothing is left behind and nobody else sees it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace rankle::testing {

// Runs `body` in a child process in which `directory` is a file system of that size. False: this machine lets
// nobody mount one. Failures of `body` fail the test.
bool OnSmallDisk(const std::string& directory, int mebibytes, const std::function<void()>& body);

// Fills the file system at `path` with one file, but for so many bytes.
void FillBut(const std::string& path, uint64_t bytes_left);

}  // namespace rankle::testing

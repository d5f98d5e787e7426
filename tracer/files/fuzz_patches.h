// For fuzzers of record files: the input as a list of patches to a sound file, three bytes of position and
// one of value each, so that mutations reach what lies behind the header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace rankle::files {

inline std::string Patched(std::string sound, const uint8_t* data, size_t size) {
  for (size_t i = 0; i + 3 < size; i += 4) {
    const size_t position = (data[i] | size_t{data[i + 1]} << 8 | size_t{data[i + 2]} << 16) % sound.size();
    sound[position] = static_cast<char>(data[i + 3]);
  }
  return sound;
}

}  // namespace rankle::files

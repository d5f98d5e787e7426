// Functions of a math library that have no stand-in of their own: they exist, so that programs load; they name
// themselves once on stderr and answer "not supported" in the library's own code. One line per name of
// symbols/*.txt is generated from this; the definitions are weak, so a real one in the same library wins.
#pragma once

#include <atomic>

namespace rankle::vgpu::math {

long NotSupported(const char* function, std::atomic<bool>* named, long result);

}  // namespace rankle::vgpu::math

// Declared without parameters: in the C calling conventions of x86-64 and AArch64 the caller removes what it passed.
#define RANKLE_MATH_STUB(function, result)                                       \
  extern "C" __attribute__((weak)) long function() {                             \
    static std::atomic<bool> named{false};                                       \
    return rankle::vgpu::math::NotSupported(#function, &named, result);          \
  }

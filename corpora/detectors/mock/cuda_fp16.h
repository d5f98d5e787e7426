// Mock of CUDA's 16-bit float.
#pragma once

struct __half {
  unsigned short bits;
};
typedef __half half;

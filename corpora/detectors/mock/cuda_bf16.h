// Mock of CUDA's bfloat16.
#pragma once

struct __nv_bfloat16 {
  unsigned short bits;
};
typedef __nv_bfloat16 nv_bfloat16;

// Functions whose CUDA 13 form had a version suffix in CUDA 12: defined once, under the name of the version
// that is being built. CUDA 12's older forms are in compat12.cc.
#pragma once

#if RANKLE_CUDART_VERSION >= 13000
#define RANKLE_V2(name) name
#define RANKLE_V3(name) name
#else
#define RANKLE_V2(name) name##_v2
#define RANKLE_V3(name) name##_v3
#endif

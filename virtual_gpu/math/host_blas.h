// RANKLE_VGPU_MATH=compute: products and vector functions of float and double give real results, from a BLAS
// of the host that is looked for at run time. Anything else in the variable, or no variable: nothing is
// computed.
#pragma once

namespace rankle::vgpu::math {

bool ComputeIsWanted();

// False, with a message once, when computing is wanted and no BLAS was found.
bool HostBlasIsReady();

// A function of the BLAS by its Fortran name, such as "sgemm_"; never null once HostBlasIsReady() said yes,
// for the names of the reference BLAS.
void* HostBlasFunction(const char* name);

}  // namespace rankle::vgpu::math

// The private entry points between the virtual CUDA driver (libcuda.so.1) and the libraries on it, the
// virtual NCCL (libnccl.so.2) and the math libraries (virtual_gpu/math): put a piece of "device work" on a
// stream. Everything else they need is public CUDA API.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// `run(arg)` executes on the stream's worker thread when all earlier work of the stream is done, under CUDA's
// ordering rules; the stream counts as busy until it returns. It may block for as long as the operation
// takes. It may run more than once when the work was captured into a graph that is launched several times.
// `release(arg)` is called exactly once, when the work can no longer run (after `run`, or when the graph is
// destroyed, or when the work is dropped because the device was lost or the process ends). `stream` is a
// cudaStream_t/CUstream of any kind, including 0, cudaStreamLegacy and cudaStreamPerThread. `name` must
// outlive the call only; it is the kernel's name for profilers. Returns a cudaError_t value: 0 when the work
// was queued or captured; otherwise nothing was taken over: neither `run` nor `release` is called and the
// caller keeps `arg`.
int rankleVgpuEnqueue(void* stream, const char* name, void (*run)(void*), void (*release)(void*), void* arg);

// Puts a kernel of this name on a stream: its modelled time passes (RANKLE_VGPU_KERNEL_TIME), nothing is
// computed. `name` must outlive the call only. Returns a cudaError_t value.
int rankleVgpuLaunch(void* stream, const char* name);

// Puts the current device into a sticky error state: from now on every call that touches it returns `error`.
// (A collective that reads past its allocation, or an injected Xid, ends here.)
void rankleVgpuSetStickyError(int device, int error);

// 1 if [pointer, pointer+bytes) lies in memory that a device of this process may touch (device allocation,
// managed, pinned or registered host memory), 0 if not. NCCL_CHECK_POINTERS=1 uses it.
int rankleVgpuIsDeviceAccessible(const void* pointer, unsigned long bytes);

#ifdef __cplusplus
}
#endif

// What the functions of a math library do that need no code of their own: functions/NAME.txt lists them with
// their actions, CMake makes a definition of each, Perform carries the actions out. The definitions are weak:
// one in the library's own sources wins. A function without actions names itself once on stderr and answers
// "not supported".
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rankle::vgpu::math {

// The status codes of one library.
struct Library {
  int no_handle;      // the handle is null, stale or of another kind
  int invalid_value;  // a null pointer, a negative size
  int failed;         // the device refused the work
  int not_supported;
};

inline constexpr Library kCublas{1, 7, 13, 15};
inline constexpr Library kCublasLt{1, 7, 13, 15};
inline constexpr Library kCudnn{1001, 2000, 5000, 3000};
inline constexpr Library kCufft{1, 4, 6, 16};
inline constexpr Library kCufftw{0, 0, 0, 0};  // its functions return plans: a null pointer is a refusal
inline constexpr Library kCufile{5001, 5008, 5001,
                                 5001};  // CU_FILE_DRIVER_NOT_INITIALIZED, as without the nvidia-fs module
inline constexpr Library kCurand{101, 103, 201,
                                 999};  // it has no code for "not supported": CURAND_STATUS_INTERNAL_ERROR
inline constexpr Library kCusolver{1, 3, 6, 9};
inline constexpr Library kCusparse{1, 3, 6, 10};
inline constexpr Library kCusparseLt{1, 3, 6, 10};
inline constexpr Library kNvJitLink{11, 11, 6, 6};  // NVJITLINK_ERROR_INTERNAL
inline constexpr Library kNvrtc{3, 3, 11, 11};      // NVRTC_ERROR_INTERNAL_ERROR
inline constexpr Library kNvshmemHost{7, 7, 7, 7};  // NVSHMEMX_ERROR_INTERNAL

// `at` and `other` are positions of parameters, counted without floating-point ones.
struct Action {
  enum class Kind {
    kHandle,
    kNeeds,
    kCount,
    kCount64,
    kLaunch,
    kElements,
    kBytes,
    kInfo,
    kValue,
    kValue64,
    kCreate,
    kDestroy,
    kStream,
    kStreamOf,
    kAccept
  };
  Kind kind;
  int at = 0;
  int other = -1;
};

constexpr Action handle() { return {Action::Kind::kHandle}; }              // parameter 0 is a live handle
constexpr Action needs(int at) { return {Action::Kind::kNeeds, at}; }      // a pointer that must not be null
constexpr Action count(int at) { return {Action::Kind::kCount, at}; }      // an int that must not be negative
constexpr Action count64(int at) { return {Action::Kind::kCount64, at}; }  // the same, int64_t
constexpr Action launch() { return {Action::Kind::kLaunch}; }              // a kernel named as the function
constexpr Action elements(int at) { return {Action::Kind::kElements, at}; }  // int*: a workspace size
constexpr Action bytes(int at) { return {Action::Kind::kBytes, at}; }        // size_t*: a workspace size
// int*, in device memory: zeros, in stream order; as many as parameter `count_at` says, or one.
constexpr Action info(int at, int count_at = -1) { return {Action::Kind::kInfo, at, count_at}; }
constexpr Action value(int at, int value) { return {Action::Kind::kValue, at, value}; }  // int*: on the host
constexpr Action value64(int at, int value) {
  return {Action::Kind::kValue64, at, value};
}  // int64_t*: on the host
constexpr Action create(int at) { return {Action::Kind::kCreate, at}; }  // a new handle or descriptor
constexpr Action destroy(int at) { return {Action::Kind::kDestroy, at}; }
constexpr Action stream(int at) { return {Action::Kind::kStream, at}; }       // of the handle: parameter 0
constexpr Action stream_of(int at) { return {Action::Kind::kStreamOf, at}; }  // cudaStream_t*: the handle's
constexpr Action accept() { return {Action::Kind::kAccept}; }                 // nothing to do

// The library's status.
int Perform(const Library& library, const char* function, std::span<const Action> actions,
            std::span<const uintptr_t> arguments);

int NotSupported(const Library& library, const char* function, std::atomic<bool>* named);

}  // namespace rankle::vgpu::math

#define RANKLE_MATH_STUB(library, function)                                                  \
  extern "C" __attribute__((weak)) intptr_t function() {                                     \
    static std::atomic<bool> named{false};                                                   \
    return rankle::vgpu::math::NotSupported(rankle::vgpu::math::library, #function, &named); \
  }

// cuFFT: plans are numbers; they are made from sizes that are checked, and executing one launches a kernel.
#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

#include "virtual_gpu/math/action.h"
#include "virtual_gpu/math/launch.h"

using namespace rankle::vgpu::math;

namespace {

constexpr int kInvalidPlan = kCufft.no_handle, kInvalidSize = 8, kInvalidType = 3;
constexpr int kVersion[] = {12, 0, 0};  // the cuFFT of CUDA 13.0
constexpr size_t kWorkBytes = 8192;     // nothing is computed; not zero, since programs allocate it
constexpr int kMostDimensions = 3;
constexpr int kTypes[] = {0x2a, 0x2c, 0x29, 0x6a, 0x6c, 0x69};  // R2C, C2R, C2C, D2Z, Z2D, Z2Z

struct Plan {
  void* stream = nullptr;
  bool made = false;
};

struct Plans {
  std::mutex mutex;
  std::map<int, Plan> by_number;
  int next = 1;
};
Plans& AllPlans() {
  static auto* plans = new Plans;  // never destroyed: programs free plans while they exit
  return *plans;
}

// The status of `action(plan)` on a live plan.
template <typename Action>
int WithPlan(int number, Action action) {
  Plans& plans = AllPlans();
  const std::lock_guard lock(plans.mutex);
  const auto found = plans.by_number.find(number);
  return found == plans.by_number.end() ? kInvalidPlan : action(found->second);
}

// A transform of `rank` dimensions: sizes and batch positive.
template <typename Int>
int CheckShape(int rank, const Int* sizes, long long batch) {
  if (rank < 1 || rank > kMostDimensions || sizes == nullptr) return kCufft.invalid_value;
  if (batch < 1) return kInvalidSize;
  for (int i = 0; i < rank; ++i) {
    if (sizes[i] < 1) return kInvalidSize;
  }
  return 0;
}

int CheckType(int type) {
  for (const int known : kTypes) {
    if (known == type) return 0;
  }
  return kInvalidType;
}

int WriteWorkBytes(size_t* bytes) {
  if (bytes == nullptr) return kCufft.invalid_value;
  *bytes = kWorkBytes;
  return 0;
}

// Makes the plan and tells its work size, where `bytes` is given.
template <typename Int>
int Make(int number, int rank, const Int* sizes, long long batch, int type_status, size_t* bytes,
         bool needs_bytes) {
  return WithPlan(number, [&](Plan& plan) {
    if (const int status = CheckShape(rank, sizes, batch); status != 0) return status;
    if (type_status != 0) return type_status;
    if (needs_bytes) {
      if (const int status = WriteWorkBytes(bytes); status != 0) return status;
    }
    plan.made = true;
    return 0;
  });
}

// cufftPlan1d and its like: create and make.
int CreateAndMake(int* number, int rank, const int* sizes, int type, int batch);

int Execute(int number, const char* name, const void* input, const void* output) {
  return WithPlan(number, [&](Plan& plan) {
    if (!plan.made) return kInvalidPlan;
    if (input == nullptr || output == nullptr) return kCufft.invalid_value;
    return Launch(plan.stream, name) ? 0 : kCufft.failed;
  });
}

int Accept(int number) {
  return WithPlan(number, [](Plan&) { return 0; });
}

// The work size that a plan of this shape would have.
template <typename Int>
int Size(int rank, const Int* sizes, long long batch, size_t* bytes) {
  const int status = CheckShape(rank, sizes, batch);
  return status != 0 ? status : WriteWorkBytes(bytes);
}

}  // namespace

extern "C" {

int cufftCreate(int* number) {
  if (number == nullptr) return kCufft.invalid_value;
  Plans& plans = AllPlans();
  const std::lock_guard lock(plans.mutex);
  *number = plans.next++;
  plans.by_number.emplace(*number, Plan());
  return 0;
}

int cufftDestroy(int number) {
  Plans& plans = AllPlans();
  const std::lock_guard lock(plans.mutex);
  return plans.by_number.erase(number) == 0 ? kInvalidPlan : 0;
}

int cufftSetStream(int number, void* stream) {
  return WithPlan(number, [&](Plan& plan) {
    plan.stream = stream;
    return 0;
  });
}

int cufftSetAutoAllocation(int number, int) { return Accept(number); }
int cufftSetWorkArea(int number, void*) { return Accept(number); }

int cufftMakePlanMany(int number, int rank, int* n, int*, int, int, int*, int, int, int type, int batch,
                      size_t* bytes) {
  return Make(number, rank, n, batch, CheckType(type), bytes, true);
}

int cufftMakePlanMany64(int number, int rank, long long* n, long long*, long long, long long, long long*,
                        long long, long long, int type, long long batch, size_t* bytes) {
  return Make(number, rank, n, batch, CheckType(type), bytes, true);
}

// Its types are cudaDataType; half precision wants powers of two, which is not checked.
int cufftXtMakePlanMany(int number, int rank, long long* n, long long*, long long, long long, int, long long*,
                        long long, long long, int, long long batch, size_t* bytes, int) {
  return Make(number, rank, n, batch, 0, bytes, true);
}

int cufftMakePlan1d(int number, int nx, int type, int batch, size_t* bytes) {
  return Make(number, 1, &nx, batch, CheckType(type), bytes, true);
}
int cufftMakePlan2d(int number, int nx, int ny, int type, size_t* bytes) {
  const int sizes[] = {nx, ny};
  return Make(number, 2, sizes, 1, CheckType(type), bytes, true);
}
int cufftMakePlan3d(int number, int nx, int ny, int nz, int type, size_t* bytes) {
  const int sizes[] = {nx, ny, nz};
  return Make(number, 3, sizes, 1, CheckType(type), bytes, true);
}

int cufftPlanMany(int* number, int rank, int* n, int*, int, int, int*, int, int, int type, int batch) {
  return CreateAndMake(number, rank, n, type, batch);
}
int cufftPlan1d(int* number, int nx, int type, int batch) {
  return CreateAndMake(number, 1, &nx, type, batch);
}
int cufftPlan2d(int* number, int nx, int ny, int type) {
  const int sizes[] = {nx, ny};
  return CreateAndMake(number, 2, sizes, type, 1);
}
int cufftPlan3d(int* number, int nx, int ny, int nz, int type) {
  const int sizes[] = {nx, ny, nz};
  return CreateAndMake(number, 3, sizes, type, 1);
}

int cufftGetSize(int number, size_t* bytes) {
  return WithPlan(number, [&](Plan& plan) { return plan.made ? WriteWorkBytes(bytes) : kInvalidPlan; });
}
int cufftEstimate1d(int nx, int, int batch, size_t* bytes) { return Size(1, &nx, batch, bytes); }
int cufftEstimate2d(int nx, int ny, int, size_t* bytes) {
  const int sizes[] = {nx, ny};
  return Size(2, sizes, 1, bytes);
}
int cufftEstimate3d(int nx, int ny, int nz, int, size_t* bytes) {
  const int sizes[] = {nx, ny, nz};
  return Size(3, sizes, 1, bytes);
}
int cufftEstimateMany(int rank, int* n, int*, int, int, int*, int, int, int, int batch, size_t* bytes) {
  return Size(rank, n, batch, bytes);
}

int cufftXtExec(int number, void* input, void* output, int) {
  return Execute(number, "cufftXtExec", input, output);
}

int cufftGetVersion(int* version) {
  if (version == nullptr) return kCufft.invalid_value;
  *version = kVersion[0] * 1000 + kVersion[1] * 100 + kVersion[2];
  return 0;
}

int cufftGetProperty(int property, int* value) {
  if (value == nullptr || property < 0 || property > 2) return kCufft.invalid_value;
  *value = kVersion[property];
  return 0;
}

#define RANKLE_FFT_EXECUTE(kind)                               \
  int cufftExec##kind(int number, void* input, void* output) { \
    return Execute(number, "cufftExec" #kind, input, output);  \
  }
// C2C and Z2Z have a direction behind these, which nothing depends on.
RANKLE_FFT_EXECUTE(C2C)
RANKLE_FFT_EXECUTE(R2C)
RANKLE_FFT_EXECUTE(C2R)
RANKLE_FFT_EXECUTE(Z2Z)
RANKLE_FFT_EXECUTE(D2Z)
RANKLE_FFT_EXECUTE(Z2D)
#undef RANKLE_FFT_EXECUTE

}  // extern "C"

namespace {

int CreateAndMake(int* number, int rank, const int* sizes, int type, int batch) {
  if (const int status = cufftCreate(number); status != 0) return status;
  const int status = Make(*number, rank, sizes, batch, CheckType(type), nullptr, false);
  if (status != 0) cufftDestroy(*number);
  return status;
}

}  // namespace

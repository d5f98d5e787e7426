// nvRTC: a program "compiles" to a few bytes that the virtual driver takes for a module. Nothing is parsed,
// so there are no errors and the log is empty; the names of kernels are those that the program was asked for.
#include <cstddef>
#include <cstring>
#include <set>
#include <string>

#include "virtual_gpu/math/action.h"
#include "virtual_gpu/math/handle.h"

using namespace rankle::vgpu::math;

namespace {

constexpr int kInvalidInput = 3, kInvalidProgram = 4, kNameNotValid = 10;
constexpr int kMajor = 13, kMinor = 0;
constexpr char kImage[] = "// rankle: virtual GPU: no code\n";  // text, as PTX is

// The architectures that CUDA 13.0's nvRTC compiles for.
constexpr int kArchitectures[] = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};

struct Program final : Handle {
  bool compiled = false;
  std::set<std::string> names;  // their addresses are given away: a set never moves them
};

template <typename Action>
int WithProgram(void* handle, Action action) {
  const auto program = Find<Program>(handle);
  return program == nullptr ? kInvalidProgram : action(*program);
}

int WriteSize(void* handle, size_t size, size_t* to) {
  return WithProgram(handle, [&](Program&) {
    if (to == nullptr) return kInvalidInput;
    *to = size;
    return 0;
  });
}

int WriteText(void* handle, const char* text, char* to) {
  return WithProgram(handle, [&](Program&) {
    if (to == nullptr) return kInvalidInput;
    std::strcpy(to, text);
    return 0;
  });
}

}  // namespace

extern "C" {

int nvrtcVersion(int* major, int* minor) {
  if (major == nullptr || minor == nullptr) return kInvalidInput;
  *major = kMajor, *minor = kMinor;
  return 0;
}

int nvrtcGetNumSupportedArchs(int* count) {
  if (count == nullptr) return kInvalidInput;
  *count = static_cast<int>(sizeof(kArchitectures) / sizeof(int));
  return 0;
}

int nvrtcGetSupportedArchs(int* architectures) {
  if (architectures == nullptr) return kInvalidInput;
  std::memcpy(architectures, kArchitectures, sizeof(kArchitectures));
  return 0;
}

const char* nvrtcGetErrorString(int status) {
  switch (status) {
    case 0:
      return "NVRTC_SUCCESS";
    case kInvalidInput:
      return "NVRTC_ERROR_INVALID_INPUT";
    case kInvalidProgram:
      return "NVRTC_ERROR_INVALID_PROGRAM";
    case kNameNotValid:
      return "NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID";
    default:
      return "NVRTC_ERROR_INTERNAL_ERROR";
  }
}

int nvrtcCreateProgram(void** program, const char* source, const char*, int headers, const char* const*,
                       const char* const*) {
  if (program == nullptr || source == nullptr || headers < 0) return kInvalidInput;
  Create<Program>(program);
  return 0;
}

int nvrtcDestroyProgram(void** program) {
  if (program == nullptr || Find<Program>(*program) == nullptr) return kInvalidProgram;
  Handles().Take(*program);
  *program = nullptr;
  return 0;
}

int nvrtcAddNameExpression(void* program, const char* expression) {
  return WithProgram(program, [&](Program& found) {
    if (expression == nullptr) return kInvalidInput;
    found.names.insert(expression);
    return 0;
  });
}

int nvrtcCompileProgram(void* program, int options, const char* const* values) {
  return WithProgram(program, [&](Program& found) {
    if (options < 0 || (options > 0 && values == nullptr)) return kInvalidInput;
    found.compiled = true;
    return 0;
  });
}

int nvrtcGetLoweredName(void* program, const char* expression, const char** name) {
  return WithProgram(program, [&](Program& found) {
    if (expression == nullptr || name == nullptr) return kInvalidInput;
    const auto known = found.names.find(expression);
    if (known == found.names.end() || !found.compiled) return kNameNotValid;
    *name = known->c_str();
    return 0;
  });
}

int nvrtcGetPTXSize(void* program, size_t* size) { return WriteSize(program, sizeof(kImage), size); }
int nvrtcGetPTX(void* program, char* image) { return WriteText(program, kImage, image); }
int nvrtcGetCUBINSize(void* program, size_t* size) { return WriteSize(program, sizeof(kImage), size); }
int nvrtcGetCUBIN(void* program, char* image) { return WriteText(program, kImage, image); }
int nvrtcGetProgramLogSize(void* program, size_t* size) { return WriteSize(program, 1, size); }
int nvrtcGetProgramLog(void* program, char* log) { return WriteText(program, "", log); }

}  // extern "C"

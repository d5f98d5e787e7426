// cuDNN's graph ("backend") interface: descriptors keep the attributes they are given; the search for an
// engine finds one for any graph, without knobs, notes and workspace; executing a plan launches one kernel,
// named after the graph's main operation.
#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "virtual_gpu/math/cudnn/descriptors.h"
#include "virtual_gpu/math/launch.h"

using namespace rankle::vgpu::math;

namespace {

constexpr int kNotFinalized = 2004;  // CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED
constexpr int kNullPointer = 2002;   // CUDNN_STATUS_BAD_PARAM_NULL_POINTER

// cudnnBackendAttributeName_t.
enum Attribute : int {
  kHeuristicGraph = 201,
  kHeuristicResults = 202,
  kConfigEngine = 300,
  kConfigKnobs = 302,
  kPlanConfig = 401,
  kPlanWorkspace = 402,
  kGraphOperations = 801,
  kEngineGraph = 1300,
  kEngineKnobs = 1302,
  kEngineNumericalNotes = 1303,
  kEngineLayouts = 1304,
  kEngineBehaviourNotes = 1305,
};
// cudnnBackendDescriptorType_t; cuDNN 9.19 knows 44 of them, programs for a newer one may ask for more.
enum Type : int { kPlan = 5, kVariantPack = 16, kLastType = 63 };
// cudnnBackendAttributeType_t.
enum ValueType : int {
  kHandleValue = 0,
  kBoolean = 2,
  kInt64 = 3,
  kDouble = 5,
  kPointer = 6,
  kDescriptor = 15,
  kChar = 24,
  kFraction = 26
};

constexpr struct {
  int operation;
  const char* kernel;
} kOperations[] = {
    // The first of these that a graph holds is its main operation.
    {41, "cudnnSdpaForward"},
    {43, "cudnnSdpaBackward"},
    {10, "cudnnConvolutionForward"},
    {11, "cudnnConvolutionBackwardFilter"},
    {12, "cudnnConvolutionBackwardData"},
    {19, "cudnnMatmul"},
    {29, "cudnnNormForward"},
    {30, "cudnnNormBackward"},
    {25, "cudnnResampleForward"},
    {26, "cudnnResampleBackward"},
    {22, "cudnnReduction"},
    {13, "cudnnPointwise"},
};

// Bytes of a value; enumerations and narrow numbers have four.
size_t SizeOf(int type) {
  switch (type) {
    case kFraction:  // two int64_t
      return 16;
    case kHandleValue:
    case kInt64:
    case kDouble:
    case kPointer:
    case kDescriptor:
      return 8;
    case kBoolean:
    case kChar:
      return 1;
    default:
      return 4;
  }
}

struct Values {
  int type = 0;
  int64_t count = 0;
  std::string bytes;
};

struct Descriptor final : Handle {
  int type = 0;
  bool finalized = false;
  std::map<int, Values> attributes;
  const char* kernel = "cudnnGraph";  // of an operation graph, and of what comes from it
  std::mutex mutex;
};

// The descriptors that an attribute holds; stale ones are left out.
std::vector<std::shared_ptr<Descriptor>> Held(Descriptor& owner, int attribute) {
  std::vector<std::shared_ptr<Descriptor>> held;
  const auto found = owner.attributes.find(attribute);
  if (found == owner.attributes.end()) return held;
  const std::string& bytes = found->second.bytes;
  for (size_t at = 0; at + sizeof(void*) <= bytes.size(); at += sizeof(void*)) {
    void* pointer;
    std::memcpy(&pointer, bytes.data() + at, sizeof(pointer));
    if (auto descriptor = Find<Descriptor>(pointer); descriptor != nullptr)
      held.push_back(std::move(descriptor));
  }
  return held;
}

const char* KernelOf(Descriptor& graph) {
  const auto operations = Held(graph, kGraphOperations);
  for (const auto& known : kOperations) {
    for (const auto& operation : operations) {
      if (operation->type == known.operation) return known.kernel;
    }
  }
  return "cudnnGraph";
}

// From the graph to the engine, its configuration and the plan.
void TakeKernelFrom(Descriptor& descriptor) {
  for (const int source : {kHeuristicGraph, kEngineGraph, kConfigEngine, kPlanConfig}) {
    for (const auto& held : Held(descriptor, source)) descriptor.kernel = held->kernel;
  }
  if (descriptor.attributes.contains(kGraphOperations)) descriptor.kernel = KernelOf(descriptor);
}

bool IsEmptyByDefault(int attribute) {
  return attribute == kConfigKnobs || (attribute >= kEngineKnobs && attribute <= kEngineBehaviourNotes);
}

// Values that the program did not set: engines and their configurations are descriptors of the program's that
// become valid by being asked for.
int64_t Answer(Descriptor& descriptor, int attribute, int type, int64_t requested, void* values) {
  if (IsEmptyByDefault(attribute)) return 0;
  if (values == nullptr || requested < 1) return 1;
  if (type != kDescriptor) {
    std::memset(values, 0, SizeOf(type));
    return 1;
  }
  const auto made = Find<Descriptor>(*static_cast<void**>(values));
  if (made == nullptr || made.get() == &descriptor) return 0;
  const std::lock_guard lock(made->mutex);
  made->kernel = descriptor.kernel;
  made->finalized = true;
  return 1;
}

}  // namespace

extern "C" {

int cudnnBackendCreateDescriptor(int type, void** descriptor) {
  if (descriptor == nullptr) return kNullPointer;
  if (type < 0 || type > kLastType) return kCudnn.invalid_value;
  auto made = std::make_shared<Descriptor>();
  made->type = type;
  *descriptor = Handles().Add(made);
  return 0;
}

int cudnnBackendDestroyDescriptor(void* descriptor) {
  if (descriptor == nullptr) return 0;
  if (Find<Descriptor>(descriptor) == nullptr) return kCudnn.invalid_value;
  Handles().Take(descriptor);
  return 0;
}

int cudnnBackendInitialize(void* descriptor) {
  return Find<Descriptor>(descriptor) == nullptr ? kCudnn.invalid_value : 0;
}

int cudnnBackendSetAttribute(void* descriptor, int attribute, int type, int64_t count, const void* values) {
  const auto found = Find<Descriptor>(descriptor);
  if (found == nullptr || count < 0) return kCudnn.invalid_value;
  if (values == nullptr && count > 0) return kNullPointer;
  const std::lock_guard lock(found->mutex);
  if (found->finalized) return kCudnn.invalid_value;
  Values& stored = found->attributes[attribute];
  stored = {type, count, {}};
  if (count > 0)
    stored.bytes.assign(static_cast<const char*>(values), static_cast<size_t>(count) * SizeOf(type));
  return 0;
}

int cudnnBackendFinalize(void* descriptor) {
  const auto found = Find<Descriptor>(descriptor);
  if (found == nullptr) return kCudnn.invalid_value;
  const std::lock_guard lock(found->mutex);
  if (found->type == kPlan && !found->attributes.contains(kPlanConfig)) return kCudnn.invalid_value;
  TakeKernelFrom(*found);
  found->finalized = true;
  return 0;
}

int cudnnBackendGetAttribute(void* descriptor, int attribute, int type, int64_t requested, int64_t* count,
                             void* values) {
  const auto found = Find<Descriptor>(descriptor);
  if (found == nullptr || requested < 0) return kCudnn.invalid_value;
  const std::lock_guard lock(found->mutex);
  if (!found->finalized) return kNotFinalized;
  int64_t available;
  const auto stored = found->attributes.find(attribute);
  // A descriptor in the answer is filled, not replaced.
  if (stored == found->attributes.end() || type == kDescriptor) {
    available = Answer(*found, attribute, type, requested, values);
  } else {
    available = stored->second.count;
    const auto wanted = static_cast<size_t>(std::min(requested, available)) * SizeOf(type);
    if (values != nullptr)
      std::memcpy(values, stored->second.bytes.data(), std::min(wanted, stored->second.bytes.size()));
  }
  if (count != nullptr) *count = available;
  return 0;
}

int cudnnBackendExecute(void* handle, void* plan, void* variant_pack) {
  const auto found = Handles().Find(handle);
  const auto what = Find<Descriptor>(plan), with = Find<Descriptor>(variant_pack);
  if (found == nullptr) return kCudnn.no_handle;
  if (what == nullptr || with == nullptr || what->type != kPlan || with->type != kVariantPack)
    return kCudnn.invalid_value;
  if (!what->finalized || !with->finalized) return kNotFinalized;
  return Launch(found->stream, what->kernel) ? 0 : kCudnn.failed;
}

}  // extern "C"

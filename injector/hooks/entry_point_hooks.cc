// Programs that ask CUDA itself for driver functions get our wrappers for those that have one.
#include "injector/hooks/handlers.h"
#include "injector/hooks/process.h"
#include "injector/hooks/symbols.h"

namespace rankle::hooks {

int OnDriverEntryPoint(HookCall& call) {
  const int result = call.Invoke();  // "not found" is an everyday answer and no failure
  auto** function = call.Argument<void**>(1);
  if (result != 0 || function == nullptr || *function == nullptr || IsInsideCudaLibrary(call.caller))
    return result;
  *function = WrapperForDriverFunction(*function);
  return result;
}

}  // namespace rankle::hooks

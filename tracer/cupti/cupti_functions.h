// The few functions of CUPTI that are used, found at run time: no process depends on libcupti, and any
// version from 12 on serves.
#pragma once

#include <cuda.h>
#include <cupti.h>

namespace rankle::cupti {

#define RANKLE_CUPTI_FUNCTIONS(X)           \
  X(cuptiSubscribe)                         \
  X(cuptiUnsubscribe)                       \
  X(cuptiActivityRegisterCallbacks)         \
  X(cuptiActivityRegisterTimestampCallback) \
  X(cuptiActivityEnable)                    \
  X(cuptiActivityDisable)                   \
  X(cuptiActivityFlushAll)                  \
  X(cuptiActivityGetNextRecord)             \
  X(cuptiActivityGetNumDroppedRecords)      \
  X(cuptiGetResultString)

struct CuptiFunctions {
#define RANKLE_DECLARE(name) decltype(&::name) name = nullptr;
  RANKLE_CUPTI_FUNCTIONS(RANKLE_DECLARE)
#undef RANKLE_DECLARE
};

// Looks where the loader looks, then beside the CUDA runtime of the process and where the toolkit has CUPTI.
// nullptr, or what is missing: a text that lives as long as the process. Not thread safe.
const char* LoadCupti(CuptiFunctions* functions);

}  // namespace rankle::cupti

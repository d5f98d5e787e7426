// PyTorch's names of operations and data types as rankle's.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace rankle::import {

struct OperationMeaning {
  uint16_t api = 0;  // injector/api/api.h; the same for the same name, also where the name is not known
  bool known = false;
  bool p2p = false;
  bool closes_group = false;     // "nccl:coalesced": the end of a group, after the operations in it
  bool sizes_agree = false;      // do all ranks pass the same number of elements?
  int32_t self = -1, peer = -1;  // of a send or receive: ranks in the group
};

// "nccl:all_reduce", "nccl:send 0->3"; the part before the colon says which backend it was.
OperationMeaning MeaningOf(absl::string_view profiling_name);
// ncclDataType_t of "BFloat16"; 0xff when it has none.
uint8_t DataTypeOf(absl::string_view name);

}  // namespace rankle::import

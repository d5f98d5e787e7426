// NCCL's data types. Apart from the other look-ups because librankle.so links this file alone.
#include <iterator>

#include "injector/api/api.h"

namespace rankle::api {
namespace {

constexpr uint8_t kBytes[] = {1, 1, 4, 4, 8, 8, 2, 4, 8, 2, 1, 1};

}  // namespace

uint32_t DataTypeBytes(uint8_t dtype) { return dtype < std::size(kBytes) ? kBytes[dtype] : 0; }

}  // namespace rankle::api

// Names of functions as NCCL's own tools write them ("AllReduce", "All2All") as rankle's.
#pragma once

#include <cstdint>
#include <string_view>

namespace rankle::import {

// 0 = not known, or not one function ("SendRecv").
uint16_t ApiOfNcclFunction(std::string_view name);
// Do all ranks pass the same number of elements to it, by its definition?
bool SizesAgree(uint16_t api);

}  // namespace rankle::import

// What both ends of a link recorded of it becomes one row (store::Transfer). Pure.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "analyzer/import/tool_log.h"
#include "analyzer/store/store.h"

namespace rankle::import {

class ToolLinks {
 public:
  // Communicator and ranks as the store numbers them.
  void Add(const ToolLink& link, int32_t communicator, int32_t self, int32_t peer);
  // All rows, in the order that the store asks for.
  std::vector<store::Transfer> Take();

 private:
  std::map<std::tuple<int32_t, int32_t, int32_t, int32_t>, store::Transfer> transfers_;
};

}  // namespace rankle::import

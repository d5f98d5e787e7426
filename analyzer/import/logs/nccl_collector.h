// Puts lines of NCCL together by process and communicator: what each rank launched, in which order.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "analyzer/import/logs/log_contents.h"
#include "analyzer/import/logs/nccl_line.h"

namespace rankle::import {

class NcclCollector {
 public:
  explicit NcclCollector(LogContents& contents) : contents_(contents) {}

  // `now`: of the line. Returns the index of its process, -1 = of one too many.
  int32_t Take(const NcclLine& line, int64_t now, const std::string& file);

 private:
  int32_t ProcessOf(const NcclLine& line, const std::string& file);
  // The communicator that the pointer means now; a pointer is used again after its communicator is gone.
  LoggedCommunicator* CommunicatorOf(const NcclLine& line, int32_t process);
  void TakeOperation(const NcclLine& line, int32_t process, int64_t now);
  void TakeLifeCycle(const NcclLine& line, int32_t process, int64_t now);
  void KeepWithinBounds(LoggedCommunicator& communicator);
  uint16_t ApiOf(std::string_view operation);

  LogContents& contents_;
  absl::flat_hash_map<std::pair<std::string, int32_t>, int32_t> process_index_;
  absl::flat_hash_map<std::pair<int32_t, uint64_t>, int32_t> current_;  // by process and pointer
  std::string last_host_;  // mostly the process of one line is that of the next
  int32_t last_pid_ = -1, last_process_ = -1;
  std::map<std::string, uint16_t, std::less<>> apis_;
  uint64_t operations_ = 0;
  size_t most_of_one_ = 16'384;  // operations of a communicator of one process; fewer once there are many
};

}  // namespace rankle::import

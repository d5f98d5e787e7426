#include "analyzer/import/logs/nccl_collector.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "injector/api/api.h"

namespace rankle::import {
namespace {

// 32 bytes each here and 100 in the store: half a GiB at the most.
constexpr uint64_t kMostOperations = 4u << 20;
constexpr size_t kLeastOfOne = 64;
// More than the largest jobs have; beyond, a hostile file would fill the memory.
constexpr size_t kMostProcesses = 1u << 17, kMostCommunicators = 1u << 19;

// Of other operations NCCL prints a reduction and a root that mean nothing.
bool Reduces(std::string_view name) {
  return name == "AllReduce" || name == "Reduce" || name == "ReduceScatter";
}
bool HasRoot(std::string_view name) {
  return name == "Broadcast" || name == "Reduce" || name == "Gather" || name == "Scatter" || name == "Send" ||
         name == "Recv";
}
uint8_t Byte(int32_t value) { return value < 0 || value > 0xfe ? 0xff : static_cast<uint8_t>(value); }

}  // namespace

int32_t NcclCollector::Take(const NcclLine& line, int64_t now, const std::string& file) {
  const int32_t process = ProcessOf(line, file);
  if (process < 0) return process;
  LoggedProcess& p = contents_.processes[process];
  p.last_seen = std::max(p.last_seen, now);
  if (!line.prefix.empty() && p.rank < 0 && p.local_rank < 0) {
    const TaggedLine tags = TagsIn(line.prefix);
    p.rank = tags.rank, p.local_rank = tags.local_rank;
  }
  if (line.kind == NcclLineKind::kCollective) {
    TakeOperation(line, process, now);
  } else if (line.kind != NcclLineKind::kOther && line.kind != NcclLineKind::kWarning) {
    TakeLifeCycle(line, process, now);
  }
  return process;
}

int32_t NcclCollector::ProcessOf(const NcclLine& line, const std::string& file) {
  if (line.pid == last_pid_ && line.host == last_host_) return last_process_;
  std::pair key(std::string(line.host), line.pid);
  auto it = process_index_.find(key);
  if (it == process_index_.end()) {
    if (contents_.processes.size() >= kMostProcesses) return -1;
    it = process_index_.try_emplace(std::move(key), static_cast<int32_t>(contents_.processes.size())).first;
    LoggedProcess& process = contents_.processes.emplace_back();
    process.host = line.host, process.pid = line.pid, process.file = file;
  }
  last_pid_ = line.pid, last_host_ = line.host, last_process_ = it->second;
  return it->second;
}

LoggedCommunicator* NcclCollector::CommunicatorOf(const NcclLine& line, int32_t process) {
  const std::pair key(process, line.communicator);
  const auto it = current_.find(key);
  if (it != current_.end()) {
    LoggedCommunicator& known = contents_.communicators[it->second];
    const bool starts = line.kind == NcclLineKind::kInitStarted;
    // The pointer was used again: its communicator is gone, or is made anew.
    const bool other =
        (starts && (known.ready != 0 || known.collectives + known.p2p > 0 || known.gone != 0)) ||
        (line.communicator_id != 0 && known.id != 0 && line.communicator_id != known.id);
    if (!other) return &known;
  }
  if (contents_.communicators.size() >= kMostCommunicators) return nullptr;
  current_[key] = static_cast<int32_t>(contents_.communicators.size());
  LoggedCommunicator& made = contents_.communicators.emplace_back();
  made.process = process, made.pointer = line.communicator, made.device = line.device;
  return &made;
}

uint16_t NcclCollector::ApiOf(std::string_view operation) {
  auto it = apis_.find(operation);
  if (it == apis_.end()) {
    // RCCL spells one of them differently.
    const std::string name(operation == "AllToAll" ? "AlltoAll" : operation);
    const api::ApiInfo* info = api::FindApi(absl::StrCat("nccl", name));
    if (apis_.size() > 1000) return 0;  // no log of NCCL names that many
    it = apis_.try_emplace(std::string(operation), info == nullptr ? uint16_t{0} : info->id).first;
  }
  return it->second;
}

void NcclCollector::TakeOperation(const NcclLine& line, int32_t process, int64_t now) {
  const uint16_t api = ApiOf(line.operation);
  if (api == 0) {
    ++contents_.unknown_operations;
    return;
  }
  LoggedCommunicator* c = CommunicatorOf(line, process);
  if (c == nullptr) return;
  if (line.ranks > 0) c->ranks = line.ranks;
  if (line.global_rank >= 0) c->global_rank = line.global_rank;
  LoggedOperation& o = c->operations.emplace_back();
  o.p2p = line.operation == "Send" || line.operation == "Recv";
  o.seq = o.p2p ? ++c->p2p : ++c->collectives;
  if (!o.p2p) {
    if (o.seq == 1) {
      c->first_op_count = line.op_count;
    } else {
      c->op_counts_rise = c->op_counts_rise && line.op_count > c->last_op_count;
    }
    c->last_op_count = line.op_count;
  }
  o.time = now, o.api = api, o.count = line.count, o.datatype = Byte(line.datatype);
  if (Reduces(line.operation)) o.redop = Byte(line.redop);
  if (HasRoot(line.operation)) o.root = line.root;
  ++operations_;
  KeepWithinBounds(*c);
}

void NcclCollector::KeepWithinBounds(LoggedCommunicator& communicator) {
  const auto forget = [this](LoggedCommunicator& c) {
    if (c.operations.size() <= most_of_one_) return;
    const size_t old = c.operations.size() - most_of_one_ / 2;
    c.operations.erase(c.operations.begin(), c.operations.begin() + static_cast<std::ptrdiff_t>(old));
    c.is_cut = true, operations_ -= old;
  };
  forget(communicator);
  while (operations_ > kMostOperations && most_of_one_ > kLeastOfOne) {
    most_of_one_ /= 2;
    for (LoggedCommunicator& c : contents_.communicators) forget(c);
  }
}

void NcclCollector::TakeLifeCycle(const NcclLine& line, int32_t process, int64_t now) {
  LoggedCommunicator* found = CommunicatorOf(line, process);
  if (found == nullptr) return;
  LoggedCommunicator& c = *found;
  c.rank = line.rank, c.ranks = line.ranks;
  if (line.device >= 0) c.device = line.device;
  if (line.communicator_id != 0) c.id = line.communicator_id;
  if (line.bus != 0) c.bus = line.bus;
  if (line.color >= 0) c.color = line.color;
  if (line.child >= 0) c.child = line.child;
  if (line.parent != 0 && c.parent < 0) {
    const auto parent = current_.find(std::pair(process, line.parent));
    if (parent != current_.end()) c.parent = parent->second;
  }
  switch (line.kind) {
    case NcclLineKind::kInitStarted:
      c.init_started = now;
      break;
    case NcclLineKind::kInitComplete:
      c.ready = now;
      break;
    default:
      c.gone = now, c.aborted = line.kind == NcclLineKind::kAborted;
  }
}

}  // namespace rankle::import

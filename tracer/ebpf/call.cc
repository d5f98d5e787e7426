#include "tracer/ebpf/call.h"

#include "injector/api/table.h"

namespace rankle::ebpf {
namespace {

constexpr size_t kUniqueIdBytes = 128;
constexpr int kUniqueIdPosition = 2;  // in ncclCommInitRank and ncclCommInitRankConfig

}  // namespace

bool TakesUniqueId(uint16_t api) {
  return api == api::IdOf("ncclCommInitRank") || api == api::IdOf("ncclCommInitRankConfig");
}

uint64_t Call::Word(int position) const {
  if (position < 0) return 0;
  if (TakesUniqueId(info_->id)) {
    if (position == kUniqueIdPosition) return 0;
    if (position > kUniqueIdPosition) --position;
  }
  if (position < RANKLE_REGISTER_ARGUMENTS) return event_->registers[position];
  position -= RANKLE_REGISTER_ARGUMENTS;
  return position < RANKLE_STACK_WORDS ? event_->stack[position] : 0;
}

std::string_view Call::unique_id() const {
  if (!TakesUniqueId(info_->id)) return {};
  return {reinterpret_cast<const char*>(event_->stack), kUniqueIdBytes};
}

}  // namespace rankle::ebpf

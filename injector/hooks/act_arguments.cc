// `mutate`: the call is made with another count, type, root, operator, peer, communicator or stream.
#include "injector/hooks/inject.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {
namespace {

template <typename T>
bool Change(const HookCall& call, int position, const plan::ArmedFault& fault) {
  if (position < 0) return false;
  T& argument = call.Argument<T>(position);
  argument = static_cast<T>(fault.is_delta ? static_cast<int64_t>(argument) + fault.value : fault.value);
  return true;
}

bool ChangeComm(const HookCall& call, const plan::ArmedFault& fault) {
  const CommTable& comms = TheProcess().comms;
  if (call.info->args.comm < 0) return false;
  const int64_t position = fault.is_delta ? comms.PositionOf(call.comm()) + fault.value : fault.value;
  const ncclComm_t other = comms.HandleAt(position);
  if (other == nullptr) return false;
  call.Argument<ncclComm_t>(call.info->args.comm) = other;
  return true;
}

bool ChangeStream(const HookCall& call, const plan::ArmedFault& fault) {
  if (call.info->args.stream < 0) return false;
  const int64_t number = fault.is_delta ? StreamNumber(call.stream()) + fault.value : fault.value;
  const cudaStream_t other = number == 0 ? nullptr : StreamWithNumber(static_cast<uint32_t>(number));
  if (number != 0 && other == nullptr) return false;
  call.Argument<cudaStream_t>(call.info->args.stream) = other;
  return true;
}

}  // namespace

bool Mutate(HookCall& call, const plan::Decision& decision) {
  const plan::ArmedFault& fault = *decision.details;
  const api::ArgumentIndex& at = call.info->args;
  switch (fault.field) {
    case plan::MutateField::kCount:
      return Change<size_t>(call, at.count >= 0 ? at.count : at.bytes, fault);
    case plan::MutateField::kDatatype:
      return Change<int>(call, at.dtype, fault);
    case plan::MutateField::kRoot:
      return Change<int>(call, at.root, fault);
    case plan::MutateField::kOp:
      return Change<int>(call, at.redop, fault);
    case plan::MutateField::kPeer:
      return Change<int>(call, at.peer, fault);
    case plan::MutateField::kComm:
      return ChangeComm(call, fault);
    case plan::MutateField::kStream:
      return ChangeStream(call, fault);
    case plan::MutateField::kNone:
      break;
  }
  return false;
}

}  // namespace rankle::hooks

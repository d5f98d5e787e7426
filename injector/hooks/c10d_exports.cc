// The functions of libtorch_cpu.so that librankle.so stands in front of (c10d.h). Glue only. x86-64:
// elsewhere a hidden result pointer is passed in another way, and these jobs are recorded by PyTorch's Flight
// Recorder only.
#include <atomic>

#include "injector/api/table.h"
#include "injector/hooks/c10d.h"
#include "injector/hooks/export.h"

#ifdef __x86_64__

namespace rankle::hooks {
namespace {

constexpr auto kNoTensor = TensorPlace::kNoTensor, kFirstList = TensorPlace::kFirstList,
               kSecondList = TensorPlace::kSecondList, kFirstTensor = TensorPlace::kFirstTensor,
               kSecondTensor = TensorPlace::kSecondTensor;
constexpr auto kNobody = PeerPlace::kNobody, kRootInSecond = PeerPlace::kRootInSecond,
               kRootInThird = PeerPlace::kRootInThird, kPeerIsSecond = PeerPlace::kPeerIsSecond;

}  // namespace
}  // namespace rankle::hooks

using namespace rankle::hooks;  // NOLINT: exported functions have the names of others

#define RANKLE_REAL(type, symbol)                    \
  static constinit std::atomic<void*> slot{nullptr}; \
  const auto real = TorchFunction<type>(slot, #symbol)

extern "C" {

#define RANKLE_C10D(api_name, symbol, tensors, peer)                                                         \
  RANKLE_EXPORT void* symbol(void* result, void* group, void* a, void* b, void* c, void* d, void* e) {       \
    static constexpr C10dOperation kOperation{                                                               \
        #symbol, &rankle::api::kApiTable[rankle::api::IndexOf(rankle::api::IdOf(api_name))], tensors, peer}; \
    RANKLE_REAL(C10dFunction, symbol);                                                                       \
    C10dCall call{result, group, {a, b, c, d, e}};                                                           \
    return RunC10d(kOperation, real, call, __builtin_return_address(0));                                     \
  }
#include "injector/hooks/c10d_calls.inc"
#undef RANKLE_C10D

// Work is handed to the threads of the group: `work` is an intrusive_ptr that holds it.
RANKLE_EXPORT void
_ZN4c10d16ProcessGroupGloo7enqueueEN3c1013intrusive_ptrINS0_9AsyncWorkENS1_6detail34intrusive_target_default_null_typeIS3_EEEE(
    void* group, void** work) {
  RANKLE_REAL(
      void (*)(void*, void**),
      _ZN4c10d16ProcessGroupGloo7enqueueEN3c1013intrusive_ptrINS0_9AsyncWorkENS1_6detail34intrusive_target_default_null_typeIS3_EEEE);
  C10dEnqueued(*work);
  real(group, work);
}

// One of them runs it from beginning to end; errors go to finishWorkGlooError, not out of here.
RANKLE_EXPORT void
_ZN4c10d16ProcessGroupGloo9AsyncWork7executeERKN3c1013intrusive_ptrIS1_NS2_6detail34intrusive_target_default_null_typeIS1_EEEE(
    void** work) {
  RANKLE_REAL(
      void (*)(void**),
      _ZN4c10d16ProcessGroupGloo9AsyncWork7executeERKN3c1013intrusive_ptrIS1_NS2_6detail34intrusive_target_default_null_typeIS1_EEEE);
  C10dStarted(*work);
  real(work);
}

// Before whoever waits for the work learns that it is done: its next operation is entered after this one's
// end.
RANKLE_EXPORT void _ZN4c10d16ProcessGroupGloo9AsyncWork14finishWorkGlooEv(void* work) {
  RANKLE_REAL(void (*)(void*), _ZN4c10d16ProcessGroupGloo9AsyncWork14finishWorkGlooEv);
  C10dFinished(work);
  real(work);
}

RANKLE_EXPORT void
_ZN4c10d16ProcessGroupGloo9AsyncWork19finishWorkGlooErrorERKNSt15__exception_ptr13exception_ptrE(
    void* work, void* exception) {
  RANKLE_REAL(
      void (*)(void*, void*),
      _ZN4c10d16ProcessGroupGloo9AsyncWork19finishWorkGlooErrorERKNSt15__exception_ptr13exception_ptrE);
  C10dFailed(work);
  real(work, exception);
}

// Sends and receives have no thread: they are seen to be done when the program waits for them.
RANKLE_EXPORT bool _ZN4c10d16ProcessGroupGloo8SendWork4waitENSt6chrono8durationIlSt5ratioILl1ELl1000EEEE(
    void* work, int64_t timeout) {
  RANKLE_REAL(bool (*)(void*, int64_t),
              _ZN4c10d16ProcessGroupGloo8SendWork4waitENSt6chrono8durationIlSt5ratioILl1ELl1000EEEE);
  const bool done = real(work, timeout);
  C10dFinished(work);
  return done;
}

RANKLE_EXPORT bool _ZN4c10d16ProcessGroupGloo8RecvWork4waitENSt6chrono8durationIlSt5ratioILl1ELl1000EEEE(
    void* work, int64_t timeout) {
  RANKLE_REAL(bool (*)(void*, int64_t),
              _ZN4c10d16ProcessGroupGloo8RecvWork4waitENSt6chrono8durationIlSt5ratioILl1ELl1000EEEE);
  const bool done = real(work, timeout);
  C10dFinished(work);
  return done;
}

RANKLE_EXPORT void _ZN4c10d4Work14finishAndThrowENSt15__exception_ptr13exception_ptrE(void* work,
                                                                                      void* exception) {
  RANKLE_REAL(void (*)(void*, void*), _ZN4c10d4Work14finishAndThrowENSt15__exception_ptr13exception_ptrE);
  C10dFailed(work);
  real(work, exception);
}

RANKLE_EXPORT void
_ZN4c10d16ProcessGroupGlooC1ERKN3c1013intrusive_ptrINS_5StoreENS1_6detail34intrusive_target_default_null_typeIS3_EEEEiiNS2_INS0_7OptionsENS5_ISA_EEEE(
    void* group, void* store, int rank, int size, void* options) {
  RANKLE_REAL(
      void (*)(void*, void*, int, int, void*),
      _ZN4c10d16ProcessGroupGlooC1ERKN3c1013intrusive_ptrINS_5StoreENS1_6detail34intrusive_target_default_null_typeIS3_EEEEiiNS2_INS0_7OptionsENS5_ISA_EEEE);
  C10dCreation creation{real, group, store, rank, size, options};
  RunC10dCreation(creation, __builtin_return_address(0));
}

RANKLE_EXPORT void _ZN4c10d16ProcessGroupGlooD1Ev(void* group) {
  RANKLE_REAL(void (*)(void*), _ZN4c10d16ProcessGroupGlooD1Ev);
  C10dGroupEnds(group);
  real(group);
}

RANKLE_EXPORT void rankleProcessGroupBegins(const char* identity, const char* name) {
  C10dNameGroup(identity, name);
}

}  // extern "C"

#endif  // __x86_64__

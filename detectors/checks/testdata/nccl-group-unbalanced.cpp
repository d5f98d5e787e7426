#include <nccl.h>

#include <stdexcept>

bool Stop();
[[noreturn]] void Die();
#define CHECK(call) \
  if ((call) != ncclSuccess) Die()
#define TRY(call)                                 \
  do {                                            \
    ncclResult_t result_ = (call);                \
    if (result_ != ncclSuccess) return result_;   \
  } while (0)
#define ASYNC(call)                                                              \
  do {                                                                           \
    ncclResult_t result_ = (call);                                               \
    if (result_ != ncclSuccess && result_ != ncclInProgress) return result_;     \
  } while (0)
void Throwing(ncclResult_t result) {
  if (result != ncclSuccess) throw std::runtime_error("nccl");
}

bool EarlyReturn(float* a, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  if (Stop()) return false;
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(ncclGroupEnd());
  return true;
}
ncclResult_t ErrorMacro(float* a, ncclComm_t comm, cudaStream_t stream) {
  TRY(ncclGroupStart());  // warns: nccl-group-unbalanced
  TRY(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  TRY(ncclGroupEnd());
  return ncclSuccess;
}
void Exception(float* a, ncclComm_t comm, cudaStream_t stream) {
  Throwing(ncclGroupStart());  // warns: nccl-group-unbalanced
  Throwing(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  Throwing(ncclGroupEnd());
}
void OneEndTooMany(bool grouped) {
  if (grouped) CHECK(ncclGroupStart());
  if (grouped) CHECK(ncclGroupEnd());
  if (!grouped) CHECK(ncclGroupEnd());  // warns: nccl-group-unbalanced
}
void Begin() { CHECK(ncclGroupStart()); }
void End() { CHECK(ncclGroupEnd()); }
void ThroughWrappers() {
  Begin();  // warns: nccl-group-unbalanced
  if (Stop()) return;
  End();
}

void Balanced(float* a, ncclComm_t comm, cudaStream_t stream) {
  Begin();
  CHECK(ncclGroupStart());
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(ncclGroupEnd());
  End();
}
bool Correlated(int n, bool many, float* a, ncclComm_t comm, cudaStream_t stream) {
  const bool grouped = n > 1;
  if (grouped) CHECK(ncclGroupStart());
  for (int i = 0; i < n; ++i) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  if (many && Stop()) a = nullptr;
  if (n <= 1) return true;
  CHECK(ncclGroupEnd());
  return false;
}
ncclResult_t StartFailed() {
  if (ncclGroupStart() != ncclSuccess) return ncclSystemError;
  return ncclGroupEnd();
}
ncclResult_t InProgress() {
  ASYNC(ncclGroupStart());
  ASYNC(ncclGroupEnd());
  return ncclSuccess;
}
class Group {
 public:
  Group() { CHECK(ncclGroupStart()); }
  ~Group() { CHECK(ncclGroupEnd()); }
};
ncclResult_t Raii(float* a, ncclComm_t comm, cudaStream_t stream) {
  Group group;
  TRY(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  if (Stop()) throw std::runtime_error("stop");
  return ncclSuccess;
}
void ClosedInTheHandler() {
  CHECK(ncclGroupStart());
  try {
    if (Stop()) throw std::runtime_error("stop");
  } catch (const std::exception&) {
    CHECK(ncclGroupEnd());
    throw;
  }
  CHECK(ncclGroupEnd());
}
void ProcessEnds() {
  CHECK(ncclGroupStart());
  if (Stop()) Die();
  CHECK(ncclGroupEnd());
}

struct Stopped {};
struct StoppedEarly : Stopped {};
void ThrownPastTheHandler(float* a, bool stop, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  try {
    if (stop) throw 1;
    CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  } catch (const Stopped&) {
  }
  CHECK(ncclGroupEnd());
}
void ThrownToTheHandlerOfItsBase(float* a, bool stop, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclGroupStart());
  try {
    if (stop) throw StoppedEarly{};
    CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  } catch (const Stopped&) {
  }
  CHECK(ncclGroupEnd());
}

// The wrappers, used by another file.
#include "check.h"

void Begin() {
  NCCL_CHECK(ncclGroupStart());
}
void End() {
  NCCL_CHECK(ncclGroupEnd());
}

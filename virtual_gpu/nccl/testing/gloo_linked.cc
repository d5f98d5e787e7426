// Unit tests are linked to Gloo and open nothing.
#include "virtual_gpu/nccl/gloo_connections.h"

namespace rankle::virtual_nccl {

absl::StatusOr<ConnectFunction*> GlooConnect() { return &ConnectGloo; }

}  // namespace rankle::virtual_nccl

// Looks after links whose operations are blocked: a rank that waits for a receive must also learn that the
// peer of one of its pending sends has died, as NCCL's proxy thread does. One sleeping thread a process; it
// never keeps the process from ending.
#pragma once

#include <mutex>

namespace rankle::virtual_nccl {

class Watched {
 public:
  Watched();
  virtual ~Watched() = default;
  // Called every now and then from the watching thread, until Unwatch.
  virtual void LookForLoss() = 0;

 protected:
  // A derived class calls this first in its destructor.
  void Unwatch();
};

}  // namespace rankle::virtual_nccl

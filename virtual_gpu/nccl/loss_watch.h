// Looks after links whose operations are blocked: a rank that waits for a receive must also learn that the
// peer of one of its pending sends has died, as NCCL's proxy thread does. One sleeping thread a process; it
// never keeps the process from ending.
#pragma once

#include <mutex>

namespace rankle::virtual_nccl {

class Watched {
 public:
  virtual ~Watched() = default;
  // Called every now and then from the watching thread, from Watch to Unwatch.
  virtual void LookForLoss() = 0;

 protected:
  // A derived class calls these last in its constructor and first in its destructor: the thread may call at
  // any time in between.
  void Watch();
  void Unwatch();
};

}  // namespace rankle::virtual_nccl

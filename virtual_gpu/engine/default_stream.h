// Which default stream handle 0 means on the calling thread.
#pragma once

namespace rankle::vgpu {

// While one lives, handle 0 means the calling thread's default stream: the *_ptsz and *_ptds entry points.
class PerThreadDefaultScope {
 public:
  PerThreadDefaultScope();
  ~PerThreadDefaultScope();
  PerThreadDefaultScope(const PerThreadDefaultScope&) = delete;
  PerThreadDefaultScope& operator=(const PerThreadDefaultScope&) = delete;

 private:
  bool previous_;
};

}  // namespace rankle::vgpu

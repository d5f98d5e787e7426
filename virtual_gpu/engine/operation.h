// One piece of device work. A stream runs it once; a graph keeps it and runs it at every launch.
// Run() is called without any engine lock, on a stream's worker thread or, for quick operations on an idle
// stream, on the thread that enqueued it. The destructor is the place to release what the operation holds: it
// runs exactly once, when the work can no longer run.
#pragma once

#include <cstdint>
#include <memory>

namespace rankle::vgpu {

enum class NodeKind { kEmpty, kKernel, kMemcpy, kMemset, kHost, kEventRecord, kEventWait, kChildGraph };

class Operation {
 public:
  virtual ~Operation() = default;

  // `start_ns` is the device time at which the operation starts on its stream.
  virtual void Run(uint64_t start_ns) = 0;

  virtual NodeKind kind() const = 0;

  // The linkage name of a kernel.
  virtual const char* name() const { return ""; }

  // Time that passes on the stream without any computing: the duration of a kernel.
  virtual uint64_t modelled_ns() const { return 0; }

  // True when it neither blocks nor calls foreign code, so that it may run in place on an idle stream.
  virtual bool quick() const { return false; }

  // Set once the work was queued or captured: from then on the operation owns what it was given.
  void Accept() { accepted_ = true; }

 protected:
  bool accepted() const { return accepted_; }

 private:
  bool accepted_ = false;
};

using OperationPtr = std::shared_ptr<Operation>;

// Holds a place in a stream's order: the carrier of dependencies.
class Marker final : public Operation {
 public:
  void Run(uint64_t) override {}
  NodeKind kind() const override { return NodeKind::kEmpty; }
  bool quick() const override { return true; }
};

}  // namespace rankle::vgpu

#include "injector/sites/testing/shapes.h"

#include <alloca.h>

#include <cstring>
#include <functional>
#include <iterator>
#include <stdexcept>

namespace rankle::sites::testing_shapes {
namespace {

// Makes the compiler believe that memory is read, and keeps the call before it from being a tail call.
inline void Use(const volatile void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

[[gnu::noinline]] void Plain(Probe probe, size_t) {
  probe();
  Use(nullptr);
}

[[gnu::noinline]] void LargeFrame(Probe probe, size_t size) {
  char buffer[40'000];
  memset(buffer, static_cast<int>(size), sizeof(buffer));
  Use(buffer);
  probe();
  Use(buffer);
}

[[gnu::noinline]] void SizeAtRunTime(Probe probe, size_t size) {
  auto* const buffer = static_cast<char*>(alloca(size * 16 + 16));
  memset(buffer, 1, size * 16 + 16);
  probe();
  Use(buffer);
}

[[gnu::noinline]] void Realigned(Probe probe, size_t size) {
  alignas(128) char buffer[256];
  memset(buffer, static_cast<int>(size), sizeof(buffer));
  Use(buffer);
  probe();
  Use(buffer);
}

[[gnu::noinline]] void RealignedAndSizeAtRunTime(Probe probe, size_t size) {
  alignas(64) char buffer[64];
  auto* const more = static_cast<char*>(alloca(size * 32 + 8));
  Use(buffer);
  Use(more);
  probe();
  Use(buffer);
  Use(more);
}

[[gnu::noinline]] void ManyArguments(Probe probe, size_t a, size_t b, size_t c, size_t d, size_t e, size_t f,
                                     size_t g, size_t h) {
  Use(&h);
  probe();
  Use(&g);
  Use(reinterpret_cast<const void*>(a + b + c + d + e + f));
}
[[gnu::noinline]] void ArgumentsOnTheStack(Probe probe, size_t size) {
  ManyArguments(probe, size, size, size, size, size, size, size, size);
  Use(nullptr);
}

[[gnu::noinline]] void Recursive(Probe probe, size_t size) {
  if (size % 4 != 0) {
    Recursive(probe, size - 1);
  } else {
    probe();
  }
  Use(&size);
}

[[gnu::noinline]] void ThroughAFunctionObject(Probe probe, size_t size) {
  const std::function<void()> call = [probe, size] {
    probe();
    Use(&size);
  };
  call();
  Use(&call);
}

[[gnu::noinline]] void WhileUnwinding(Probe probe, size_t size) {
  struct CallsAtExit {
    Probe probe;
    ~CallsAtExit() { probe(); }
  };
  try {
    const CallsAtExit guard{probe};
    if (size < 1'000'000) throw std::runtime_error("shape");
  } catch (const std::runtime_error& error) {
    Use(&error);
  }
}

}  // namespace

const Shape kShapes[] = {
    {"plain", Plain},
    {"large frame", LargeFrame},
    {"size at run time", SizeAtRunTime},
    {"realigned", Realigned},
    {"realigned, size at run time", RealignedAndSizeAtRunTime},
    {"arguments on the stack", ArgumentsOnTheStack},
    {"recursive", Recursive},
    {"through a function object", ThroughAFunctionObject},
    {"while unwinding", WhileUnwinding},
};
const size_t kShapeCount = std::size(kShapes);

[[gnu::noinline]] void CallFromHere(const Shape& shape, Probe probe, size_t size) {
  shape.call(probe, size);
  Use(&shape);
}
[[gnu::noinline]] void CallFromThere(const Shape& shape, Probe probe, size_t size) {
  Use(&probe);
  shape.call(probe, size);
  Use(nullptr);
}

}  // namespace rankle::sites::testing_shapes

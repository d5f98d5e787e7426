// Functions of the shapes that compilers give frames, compiled with optimisation and without frame pointers:
// each calls `probe` once, from a frame of its shape.
#pragma once

#include <cstddef>

namespace rankle::sites::testing_shapes {

using Probe = void (*)();

struct Shape {
  const char* name;
  // `size` is used where the shape has a size that is known at run time only.
  void (*call)(Probe probe, size_t size);
};
extern const Shape kShapes[];
extern const size_t kShapeCount;

// Two callers of a shape: the frame above the shape tells them apart.
void CallFromHere(const Shape& shape, Probe probe, size_t size);
void CallFromThere(const Shape& shape, Probe probe, size_t size);

}  // namespace rankle::sites::testing_shapes

#include "virtual_gpu/engine/copy.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "virtual_gpu/engine/engine.h"
#include "virtual_gpu/engine/memory.h"
#include "virtual_gpu/engine/submit.h"

namespace rankle::vgpu {
namespace {

// Work below this size is done in place on an idle stream: cheaper than waking a thread.
constexpr size_t kQuickBytes = 64 * 1024;

enum class Place { kPageable, kPinned, kDevice, kManaged };

Place PlaceOf(const void* pointer) {
  Allocation allocation;
  if (!FindAllocation(pointer, &allocation)) return Place::kPageable;
  if (allocation.host()) return Place::kPinned;
  return allocation.kind == MemoryKind::kManaged ? Place::kManaged : Place::kDevice;
}

// First to last byte that the box touches.
size_t Extent(size_t width, size_t height, size_t depth, size_t pitch, size_t slice) {
  return (depth - 1) * slice + (height - 1) * pitch + width;
}

template <typename RowAction>
void ForEachRow(size_t height, size_t depth, RowAction action) {
  for (size_t z = 0; z < depth; ++z) {
    for (size_t y = 0; y < height; ++y) action(y, z);
  }
}

class CopyOperation final : public Operation {
 public:
  explicit CopyOperation(const CopyBox& box) : box_(box) {}

  // Reads the (pageable) source now, so that the caller may change it.
  void Stage() {
    staged_.resize(box_.width * box_.height * box_.depth);
    CopyBox stage = box_;
    stage.dst = staged_.data();
    stage.dst_pitch = box_.width;
    stage.dst_slice = box_.width * box_.height;
    Move(stage);
    box_.src = staged_.data();
    box_.src_pitch = stage.dst_pitch;
    box_.src_slice = stage.dst_slice;
  }

  void Run(uint64_t) override { Move(box_); }
  NodeKind kind() const override { return NodeKind::kMemcpy; }
  bool quick() const override { return box_.width * box_.height * box_.depth <= kQuickBytes; }

 private:
  static void Move(const CopyBox& box) {
    ForEachRow(box.height, box.depth, [&](size_t y, size_t z) {
      memmove(static_cast<char*>(box.dst) + z * box.dst_slice + y * box.dst_pitch,
              static_cast<const char*>(box.src) + z * box.src_slice + y * box.src_pitch, box.width);
    });
  }

  CopyBox box_;
  std::vector<char> staged_;
};

class FillOperation final : public Operation {
 public:
  explicit FillOperation(const FillBox& box) : box_(box) {}

  void Run(uint64_t) override {
    ForEachRow(box_.height, box_.depth, [&](size_t y, size_t z) {
      char* row = static_cast<char*>(box_.dst) + z * box_.slice + y * box_.pitch;
      if (box_.element_bytes == 1) {
        memset(row, static_cast<int>(box_.value), box_.width);
        return;
      }
      for (size_t i = 0; i < box_.width; ++i)
        memcpy(row + i * box_.element_bytes, &box_.value, box_.element_bytes);
    });
  }
  NodeKind kind() const override { return NodeKind::kMemset; }
  bool quick() const override {
    return box_.element_bytes * box_.width * box_.height * box_.depth <= kQuickBytes;
  }

 private:
  FillBox box_;
};

bool BadPitches(const CopyBox& box) {
  if (box.height > 1 && (box.dst_pitch < box.width || box.src_pitch < box.width)) return true;
  return box.depth > 1 &&
         (box.dst_slice < box.dst_pitch * box.height || box.src_slice < box.src_pitch * box.height);
}

Error CheckSide(const void* pointer, size_t extent, bool must_be_device) {
  if (pointer == nullptr) return cudaErrorInvalidValue;
  const bool known = PlaceOf(pointer) != Place::kPageable;
  if (!known) return must_be_device ? cudaErrorInvalidValue : cudaSuccess;
  return IsAccessible(pointer, extent) ? cudaSuccess : cudaErrorInvalidValue;
}

Error Check(const CopyBox& box, cudaMemcpyKind kind) {
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
  if (BadPitches(box)) return cudaErrorInvalidPitchValue;
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  const size_t dst_extent = Extent(box.width, box.height, box.depth, box.dst_pitch, box.dst_slice);
  const size_t src_extent = Extent(box.width, box.height, box.depth, box.src_pitch, box.src_slice);
  if (const Error error = CheckSide(box.dst, dst_extent, to_device)) return error;
  return CheckSide(box.src, src_extent, from_device);
}

bool Empty(const CopyBox& box) { return box.width == 0 || box.height == 0 || box.depth == 0; }

Error WaitFor(const std::shared_ptr<Stream>& stream, uint64_t ticket) {
  return ticket == 0 ? cudaSuccess : stream->Wait(ticket);
}

bool OnHost(Place place) { return place == Place::kPageable || place == Place::kPinned; }

}  // namespace

Error Copy(const CopyBox& box, cudaMemcpyKind kind, CUstream_st* stream_handle, Blocking blocking) {
  std::shared_ptr<Stream> stream;
  if (const Error error = FindStream(stream_handle, &stream)) return error;
  if (Empty(box)) return cudaSuccess;
  if (const Error error = Check(box, kind)) return error;
  // A blocking copy is a call of its own on the default stream: nothing of it can be captured.
  if (blocking == Blocking::kYes && stream->capturing) return cudaErrorStreamCaptureImplicit;
  const Place src = PlaceOf(box.src), dst = PlaceOf(box.dst);
  auto operation = std::make_shared<CopyOperation>(box);
  bool wait = blocking == Blocking::kYes && (OnHost(src) || OnHost(dst));
  if (!stream->capturing) {
    if (src == Place::kPageable && operation->quick() && !wait) operation->Stage();
    wait |= src == Place::kPageable && !operation->quick();
    wait |= dst == Place::kPageable;
  }
  uint64_t ticket;
  if (const Error error = Submit(stream, std::move(operation), &ticket)) return error;
  return wait ? WaitFor(stream, ticket) : cudaSuccess;
}

Error Fill(const FillBox& box, CUstream_st* stream_handle, Blocking blocking) {
  std::shared_ptr<Stream> stream;
  OperationPtr operation;
  if (const Error error = FindStream(stream_handle, &stream)) return error;
  if (box.width == 0 || box.height == 0 || box.depth == 0) return cudaSuccess;
  if (const Error error = MakeFill(box, &operation)) return error;
  const bool wait = blocking == Blocking::kYes && PlaceOf(box.dst) == Place::kPinned;
  uint64_t ticket;
  if (const Error error = Submit(stream, std::move(operation), &ticket)) return error;
  return wait ? WaitFor(stream, ticket) : cudaSuccess;
}

Error MakeCopy(const CopyBox& box, cudaMemcpyKind kind, OperationPtr* operation) {
  if (Empty(box)) {
    *operation = std::make_shared<Marker>();
    return cudaSuccess;
  }
  if (const Error error = Check(box, kind)) return error;
  *operation = std::make_shared<CopyOperation>(box);
  return cudaSuccess;
}

Error MakeFill(const FillBox& box, OperationPtr* operation) {
  const size_t row = box.width * box.element_bytes;
  if (box.height > 1 && box.pitch < row) return cudaErrorInvalidPitchValue;
  const size_t extent = Extent(row, box.height, box.depth, box.pitch, box.slice);
  if (const Error error = CheckSide(box.dst, extent, /*must_be_device=*/true)) return error;
  *operation = std::make_shared<FillOperation>(box);
  return cudaSuccess;
}

}  // namespace rankle::vgpu

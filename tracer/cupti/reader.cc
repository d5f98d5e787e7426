#include "tracer/cupti/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace rankle::cupti {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

bool Fits(uint64_t offset, uint64_t count, uint64_t element, uint64_t size) {
  return offset % 64 == 0 && offset <= size && count <= (size - offset) / element;
}

template <size_t N>
std::string Text(const char (&text)[N]) {
  return std::string(text, strnlen(text, N));
}

// 0 = free, or written to while it was read: the next look will have it.
uint64_t ReadRow(const KernelRow& row, Kernel& kernel) {
  const uint64_t number = row.number.load(std::memory_order_acquire);
  if (number == 0) return 0;
  kernel = {number, row.start_ns, row.end_ns, row.device, row.stream, row.correlation, row.graph, row.name};
  std::atomic_thread_fence(std::memory_order_acquire);
  return row.number.load(kRelaxed) == number ? number : 0;
}

}  // namespace

bool LooksLikeKernelRecord(std::string_view first_bytes) {
  return first_bytes.substr(0, sizeof(kMagic)) == std::string_view(kMagic, sizeof(kMagic));
}

absl::StatusOr<KernelRecord> ParseKernelRecord(std::string_view bytes, std::string_view name) {
  const std::string file(name);
  if (!LooksLikeKernelRecord(bytes))
    return absl::InvalidArgumentError(absl::StrCat(file, ": not a kernel record"));
  if (bytes.size() < sizeof(FileHeader))
    return absl::DataLossError(absl::StrCat(file, ": cut short inside the header"));
  // Atomics are read as what they are. A mapping has their alignment; other bytes get it by a copy.
  std::vector<FileHeader> storage;
  const char* base = bytes.data();
  if (reinterpret_cast<uintptr_t>(base) % alignof(FileHeader) != 0) {
    storage = std::vector<FileHeader>((bytes.size() + sizeof(FileHeader) - 1) / sizeof(FileHeader));
    base =
        static_cast<const char*>(std::memcpy(static_cast<void*>(storage.data()), bytes.data(), bytes.size()));
  }
  const auto& h = *reinterpret_cast<const FileHeader*>(base);
  if (h.version_major != kVersionMajor) {
    return absl::UnimplementedError(absl::StrCat(file, ": kernel record of version ", h.version_major,
                                                 "; this program reads version ", kVersionMajor));
  }
  if (h.name_bytes != sizeof(NameEntry) || h.row_bytes != sizeof(KernelRow) ||
      !Fits(h.name_offset, h.name_capacity, sizeof(NameEntry), bytes.size()) ||
      !Fits(h.row_offset, h.row_capacity, sizeof(KernelRow), bytes.size())) {
    return absl::DataLossError(absl::StrCat(file, ": cut short or damaged"));
  }
  KernelRecord record;
  record.path = file, record.host = Text(h.host), record.pid = h.pid, record.rank = h.rank;
  record.job_id = h.job_id, record.start_realtime_ns = h.start_realtime_ns;
  record.start_monotonic_ns = h.start_monotonic_ns;
  record.lost = h.lost.load(kRelaxed), record.total = h.kernels.load(kRelaxed);
  const auto* names = reinterpret_cast<const NameEntry*>(base + h.name_offset);
  for (uint32_t i = 0; i < h.name_capacity; ++i) {
    record.names.push_back(names[i].used.load(std::memory_order_acquire) == 0 ? "" : Text(names[i].text));
  }
  const auto* rows = reinterpret_cast<const KernelRow*>(base + h.row_offset);
  for (uint32_t i = 0; i < h.row_capacity; ++i) {
    Kernel kernel;
    const uint64_t number = ReadRow(rows[i], kernel);
    if (number == 0) continue;
    const bool sound = (number - 1) % h.row_capacity == i && kernel.start_ns != 0 &&
                       kernel.end_ns >= kernel.start_ns && kernel.end_ns <= INT64_MAX &&
                       (kernel.name == kNoName || kernel.name < h.name_capacity);
    sound ? record.kernels.push_back(kernel) : void(++record.malformed);
  }
  std::sort(record.kernels.begin(), record.kernels.end(),
            [](const Kernel& a, const Kernel& b) { return a.number < b.number; });
  return record;
}

absl::StatusOr<KernelRecord> ReadKernelRecord(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened: ", std::strerror(errno)));
  struct stat info {};
  void* map = MAP_FAILED;
  if (fstat(fd, &info) == 0 && info.st_size > 0)
    map = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED)
    return absl::DataLossError(absl::StrCat(path, ": empty, or cannot be mapped: no kernel record"));
  const auto size = static_cast<size_t>(info.st_size);
  auto record = ParseKernelRecord(std::string_view(static_cast<const char*>(map), size), path);
  munmap(map, size);
  return record;
}

}  // namespace rankle::cupti

#include "tracer/cupti/reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tracer/files/record_bytes.h"

namespace rankle::cupti {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

using files::Text;

// 0 = free, or written to while it was read: the next look will have it.
uint64_t ReadRow(const KernelRow& row, Kernel& kernel) {
  const uint64_t number = row.number.load(std::memory_order_acquire);
  if (number == 0) return 0;
  kernel = {number, row.start_ns, row.end_ns, row.device, row.stream, row.correlation, row.graph, row.name};
  std::atomic_thread_fence(std::memory_order_acquire);
  return row.number.load(kRelaxed) == number ? number : 0;
}

}  // namespace

bool LooksLikeKernelRecord(std::string_view first_bytes) { return files::HasMagic(first_bytes, kMagic); }

absl::StatusOr<KernelRecord> ParseKernelRecord(std::string_view bytes, std::string_view name) {
  const std::string file(name);
  const auto opened = files::OpenRecord<FileHeader>(bytes, file, kMagic, kVersionMajor, "kernel record");
  if (!opened.ok()) return opened.status();
  const FileHeader& h = opened->header();
  const auto* names = opened->Table<NameEntry>(h.name_offset, h.name_capacity, h.name_bytes);
  const auto* rows = opened->Table<KernelRow>(h.row_offset, h.row_capacity, h.row_bytes);
  if (names == nullptr || rows == nullptr)
    return absl::DataLossError(absl::StrCat(file, ": cut short or damaged"));
  KernelRecord record;
  record.path = file, record.host = Text(h.host), record.pid = h.pid, record.rank = h.rank;
  record.job_id = h.job_id, record.start_realtime_ns = h.start_realtime_ns;
  record.start_monotonic_ns = h.start_monotonic_ns;
  record.lost = h.lost.load(kRelaxed), record.total = h.kernels.load(kRelaxed);
  for (uint32_t i = 0; i < h.name_capacity; ++i) {
    record.names.push_back(names[i].used.load(std::memory_order_acquire) == 0 ? "" : Text(names[i].text));
  }
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
  const auto file = files::MappedFile::Open(path, "kernel record");
  return file.ok() ? ParseKernelRecord(file->bytes(), path) : file.status();
}

}  // namespace rankle::cupti

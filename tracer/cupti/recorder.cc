#include "tracer/cupti/recorder.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "tracer/files/create_mapped.h"

namespace rankle::cupti {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint64_t kNameOffset = sizeof(FileHeader);
constexpr uint64_t kRowOffset = kNameOffset + kNameCapacity * sizeof(NameEntry);
static_assert(kRowOffset % sizeof(FileHeader) == 0);

// Copies with truncation; the destination is always terminated.
template <size_t N>
void CopyText(char (&to)[N], const char* from) {
  const size_t length = strnlen(from, N - 1);
  memcpy(to, from, length);
  to[length] = '\0';
}

}  // namespace

Recorder::~Recorder() {
  if (header_ != nullptr) munmap(header_, header_->file_bytes);
}

int Recorder::Create(const char* path, const files::Identity& identity, uint32_t rows) {
  if (header_ != nullptr) return EALREADY;
  const uint64_t bytes = kRowOffset + uint64_t{rows} * sizeof(KernelRow);
  void* map = nullptr;
  if (const int error = files::CreateMapped(path, bytes, &map); error != 0) return error;
  auto* const base = static_cast<char*>(map);
  auto* const header = reinterpret_cast<FileHeader*>(base);
  header->version_major = kVersionMajor, header->version_minor = kVersionMinor;
  header->header_bytes = sizeof(FileHeader), header->file_bytes = bytes;
  header->name_offset = kNameOffset, header->name_capacity = kNameCapacity;
  header->name_bytes = sizeof(NameEntry);
  header->row_offset = kRowOffset, header->row_capacity = rows, header->row_bytes = sizeof(KernelRow);
  header->pid = identity.pid, header->rank = identity.rank, header->job_id = identity.job_id;
  header->start_realtime_ns = identity.realtime_ns, header->start_monotonic_ns = identity.monotonic_ns;
  CopyText(header->host, identity.host);
  names_ = reinterpret_cast<NameEntry*>(base + kNameOffset);
  rows_ = reinterpret_cast<KernelRow*>(base + kRowOffset);
  capacity_ = rows;
  // The magic comes last: a file with it has a whole header.
  std::atomic_thread_fence(std::memory_order_release);
  memcpy(header->magic, kMagic, sizeof(kMagic));
  header_ = header;
  return 0;
}

// Called with the lock held.
uint32_t Recorder::NameIndex(const char* name) {
  const auto is = [&](uint32_t i) {
    return names_[i].used.load(kRelaxed) != 0 &&
           strncmp(names_[i].text, name, sizeof(names_[i].text) - 1) == 0;
  };
  if (is(last_name_)) return last_name_;
  for (uint32_t i = 0; i < kNameCapacity; ++i) {
    if (names_[i].used.load(kRelaxed) == 0) {
      CopyText(names_[i].text, name);
      names_[i].used.store(1, std::memory_order_release);
      return last_name_ = i;
    }
    if (is(i)) return last_name_ = i;
  }
  return kNoName;
}

void Recorder::OnKernel(const KernelActivity& kernel) {
  if (header_ == nullptr) return;
  pthread_mutex_lock(&mutex_);
  const uint64_t number = header_->kernels.fetch_add(1, kRelaxed) + 1;
  KernelRow& row = rows_[(number - 1) & (capacity_ - 1)];
  row.number.store(0, kRelaxed);
  std::atomic_thread_fence(std::memory_order_release);  // a reader that sees new values sees the 0, too
  row.start_ns = kernel.start_ns, row.end_ns = kernel.end_ns;
  row.device = kernel.device, row.stream = kernel.stream;
  row.correlation = kernel.correlation, row.graph = kernel.graph;
  row.name = NameIndex(kernel.name);
  row.number.store(number, std::memory_order_release);
  pthread_mutex_unlock(&mutex_);
}

void Recorder::OnLost(uint64_t kernels) {
  if (header_ != nullptr) header_->lost.fetch_add(kernels, kRelaxed);
}

}  // namespace rankle::cupti

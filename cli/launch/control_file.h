// The control page of a run as a file (injector/plan/control.h): created by `rankle run`, opened by `rankle
// release`.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "injector/plan/control.h"

namespace rankle::cli {

class ControlFile {
 public:
  static absl::StatusOr<ControlFile> Create(const std::string& path, uint32_t fault_count);
  static absl::StatusOr<ControlFile> Open(const std::string& path);
  ControlFile(ControlFile&& other) noexcept;
  ControlFile& operator=(ControlFile&& other) noexcept;
  ~ControlFile();

  plan::ControlPage& page() { return *page_; }
  size_t fault_count() const;
  // Ends the hangs of one fault; returns how many threads were hanging on it.
  uint32_t Release(size_t fault);

 private:
  explicit ControlFile(plan::ControlPage* page) : page_(page) {}
  static absl::StatusOr<plan::ControlPage*> Map(int fd, const std::string& path);
  plan::ControlPage* page_ = nullptr;
};

}  // namespace rankle::cli

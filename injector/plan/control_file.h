// Creates and maps the control page (control.h) for the command line: `rankle run` creates it, `rankle
// release` opens it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "injector/plan/control.h"

namespace rankle::plan {

// Owns the mapping; the file stays until its directory is removed. Movable. Safe to use from several threads.
class ControlFile {
 public:
  static absl::StatusOr<ControlFile> Create(const std::string& path, size_t fault_count);
  static absl::StatusOr<ControlFile> Open(const std::string& path);
  ControlFile(ControlFile&& other) noexcept;
  ControlFile& operator=(ControlFile&& other) noexcept;
  ~ControlFile();

  ControlPage* page() const { return page_; }
  size_t fault_count() const { return page_->fault_count; }
  // Ends the hangs of one fault, now and in future, in every process. Returns how many threads hung on it.
  uint32_t Release(size_t fault);
  // Ends all hangs: the run is being ended.
  void Stop();

 private:
  explicit ControlFile(ControlPage* page) : page_(page) {}
  static absl::StatusOr<ControlFile> Map(const std::string& path, int flags);
  ControlPage* page_ = nullptr;
};

}  // namespace rankle::plan

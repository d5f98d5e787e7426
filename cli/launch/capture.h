// Keeps what a job prints: every process of the job writes into pipes (pseudo-terminals where the user's own
// stream is a terminal, so that colours and progress bars stay), a helper process reads them (tee.h). Why a
// process of its own: docs/live.md. Owned by the supervisor, which keeps the reading ends too: a helper that
// is killed is replaced, and the job neither gets SIGPIPE nor waits for ever.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/launch/file_descriptor.h"
#include "cli/launch/tee.h"

namespace rankle::cli {

class Capture {
 public:
  explicit Capture(std::string log_directory) : log_directory_(std::move(log_directory)) {}

  // The writing ends for one process; close them when it has started.
  struct Ends {
    FileDescriptor out, err;
  };
  // `log_name`: "rank3". On an error nothing is captured of this process.
  absl::StatusOr<Ends> Open(const std::string& log_name);
  // For a process that may be started again: Open returns these then. While they are kept, the streams do not
  // end.
  void Keep(const std::string& log_name, Ends ends) { kept_[log_name] = std::move(ends); }
  void ReleaseKept() { kept_.clear(); }

  // Starts the helper, once all processes of the job have their ends.
  void Start();
  bool IsRunning() const { return helper_ > 0; }
  pid_t helper() const { return helper_; }
  // The helper ended: starts another one where there is something left to read.
  void OnHelperEnd(int wait_status);
  // The helper ended, and nobody wants the rest.
  void Abandon() { helper_ = 0; }
  // In a forked child: while it held the reading ends, ranks would not notice that their reader has gone.
  void ReleaseInChild();
  // The user's terminal has another size.
  void CopyWindowSize() const;

 private:
  absl::Status OpenOne(int user_stream, size_t log, FileDescriptor& end);
  void CloseSources(int destination);

  std::string log_directory_;
  std::vector<TeeStream> streams_;
  std::vector<FileDescriptor> sources_;  // by stream
  std::vector<bool> is_terminal_;        // by stream
  std::vector<std::string> log_names_;
  std::map<std::string, Ends> kept_;
  pid_t helper_ = 0;
  int replaced_ = 0;
};

}  // namespace rankle::cli

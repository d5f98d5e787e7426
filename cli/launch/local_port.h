// A TCP port of 127.0.0.1 for the rendezvous of a local launch, kept for one job.
//
// A port that is merely seen to be free can be taken before the job binds it. Two things take it: outgoing
// connections, which use the kernel's ephemeral range, so the port lies below that range; and other rankle
// runs, which are kept off by an abstract Unix socket named after the port. Nothing is left behind: the
// kernel drops that socket with its owner.
#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "cli/launch/file_descriptor.h"

namespace rankle::cli {

class LocalPort {
 public:
  static absl::StatusOr<LocalPort> Reserve();
  int number() const { return number_; }

 private:
  LocalPort(FileDescriptor claim, int number) : claim_(std::move(claim)), number_(number) {}
  FileDescriptor claim_;
  int number_ = 0;
};

}  // namespace rankle::cli

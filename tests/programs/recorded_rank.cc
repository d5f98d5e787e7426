// A rank without NCCL that keeps a flight record by hand, for tests of hang detection:
//   recorded_rank stuck          rank 0 enters an all-reduce that the others never enter
//   recorded_rank compute MS     records nothing and has nothing in flight for so long, then ends well
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <string>

#include "injector/api/api.h"
#include "tracer/record/writer.h"

namespace {

uint64_t Now(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  const char* directory = getenv("RANKLE_OUT");
  if (argc < 2 || directory == nullptr) return 2;
  rankle::record::Writer writer;
  rankle::record::ProcessIdentity identity;
  identity.rank = atoi(getenv("RANK") ? getenv("RANK") : "0");
  identity.world_size = atoi(getenv("WORLD_SIZE") ? getenv("WORLD_SIZE") : "1");
  identity.pid = getpid();
  identity.realtime_ns = Now(CLOCK_REALTIME);
  identity.monotonic_ns = Now(CLOCK_MONOTONIC);
  const std::string path = std::string(directory) + "/flight-" + std::to_string(getpid()) + "-" +
                           std::to_string(identity.monotonic_ns) + ".rkl";
  if (const int error = writer.Create(path.c_str(), {}, identity); error != 0) {
    fprintf(stderr, "%s: %s\n", path.c_str(), strerror(error));
    return 1;
  }
  const uint16_t comm =
      writer.AddComm(/*id=*/7, /*parent_id=*/0, identity.rank, identity.world_size, /*device=*/0,
                     /*color=*/-1, "world", identity.monotonic_ns);
  writer.comm(comm)->state.store(static_cast<uint32_t>(rankle::record::CommState::kReady));
  writer.comm(comm)->ready_ns.store(identity.monotonic_ns);
  rankle::record::NewRecord operation;
  operation.kind = rankle::record::Kind::kOperation;
  operation.entered_ns = Now(CLOCK_MONOTONIC);
  operation.api = rankle::api::FindApi("ncclAllReduce")->id;
  operation.comm = comm;
  operation.count = 1024;
  operation.dtype = 7;  // float32
  operation.redop = 0;  // sum
  operation.seq = 1;
  if (strcmp(argv[1], "stuck") == 0) {
    if (identity.rank == 0) {
      writer.comm(comm)->last_seq.store(1);
      writer.Begin(operation, rankle::record::State::kEntered);
    }
    for (;;) pause();
  }
  writer.comm(comm)->last_seq.store(1);
  writer.Write(operation);
  writer.comm(comm)->state.store(static_cast<uint32_t>(rankle::record::CommState::kDestroyed));
  usleep(static_cast<useconds_t>(atoi(argv[2])) * 1000);
  return 0;
}

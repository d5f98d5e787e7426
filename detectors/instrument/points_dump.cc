// rankle-points-dump FILE: a points record as JSON.
#include <cstdio>

#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "tracer/points/points_record.h"

int main(int argc, char** argv) {
  using namespace rankle;
  if (argc != 2) {
    cli::Say("usage: rankle-points-dump FILE.rkp");
    return cli::kExitUnusable;
  }
  const auto bytes = cli::ReadFile(argv[1]);
  const auto record = bytes.ok() ? points_record::ReadPointsRecord(*bytes, argv[1]) : bytes.status();
  if (!record.ok()) {
    cli::SayError(record.status());
    return cli::kExitUnusable;
  }
  return cli::WriteAll(1, points_record::RecordJson(*record)) ? cli::kExitOk : cli::kExitUnusable;
}

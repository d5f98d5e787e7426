// rankle-points-dump FILE...: points records as JSON, one document after the other. What cannot be read is
// named, and the others are printed.
#include <cstdio>

#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "tracer/points/points_record.h"

int main(int argc, char** argv) {
  using namespace rankle;
  if (argc < 2) {
    cli::Say("usage: rankle-points-dump FILE.rkp...");
    return cli::kExitUnusable;
  }
  int exit_code = cli::kExitOk;
  for (int i = 1; i < argc; ++i) {
    const auto bytes = cli::ReadFile(argv[i]);
    const auto record = bytes.ok() ? points_record::ReadPointsRecord(*bytes, argv[i]) : bytes.status();
    if (!record.ok()) {
      cli::SayError(record.status());
      exit_code = cli::kExitUnusable;
    } else if (!cli::WriteAll(1, points_record::RecordJson(*record))) {
      return cli::kExitUnusable;
    }
  }
  return exit_code;
}

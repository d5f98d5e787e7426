#include "cli/instrument_command.h"

#include "cli/launch/text.h"
#include "cli/source_program.h"

namespace rankle::cli {

const char* InstrumentCommand::examples() const {
  return "  rankle instrument -p build --root . -o /tmp/overlay --skip 'third_party/*'\n"
         "  cmake -S /tmp/overlay -B /tmp/overlay/build && cmake --build /tmp/overlay/build\n"
         "  RANKLE_POINTS_OUT=out RANKLE_POINTS_ARM='fail 0123456789abcdef hit=3' /tmp/overlay/build/server\n"
         "The sources are only read. What is left out is listed with the reason; docs/fault-points.md "
         "explains all.\n"
         "Exit code: 0 done, 2 unusable input, 3 done, but some units did not compile: what they hide is "
         "left as it is.";
}

void InstrumentCommand::DeclareFlags(Flags& flags) {
  source_.Declare(flags);
  flags.Text(
      {.name = "-o,--output", .type = "DIR", .help = "The overlay: new, or one of before", .required = true},
      overlay_);
  flags.Text(
      {.name = "--sqlite", .type = "FILE", .help = "Write all points, dropped ones too, as a database"},
      sqlite_);
}

int InstrumentCommand::Run(const std::vector<std::string>& command) {
  std::vector<std::string> extra{Cat("--overlay=", overlay_)};
  if (!sqlite_.empty()) extra.push_back(Cat("--sqlite=", sqlite_));
  return BecomeSourceProgram(source_.Arguments("instrument", extra, command));
}

}  // namespace rankle::cli

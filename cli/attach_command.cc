#include "cli/attach_command.h"

#include "absl/strings/numbers.h"
#include "cli/fault_flags.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"

namespace rankle::cli {

const char* AttachCommand::examples() const {
  return "  rankle attach 4711 -o out            (the process, and what it has started; Ctrl-C detaches)\n"
         "  rankle attach $(pgrep -f train.py) --for 60\n"
         "  rankle attach 4711 --fault 'delay ncclAllReduce rank=3 call=100 time=200ms'\n"
         "Exit code: 0 when it could attach, else 2.";
}

void AttachCommand::DeclareFlags(Flags& flags) {
  flags.Texts({.name = "PID", .type = "", .help = "Processes of the job", .required = true}, processes_);
  DeclareFaultFlags(flags, options_.faults);
  flags.Text(
      {.name = "-o,--output", .type = "DIR", .help = "Where records go (default: rankle-out/<date>-<pid>)"},
      options_.output_dir);
  flags.Real({.name = "--for",
              .type = "SECONDS",
              .help = "Detach after so long (default: when the processes have ended)"},
             0.1, 1e7, options_.for_s);
  flags.Integer({.name = "--records", .type = "N", .help = "Operations kept per process"}, 64, 1 << 24,
                options_.records);
  flags.Integer({.name = "--buffer", .type = "MIB", .help = "Size of the kernel's event buffer"}, 1, 1024,
                options_.buffer_mib);
  flags.Switch("--no-children", "Only these processes, not those that they have started before",
               no_children_);
  flags.Switch("--no-waits", "Do not look at context switches (run queue and off-CPU times)", no_waits_);
  flags.Switch("--each-probe",
               "Set probes one by one, as on kernels before 6.6 (perf events; detaching takes 0.1 s a probe)",
               options_.each_probe);
  flags.Switch("-q,--quiet", "Only warnings", options_.quiet);
}

int AttachCommand::Run(const std::vector<std::string>&) {
  for (const std::string& text : processes_) {
    int pid = 0;
    if (!absl::SimpleAtoi(text, &pid) || pid <= 0) {
      Say(Cat("'", text, "': not the number of a process"));
      return kExitUnusable;
    }
    options_.processes.push_back(pid);
  }
  if ((options_.buffer_mib & (options_.buffer_mib - 1)) != 0) {
    Say(Cat("--buffer ", options_.buffer_mib, ": the kernel takes powers of two"));
    return kExitUnusable;
  }
  options_.children = !no_children_;
  options_.waits = !no_waits_;
  return Attach(options_);
}

}  // namespace rankle::cli

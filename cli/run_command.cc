#include "cli/run_command.h"

#include "cli/fault_flags.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"
#include "injector/host/layout.h"

namespace rankle::cli {

const char* RunCommand::examples() const {
  return "  rankle run -- torchrun --nproc-per-node 8 train.py\n"
         "  rankle run -n 4 --virtual-gpus 4 -- build/bin/ddp_train --steps 200\n"
         "  rankle run -n 4 --virtual-gpus 4 --fault 'hang ncclAllReduce rank=2 call=50' --on-hang kill \\\n"
         "      --hang-after 5 -o out -- build/bin/ddp_train\n"
         "  rankle run --watch -n 8 -o out -- python train.py\n"
         "  srun --ntasks-per-node=1 rankle run --node auto -o /shared/out -- torchrun ... train.py\n"
         "  rankle run --plan faults.yaml --seed 7 --fail-on-anomaly -- ./train.sh";
}

void RunCommand::DeclareFlags(Flags& flags) {
  flags.Integer({.name = "-n",
                 .type = "N",
                 .help = "Start N local processes with RANK, WORLD_SIZE, ... set, as torchrun does"},
                1, 65536, options_.n);
  flags.Integer(
      {.name = "--hosts",
       .type = "N",
       .help = "With -n: spread the ranks over N hosts with networks of their own, joined by a switch\n"
               "(network namespaces; needs root), so that faults can act on the links between them"},
      1, host::kMostHosts, options_.hosts);
  flags.Integer({.name = "--virtual-gpus", .type = "N", .help = "Run on N virtual GPUs: no GPU is needed"}, 1,
                1024, options_.virtual_gpus);
  DeclareFaultFlags(flags, options_.faults);
  flags.Text(
      {.name = "-o,--output", .type = "DIR", .help = "Where records go (default: rankle-out/<date>-<pid>)"},
      options_.output_dir);
  flags.Switch("--no-trace", "Record nothing (faults still work)", no_trace_);
  flags.Integer({.name = "--records", .type = "N", .help = "Operations kept per process (default 65536)"}, 64,
                1 << 24, options_.records);
  flags.Choice(
      {.name = "--via",
       .type = "WAY",
       .help = "How calls are seen and broken: preload (librankle.so inside the processes) or ebpf (from the "
               "kernel:\nstatic programs too; needs root; what functions return cannot be changed)"},
      {"preload", "ebpf"}, via_);
  flags.Switch("--cupti",
               "Also take kernel times from CUPTI: exact, but launches cost more, and no other profiler\n"
               "(nsys, ncu, torch.profiler) can be used in the job",
               options_.cupti);
  flags.Switch(
      "--sites",
      "Also record which functions of NCCL, CUDA and the C library are called from where, what they\n"
      "come to, and exceptions (rankle trace sites); on where a fault is aimed at one of them",
      options_.sites);
  flags.Number({.name = "--check-results",
                .type = "N",
                .help = "Compare the data of every N-th operation between ranks, 0 = never (default: 1 with "
                        "faults,\nelse 0)"},
               options_.check_results);
  flags.Switch(
      "--watch",
      "Learn the job's rhythm: call a stall within 5 s and a slow-down after 3 iterations, with the\n"
      "culprit, and say when the job goes on or is as fast as before",
      options_.watch);
  flags.Text({.name = "--node",
              .type = "NAME|auto",
              .help = "Of a job on several nodes that share -o: write into DIR/node-NAME (auto: the host's "
                      "name) and\ncall stalls and slow-downs over all nodes; implies --watch"},
             options_.node);
  flags.Switch("--no-capture", "Do not keep what the job prints (rank<N>.log or job.log beside the records)",
               no_capture_);
  flags.Text({.name = "--on-hang",
              .type = "report|kill|CMD",
              .help = "When the job stalls: report = print the verdict and go on, kill = also end the "
                      "job,\nelse a shell command, run with RANKLE_OUT set"},
             options_.on_hang);
  flags.Real({.name = "--hang-after",
              .type = "SECONDS",
              .help = "Without any progress for so long, a job has stalled (default 30; with nothing in "
                      "flight ten times as long, unless given here)"},
             0.1, 1e6, options_.hang_after_s);
  flags.Switch("--fail-on-anomaly", "Exit with 3 when the verdict is not healthy", options_.fail_on_anomaly);
  flags.Switch("-q,--quiet", "No closing line (warnings are still said)", options_.quiet);
}

int RunCommand::Run(const std::vector<std::string>& command) {
  if (command.empty()) {
    Say("no command: put it after --, as in 'rankle run -n 2 -- ./train'; see 'rankle run --help'");
    return kExitUnusable;
  }
  options_.command = command;
  options_.trace = !no_trace_;
  options_.capture = !no_capture_;
  options_.via_ebpf = via_ == "ebpf";
  return RunToEnd(options_).exit_code;
}

}  // namespace rankle::cli

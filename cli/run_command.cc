#include "cli/run_command.h"

#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"

namespace rankle::cli {

const char* RunCommand::examples() const {
  return "  rankle run -- torchrun --nproc-per-node 8 train.py\n"
         "  rankle run -n 4 --virtual-gpus 4 -- build/bin/ddp_train --steps 200\n"
         "  rankle run -n 4 --virtual-gpus 4 --fault 'hang ncclAllReduce rank=2 call=50' --on-hang kill \\\n"
         "      --hang-after 5 -o out -- build/bin/ddp_train\n"
         "  rankle run --plan faults.yaml --seed 7 --fail-on-anomaly -- ./train.sh";
}

void RunCommand::DeclareFlags(CLI::App& app) {
  app.add_option("-n", options_.n, "Start N local processes with RANK, WORLD_SIZE, ... set, as torchrun does")
      ->check(CLI::Range(1, 65536))
      ->type_name("N");
  app.add_option("--virtual-gpus", options_.virtual_gpus, "Run on N virtual GPUs: no GPU is needed")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  app.add_option("--plan", options_.faults.plan_files, "Fault plan (YAML); may be repeated")
      ->type_name("FILE")
      ->expected(1)
      ->take_all();
  app.add_option("--fault", options_.faults.short_forms,
                 "One fault, e.g. 'delay ncclAllReduce rank=3 time=200ms'")
      ->type_name("SPEC")
      ->expected(1)
      ->take_all();
  seed_option_ = app.add_option("--seed", seed_, "Seed of everything random in the plan")->type_name("S");
  app.add_option("-o,--output", options_.output_dir, "Where records go (default: rankle-out/<date>-<pid>)")
      ->type_name("DIR");
  app.add_flag("--no-trace", no_trace_, "Record nothing (faults still work)");
  app.add_option("--records", options_.records, "Operations kept per process (default 65536)")
      ->check(CLI::Range(64u, 1u << 24))
      ->type_name("N");
  app.add_flag("--watch", options_.watch, "Say on stderr how the job gets on");
  app.add_option("--on-hang", options_.on_hang,
                 "When the job stalls: report = print the verdict and go on, kill = also end the job,\n"
                 "else a shell command, run with RANKLE_OUT set")
      ->type_name("report|kill|CMD")
      ->capture_default_str();
  app.add_option("--hang-after", options_.hang_after_s, "Without any progress for so long, a job has stalled")
      ->check(CLI::Range(0.1, 1e6))
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_flag("--fail-on-anomaly", options_.fail_on_anomaly, "Exit with 3 when the verdict is not healthy");
  app.add_flag("-q,--quiet", options_.quiet, "No closing line");
}

int RunCommand::Run(const std::vector<std::string>& command) {
  if (command.empty()) {
    Say("no command: put it after --, as in 'rankle run -n 2 -- ./train'; see 'rankle run --help'");
    return kExitUnusable;
  }
  options_.command = command;
  options_.trace = !no_trace_;
  if (seed_option_->count() > 0) options_.faults.seed = seed_;
  return RunToEnd(options_).exit_code;
}

}  // namespace rankle::cli

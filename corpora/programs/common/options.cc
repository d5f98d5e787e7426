#include "corpora/programs/common/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "corpora/programs/common/duration.h"
#include "corpora/programs/common/job_error.h"

namespace rankle::programs {

void AddCommonOptions(CLI::App& app, CommonOptions& options) {
  const auto positive = CLI::PositiveNumber;
  app.add_option("--steps", options.steps, "Training steps")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--step-time",
         [&options](const std::string& text) {
           const auto duration = ParseDuration(text);
           if (!duration.ok())
             throw CLI::ValidationError("--step-time", std::string(duration.status().message()));
           options.step_time = *duration;
         },
         "Least compute time of a step, e.g. 20ms; waits on the stream, burns no CPU")
      ->type_name("DURATION");
  app.add_option_function<std::string>(
         "--input-delay",
         [&options](const std::string& text) {
           const auto delay = ParseRankDelay(text);
           if (!delay.ok())
             throw CLI::ValidationError("--input-delay", std::string(delay.status().message()));
           options.input_delay = *delay;
         },
         "One rank waits this long for each batch, on the host, before it gives its device work, e.g. 1:20ms")
      ->type_name("RANK:DURATION");
  app.add_option("--seed", options.seed, "Seed of parameters and batches")->capture_default_str();
  app.add_option("--batch", options.batch, "Windows per rank and step")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--context", options.context, "Characters a prediction sees")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--embed", options.embed, "Embedding width")->check(positive)->capture_default_str();
  app.add_option("--hidden", options.hidden, "Hidden width")->check(positive)->capture_default_str();
  app.add_option("--layers", options.layers, "Hidden layers")->check(positive)->capture_default_str();
  app.add_option("--lr", options.learning_rate, "Adam's learning rate")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--log-every", options.log_every, "Steps between loss lines")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--data", options.data, "Text file to learn (default: the one installed with the program)");
  app.add_flag("--read-each-step", options.read_each_step,
               "Read the text again before every step, on the host: a loader that does not read ahead");
  app.add_option("--checkpoint", options.checkpoint_dir, "Directory for checkpoints");
  app.add_option("--checkpoint-every", options.checkpoint_every, "Steps between checkpoints (0: none)")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--resume", options.resume,
               "Go on from the newest checkpoint in --checkpoint, if there is one");
  app.add_flag("--verify", options.verify, "At the end, check that replicas have equal parameters");
  app.add_option("--timeout", options.timeout_s, "End with exit code 14 when a step takes longer (0: never)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--init-timeout", options.init_timeout_s, "Seconds to wait for the other ranks at the start")
      ->check(positive)
      ->capture_default_str();
}

void ParseOrExit(CLI::App& app, const CommonOptions& options, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    if ((options.resume || options.checkpoint_every > 0) && options.checkpoint_dir.empty()) {
      throw CLI::RequiredError("--checkpoint DIR");
    }
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage));
  }
}

}  // namespace rankle::programs

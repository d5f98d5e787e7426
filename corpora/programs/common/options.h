// Command-line options that all training programs share.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_OPTIONS_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "corpora/programs/common/duration.h"

namespace CLI {
class App;  // CLI11 takes seconds to compile: only the files that declare options include it
}

namespace rankle::programs {

struct CommonOptions {
  int64_t steps = 200;
  std::chrono::nanoseconds step_time{0};
  RankDelay input_delay;  // one rank's batches arrive this late
  uint64_t seed = 1;
  int batch = 16;   // windows per rank and step
  int context = 8;  // characters a prediction sees
  int embed = 8;    // embedding width of a character
  int hidden = 32;  // width of a hidden layer
  int layers = 2;   // hidden layers (of a pipeline stage in hybrid_train)
  double learning_rate = 4e-3;
  int64_t log_every = 50;
  std::string data;  // empty: the text installed beside the program
  bool read_each_step = false;
  std::string checkpoint_dir;
  int64_t checkpoint_every = 0;
  bool resume = false;
  bool verify = false;
  double timeout_s = 0;  // 0: a hang hangs
  double init_timeout_s = 300;
};

void AddCommonOptions(CLI::App& app, CommonOptions& options);

// Parses and checks; on --help or wrong usage prints and ends the process (0 or 2).
void ParseOrExit(CLI::App& app, const CommonOptions& options, int argc, char** argv);

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_OPTIONS_H_

// A job that is ready to start, and the call that runs it to its end.
//
// Three levels of processes: the guard (the process that the user started) forwards signals and waits; the
// supervisor, its child, starts the ranks and watches them; the ranks. Guard and supervisor are both
// subreapers and each watches the other, so that whichever dies, even by SIGKILL, the survivor ends every
// process of the job.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/hosts/keeper.h"
#include "cli/launch/environment.h"
#include "cli/launch/hang_detector.h"
#include "cli/launch/run_record.h"

namespace rankle::cli {

// What to do when the job stalls.
struct HangPolicy {
  enum class Action { kReport, kKill, kCommand };
  Action action = Action::kReport;
  std::string command;  // kCommand: a shell command, run with RANKLE_OUT set
  HangPatience patience;
  bool say_resumed = false;  // `--watch`
};

struct Job {
  std::string path;  // of the program
  std::vector<std::string> command;
  int n = 0;  // local ranks; 0: run the command once as it is
  int master_port = 0;
  HostPlan hosts;
  Environment environment;  // without the variables of single ranks
  std::string output_dir;   // of this node
  std::string job_dir;      // of all nodes; the same where there is only this one
  std::string node;         // its name among several, "" = there is only this one
  HangPolicy hang;
  bool capture = true;  // what the job prints is also kept in logs
  // Prints the verdict on the records so far to stderr; runs in a process of its own.
  void (*report)(const Job& job) = nullptr;
  // Watches the pace and writes digests until `stop` reads end-of-file; runs in a process of its own. Not
  // called when null.
  void (*watch)(const Job& job, int stop) = nullptr;
  bool watch_records = true;
  RunRecord record;  // what run.json says before the start
};

// Runs the job and returns its exit code; every process of it is gone then.
int RunJob(const Job& job);

}  // namespace rankle::cli

// Start and end of a cascade program, the same for all of them.
//
// Each rank starts its servers, all meet at rank 0 on MASTER_PORT, get everybody's ports, and begin at one
// moment. At the end every rank tells rank 0 what it did, and rank 0 prints one line for machines:
//   cascade: program=NAME fixed=0 workload=W units=45/45 redos=0 sustained=0
// units: done/due. redos: how often work was done again because it was taken for failed. sustained=1: with a
// ledger, the last redo came later after the fault's end than 5 times the fault's length; without one, work
// was left at the limit. Exit code 0: all work done. 14: the time limit came first. 2: wrong usage. 13:
// anything else, with a line on stderr.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_JOB_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_JOB_H_

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace rankle::cascades {

inline constexpr int kMostRanks = 4;
inline constexpr int kMostServers = 3;  // of one rank

struct Ports {
  uint16_t port[kMostServers] = {};  // 0: no server
};

struct Job {
  std::string program;
  bool fixed = false;    // the twin
  std::string workload;  // one of the program's
  int rank = 0;
  int world_size = 1;
  int64_t start = 0;         // Now() at which all ranks begin
  int64_t limit = 0;         // Now() at which they stop, done or not
  std::vector<Ports> ports;  // by rank

  uint16_t Port(int of_rank, int server = 0) const { return ports[of_rank].port[server]; }
  bool Expired() const;
  // Unit `unit` (from 1) of this rank's work begins: the mark that makes counts of a run comparable.
  void BeginUnit(int unit) const;
};

struct Tally {
  int done = 0;
  int due = 0;
};

struct Program {
  const char* name;
  std::vector<std::string> workloads;      // the first is the default
  std::function<Ports(const Job&)> serve;  // before the start; job.ports is empty
  std::function<Tally(const Job&)> work;
  int limit_milliseconds = 2000;
};

// The whole of main().
[[noreturn]] void RunProgram(const Program& program, int argc, char** argv);

// What no cascade of the corpus is about. It ends the connection that a server's thread serves; elsewhere it
// ends the process with 13 and a line on stderr, after its connections were closed in order (socket.h).
class JobFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws JobFailure unless `holds`.
void Require(bool holds, const char* what);

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_JOB_H_

#include "corpora/programs/cascades/runtime/job.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "corpora/programs/cascades/runtime/server.h"
#include "corpora/programs/common/rank_info.h"
#include "tracer/api/rankle.h"

namespace rankle::cascades {
namespace {

constexpr int kDone = 0, kUsage = 2, kOther = 13, kTimeLimit = 14;

// Ranks are started at the same moment. The others wait so long before they first look for rank 0 that it
// listens, so that counts of calls do not depend on who was first; and between looks, on a machine that is
// very busy.
constexpr int kHeadStartMs = 150;
constexpr int kMeetingLimitMs = 10'000;
// Between the last rank's arrival and the start: longer than it takes to tell all ranks.
constexpr int kSettleMs = 20;
// For ranks to notice the limit and say what they did: longer than the longest single wait of a program.
constexpr int kReportMs = 1000;
// For the servers of rank 0 to see that clients have hung up. After a cascade they are still busy for those:
// not longer.
constexpr int kHangUpMs = 200;

struct Hello {
  int32_t rank = 0;
  Ports ports;
};

struct Go {
  int64_t start = 0;
  Ports ports[kMostRanks];
};

struct Report {
  Tally tally;
  int32_t redos = 0;
};

// One socket to each other rank; on the others one, to rank 0.
struct Meeting {
  std::vector<Socket> peers;
};

Meeting Gather(Job& job, const Ports& mine, uint16_t port) {
  Meeting meeting;
  const Socket listener = Listen(&port);
  Require(static_cast<bool>(listener), "cannot listen on MASTER_PORT; set it to a free port");
  SetReceiveTimeout(listener, kMeetingLimitMs * kMillisecond);
  Go go;
  go.ports[0] = mine;
  for (int peer = 1; peer < job.world_size; ++peer) {
    Socket socket(::accept(listener.fd(), nullptr, nullptr));
    Hello hello;
    Require(socket && ::recv(socket.fd(), &hello, sizeof hello, MSG_WAITALL) == sizeof hello &&
                hello.rank > 0 && hello.rank < job.world_size,
            "a rank did not come to the meeting; start all with the same WORLD_SIZE");
    go.ports[hello.rank] = hello.ports;
    meeting.peers.push_back(std::move(socket));
  }
  go.start = DeadlineIn(kSettleMs);
  for (const Socket& peer : meeting.peers) ::send(peer.fd(), &go, sizeof go, MSG_NOSIGNAL);
  job.start = go.start;
  job.ports.assign(go.ports, go.ports + job.world_size);
  return meeting;
}

Meeting Join(Job& job, const Ports& mine, uint16_t port) {
  const int64_t deadline = DeadlineIn(kMeetingLimitMs);
  Socket socket;
  do {
    const timespec head_start = ToTimespec(kHeadStartMs * kMillisecond);
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &head_start, nullptr);
    Socket candidate = NewTcpSocket();
    const sockaddr_in address = LoopbackAddress(port);
    if (::connect(candidate.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      socket = std::move(candidate);
    }
  } while (!socket && Now() < deadline);
  Require(static_cast<bool>(socket), "rank 0 does not listen on MASTER_PORT");
  const Hello hello{job.rank, mine};
  Go go;
  Require(::send(socket.fd(), &hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello &&
              ::recv(socket.fd(), &go, sizeof go, MSG_WAITALL) == sizeof go,
          "rank 0 ended before the start");
  job.start = go.start;
  job.ports.assign(go.ports, go.ports + job.world_size);
  Meeting meeting;
  meeting.peers.push_back(std::move(socket));
  return meeting;
}

void WaitForStart(int64_t start) {
  const timespec at = ToTimespec(start);
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
}

int ExitCode(const Tally& tally) { return tally.done == tally.due ? kDone : kTimeLimit; }

bool Sustained(const Tally& total) {
  const Ledger* ledger = CurrentLedger();
  if (ledger == nullptr || ledger->fault_begin == 0) return total.done < total.due;
  const int64_t length = ledger->fault_end - ledger->fault_begin;
  return ledger->last_redo - ledger->fault_end > 5 * length;
}

// A rank that does not report has done nothing, and all of its work was due; how much is known from the
// others only, so that one unit stands for it.
Report Total(const Job& job, const Meeting& meeting, const Report& mine) {
  Report total = mine;
  for (const Socket& peer : meeting.peers) {
    SetReceiveTimeout(peer, std::max(job.limit + kReportMs * kMillisecond - Now(), kMillisecond));
    Report report;
    if (::recv(peer.fd(), &report, sizeof report, MSG_WAITALL) != sizeof report) report = {Tally{0, 1}, 0};
    total.tally.done += report.tally.done;
    total.tally.due += report.tally.due;
    total.redos += report.redos;
  }
  return total;
}

Job ParsedJob(const Program& program, int argc, char** argv) {
  Job job;
  job.program = program.name;
  job.workload = program.workloads.front();
  CLI::App app("A part of a training runtime with a planted cascade; docs/cascades.md");
  app.add_flag("--fixed", job.fixed, "Run the twin, which differs by the fix only");
  app.add_option("--workload", job.workload, "What the job does")->check(CLI::IsMember(program.workloads));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? kDone : kUsage);
  }
  return job;
}

// All of a rank's life; returns its exit code.
int Run(const Program& program, Job& job, uint16_t port) {
  const Ports mine = program.serve(job);
  const Meeting meeting = job.rank == 0 ? Gather(job, mine, port) : Join(job, mine, port);
  job.limit = job.start + program.limit_milliseconds * kMillisecond;
  WaitForStart(job.start);

  Report report;
  report.tally = program.work(job);
  report.redos = RedosOfThisProcess();
  if (job.rank != 0) {
    ::send(meeting.peers[0].fd(), &report, sizeof report, MSG_NOSIGNAL);
    // Servers of this rank serve until the job is over: until rank 0 has ended.
    char nothing;
    SetReceiveTimeout(meeting.peers[0], 0);
    (void)::recv(meeting.peers[0].fd(), &nothing, 1, 0);
    return ExitCode(report.tally);
  }
  const Report total = Total(job, meeting, report);
  WaitForConnections(std::chrono::milliseconds(kHangUpMs));
  std::printf("cascade: program=%s fixed=%d workload=%s units=%d/%d redos=%d sustained=%d\n", program.name,
              job.fixed ? 1 : 0, job.workload.c_str(), total.tally.done, total.tally.due, total.redos,
              Sustained(total.tally) ? 1 : 0);
  std::fflush(stdout);
  return ExitCode(total.tally);
}

}  // namespace

bool Job::Expired() const { return Now() >= limit; }

void Job::BeginUnit(int unit) const { rankle_mark_step(unit); }

void Require(bool holds, const char* what) {
  if (!holds) throw JobFailure(what);
}

void RunProgram(const Program& program, int argc, char** argv) {
  Job job = ParsedJob(program, argc, argv);
  const auto info = programs::RankInfoFromEnvironment();
  if (!info.ok()) {
    std::fprintf(stderr, "%s\n", std::string(info.status().message()).c_str());
    std::exit(kUsage);
  }
  job.rank = info->rank;
  job.world_size = info->world_size;
  if (job.world_size < 2 || job.world_size > kMostRanks) {
    std::fprintf(stderr, "cascade: WORLD_SIZE %d; start 2 to %d ranks\n", job.world_size, kMostRanks);
    std::exit(kUsage);
  }
  OpenLedgerFromEnvironment();
  try {
    std::exit(Run(program, job, info->master_port));
  } catch (const JobFailure& failure) {
    std::fprintf(stderr, "cascade: rank %d: %s\n", job.rank, failure.what());
    std::exit(kOther);
  }
}

}  // namespace rankle::cascades

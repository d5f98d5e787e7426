#include "tracer/ebpf/job_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tracer/kernel/kernel_record.h"

namespace rankle::ebpf {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;
// As often as `rankle run --hosts` looks (cli/hosts/kernel_watch.cc), where that costs little.
constexpr uint64_t kSocketsNs = 20 * kMillisecond;
constexpr uint64_t kRanksNs = 200 * kMillisecond;
constexpr uint64_t kWriteNs = 1000 * kMillisecond;
constexpr uint64_t kCostShare = 50;
constexpr size_t kMostPeers = 16;  // in a line of kernel.jsonl: the slowest

// Of this thread: on a busy machine a look takes long and costs no more.
uint64_t CpuNs() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<uint64_t>(used.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(used.tv_nsec);
}

// Does it, and says when it is due again.
template <typename Work>
uint64_t DoAndPlan(uint64_t now_ns, uint64_t usual_ns, const Work& work) {
  const uint64_t began = CpuNs();
  work();
  return now_ns + std::max(usual_ns, kCostShare * (CpuNs() - began));
}

double InSeconds(uint64_t ns) { return static_cast<double>(ns) * 1e-9; }

// CPU time, major faults and life of a process from its one line: a walk over its threads would cost more.
kernel::ProcessCounters ReadStat(uint32_t pid) {
  kernel::ProcessCounters counters;
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return counters;
  char state = 'X';
  unsigned long long major_faults = 0, user = 0, system = 0;
  // state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime
  sscanf(line.c_str() + name_end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %llu %*u %llu %llu", &state,
         &major_faults, &user, &system);
  counters.alive = state != 'Z' && state != 'X';
  counters.cpu_s = static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  counters.major_faults = major_faults;
  return counters;
}

void AddUp(rankle_waits& sum, const rankle_waits& waits) {
  sum.run_queue_ns += waits.run_queue_ns, sum.off_cpu_ns += waits.off_cpu_ns;
  sum.switches += waits.switches, sum.page_faults += waits.page_faults;
  sum.away_ns += waits.away_ns, sum.disk_wait_ns += waits.disk_wait_ns;
  sum.disk_requests += waits.disk_requests, sum.disk_request_ns += waits.disk_request_ns;
  sum.disk_longest_ns = std::max(sum.disk_longest_ns, waits.disk_longest_ns);
  sum.reclaim_ns += waits.reclaim_ns;
}

// "" or why it could not be written. A reader sees the old file or the new one.
std::string WriteWhole(const std::string& path, const std::string& text, int flags) {
  const bool append = (flags & O_APPEND) != 0;
  const std::string written = append ? path : path + ".new";
  const int fd = open(written.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
  const bool whole = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  std::string why;
  if (!whole || (!append && rename(written.c_str(), path.c_str()) != 0))
    why = absl::StrCat(path, ": cannot be written: ", strerror(errno));
  if (fd >= 0) close(fd);
  return why;
}

}  // namespace

JobWatch::JobWatch(const BpfPrograms& programs, Options options)
    : programs_(programs), options_(std::move(options)) {}

kernel::ProcessCounters JobWatch::Counters(uint32_t pid) const {
  return options_.waits ? ReadStat(pid) : kernel::ReadProcess(static_cast<pid_t>(pid));
}

void JobWatch::Add(uint32_t pid, int rank, uint64_t now_ns) {
  if (begin_ns_ == 0) begin_ns_ = now_ns;
  const auto [found, added] = processes_.try_emplace(pid);
  Process& process = found->second;
  if (!added && process.rank == rank) return;
  process.rank = rank;
  process.main = rank >= 0 && std::none_of(processes_.begin(), processes_.end(), [&](const auto& other) {
                   return other.first != pid && other.second.rank == rank && other.second.main;
                 });
  if (!process.main) return;
  const kernel::ProcessCounters first = Counters(pid);
  process.first_cpu_s = first.cpu_s, process.first_core_wait_s = first.core_wait_s;
  process.first_major_faults = first.major_faults;
  process.groups = kernel::ReadGroupPaths(static_cast<pid_t>(pid));
  LookAtRank(pid, process, now_ns);
}

void JobWatch::OnEnd(uint32_t pid, uint64_t now_ns) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return;
  // What its control group counts of its death, and what it leaves.
  if (found->second.main) LookAtRank(pid, found->second, now_ns);
  if (found->second.rank >= 0) AddUp(ended_[found->second.rank], programs_.Waits(pid));
  programs_.ForgetWaits(pid);
  processes_.erase(found);
}

rankle_waits JobWatch::WaitsOf(int rank) const {
  rankle_waits sum = {};
  if (const auto ended = ended_.find(rank); ended != ended_.end()) sum = ended->second;
  for (const auto& [pid, process] : processes_) {
    if (process.rank == rank) AddUp(sum, programs_.Waits(pid));
  }
  return sum;
}

void JobWatch::LookAtRank(uint32_t pid, const Process& process, uint64_t now_ns) {
  kernel::ProcessCounters counters = Counters(pid);
  counters.cpu_s -= process.first_cpu_s, counters.core_wait_s -= process.first_core_wait_s;
  counters.major_faults -= std::min(counters.major_faults, process.first_major_faults);
  ranks_.Look(Seconds(now_ns), process.rank, counters, kernel::ReadGroups(process.groups));
}

void JobWatch::Step(uint64_t now_ns) {
  if (begin_ns_ == 0) return;
  if (now_ns >= next_write_ns_) next_write_ns_ = DoAndPlan(now_ns, kWriteNs, [&] { Write(now_ns); });
  if (now_ns >= next_sockets_ns_)
    next_sockets_ns_ = DoAndPlan(now_ns, kSocketsNs, [&] { sockets_.Look(Seconds(now_ns)); });
  if (now_ns < next_ranks_ns_) return;
  next_ranks_ns_ = DoAndPlan(now_ns, kRanksNs, [&] {
    for (const auto& [pid, process] : processes_) {
      if (process.main) LookAtRank(pid, process, now_ns);
    }
  });
}

void JobWatch::Write(uint64_t now_ns) {
  if (begin_ns_ == 0) return;
  std::map<uint32_t, int> rank_of;
  for (const auto& [pid, process] : processes_) rank_of[pid] = process.rank;
  sockets_.Refresh(rank_of);
  WriteLines(now_ns);
  if (options_.sums) WriteSums(now_ns);
}

void JobWatch::WriteSums(uint64_t now_ns) {
  kernel::KernelRecord record{
      .seen_s = Seconds(now_ns), .ranks = ranks_.Ranks(), .links = sockets_.Links(), .waits = {}};
  for (kernel::RankPressure& rank : record.ranks) {
    const rankle_waits waits = WaitsOf(rank.rank);
    if (options_.waits) {
      // To the nanosecond, threads that have ended and loaders included.
      rank.core_wait_s = InSeconds(waits.run_queue_ns);
      rank.disk_wait_s = InSeconds(waits.disk_wait_ns);
    }
    record.waits.push_back({.rank = rank.rank,
                            .asleep_s = InSeconds(waits.off_cpu_ns),
                            .away_s = InSeconds(waits.away_ns),
                            .memory_wait_s = InSeconds(waits.reclaim_ns),
                            .page_faults = waits.page_faults,
                            .disk_requests = waits.disk_requests,
                            .disk_request_s = InSeconds(waits.disk_request_ns),
                            .disk_longest_s = InSeconds(waits.disk_longest_ns)});
  }
  const std::string why = WriteWhole(absl::StrCat(options_.output_dir, "/kernel.json"),
                                     kernel::KernelRecordJson(record), O_TRUNC);
  if (!why.empty()) notes_.push_back(why);
}

void JobWatch::WriteLines(uint64_t now_ns) {
  std::string lines;
  const std::map<uint64_t, rankle_retransmits> retransmits = programs_.Retransmits();
  for (const auto& [pid, process] : processes_) {
    uint64_t resent = 0;
    for (const uint64_t inode : sockets_.InodesOf(pid)) {
      const auto found = retransmits.find(inode);
      if (found != retransmits.end()) resent += found->second.count;
    }
    const rankle_waits waits = programs_.Waits(pid);
    absl::StrAppendFormat(&lines,
                          "{\"t_ns\":%d,\"pid\":%d,\"rank\":%d,\"run_queue_ns\":%d,\"off_cpu_ns\":%d,"
                          "\"away_ns\":%d,\"switches\":%d,\"page_faults\":%d,\"reclaim_ns\":%d,"
                          "\"disk_wait_ns\":%d,\"disk_requests\":%d,\"disk_request_ns\":%d,"
                          "\"disk_longest_ns\":%d,\"tcp_retransmits\":%d,\"peers\":[",
                          now_ns, pid, process.rank, waits.run_queue_ns, waits.off_cpu_ns, waits.away_ns,
                          waits.switches, waits.page_faults, waits.reclaim_ns, waits.disk_wait_ns,
                          waits.disk_requests, waits.disk_request_ns, waits.disk_longest_ns, resent);
    const char* comma = "";
    for (const Peer& peer : PeersOf(sockets_.Of(pid), kMostPeers)) {
      absl::StrAppendFormat(&lines,
                            "%s{\"address\":\"%s\",\"connections\":%d,\"rtt_us\":%d,\"min_rtt_us\":%d,"
                            "\"segments\":%d,\"retransmits\":%d}",
                            std::exchange(comma, ","), peer.address, peer.connections, peer.rtt_us,
                            peer.min_rtt_us, peer.segments, peer.retransmits);
    }
    lines += "]}\n";
  }
  if (lines.empty()) return;
  const std::string why = WriteWhole(absl::StrCat(options_.output_dir, "/kernel.jsonl"), lines, O_APPEND);
  if (!why.empty()) notes_.push_back(why);
}

std::vector<std::string> JobWatch::TakeNotes() {
  std::vector<std::string> notes = std::exchange(notes_, {});
  for (std::string& note : sockets_.TakeNotes()) notes.push_back(std::move(note));
  return notes;
}

}  // namespace rankle::ebpf

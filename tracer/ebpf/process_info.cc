#include "tracer/ebpf/process_info.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace rankle::ebpf {
namespace {

std::string ProcPath(int pid, const char* name) { return absl::StrCat("/proc/", pid, "/", name); }

// A file of /proc; nullopt-like: `error` holds errno when it cannot be read.
std::string ReadProc(const std::string& path, int* error = nullptr) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ssize_t got = -1;
  char piece[1 << 14];
  while (fd >= 0 && (got = read(fd, piece, sizeof(piece))) > 0) text.append(piece, static_cast<size_t>(got));
  if (error != nullptr) *error = fd < 0 || got < 0 ? errno : 0;
  if (fd >= 0) close(fd);
  return text;
}

// After the command name in /proc/PID/stat, which may hold anything: state, parent, ...
std::string StatFields(int pid) {
  const std::string stat = ReadProc(ProcPath(pid, "stat"));
  const size_t end = stat.rfind(')');
  return end == std::string::npos || end + 2 >= stat.size() ? "" : stat.substr(end + 2);
}

// The first of the variables that holds a number.
int32_t Number(std::string_view environment, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    for (std::string_view rest = environment; !rest.empty();) {
      const std::string_view entry = rest.substr(0, rest.find('\0'));
      rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
      if (!entry.starts_with(name) || entry.size() <= name.size() + 1 || entry[name.size()] != '=') continue;
      const std::string value(entry.substr(name.size() + 1));
      char* end = nullptr;
      const long number = strtol(value.c_str(), &end, 10);
      if (*end == '\0' && number >= 0 && number <= INT32_MAX) return static_cast<int32_t>(number);
    }
  }
  return -1;
}

uint64_t JobId(std::string_view environment) {
  constexpr std::string_view kName = "RANKLE_JOB_ID=";
  const size_t at = environment.find(kName);
  if (at == std::string_view::npos || (at > 0 && environment[at - 1] != '\0')) return 0;
  const std::string_view rest = environment.substr(at + kName.size());
  return strtoull(std::string(rest.substr(0, rest.find('\0'))).c_str(), nullptr, 16);
}

struct DirectoryCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};

// Names of a directory of /proc; none when the process has ended.
std::vector<std::string> Names(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, DirectoryCloser> directory(opendir(path.c_str()));
  while (const dirent* const entry = directory == nullptr ? nullptr : readdir(directory.get()))
    names.emplace_back(entry->d_name);
  return names;
}

absl::Status Gone(int pid) {
  return absl::NotFoundError(absl::StrCat(
      "process ", pid,
      ": there is none: it has ended, or the number is one of another pid namespace (containers: use "
      "the host's)"));
}

absl::Status CheckProgram(int pid) {
  int error = 0;
  const int fd = open(ProcPath(pid, "exe").c_str(), O_RDONLY | O_CLOEXEC);
  unsigned char ident[EI_NIDENT] = {};
  if (fd < 0) {
    error = errno;
  } else {
    if (read(fd, ident, sizeof(ident)) != static_cast<ssize_t>(sizeof(ident))) ident[0] = 0;
    close(fd);
  }
  if (error == ENOENT)
    return absl::InvalidArgumentError(
        absl::StrCat("process ", pid, ": a kernel thread, or a process that is ending"));
  if (error != 0)
    return absl::PermissionDeniedError(
        absl::StrCat("process ", pid, ": not ours to look at: ", strerror(error),
                     ": run as root, or as its user with CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE"));
  if (memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == ELFCLASS32)
    return absl::InvalidArgumentError(absl::StrCat(
        "process ", pid, ": a 32-bit program: NCCL and CUDA are 64-bit, there is nothing to see"));
  return absl::OkStatus();
}

}  // namespace

void ReadLauncherVariables(std::string_view environment, ProcessInfo& info) {
  info.rank = Number(environment, {"RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"});
  info.world_size = Number(environment, {"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"});
  info.local_rank =
      Number(environment, {"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"});
  info.local_world_size =
      Number(environment, {"LOCAL_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"});
  info.job_id = JobId(environment);
}

absl::StatusOr<ProcessInfo> LookAtProcess(int pid) {
  ProcessInfo info;
  info.pid = pid;
  const char state = StateOf(pid);
  if (state == '\0' || state == 'Z' || state == 'X') return Gone(pid);
  const std::string status = ReadProc(ProcPath(pid, "status"));
  const size_t tgid = status.find("\nTgid:");
  if (tgid != std::string::npos && atoi(status.c_str() + tgid + 6) != pid)
    return absl::InvalidArgumentError(absl::StrCat("process ", pid, ": a thread of process ",
                                                   atoi(status.c_str() + tgid + 6), ": give that one"));
  if (absl::Status status_of_program = CheckProgram(pid); !status_of_program.ok()) return status_of_program;
  int error = 0;
  const std::string environment = ReadProc(ProcPath(pid, "environ"), &error);
  if (error == EACCES || error == EPERM)
    return absl::PermissionDeniedError(
        absl::StrCat("process ", pid, ": not ours to look at: ", strerror(error)));
  ReadLauncherVariables(environment, info);
  info.command = ReadProc(ProcPath(pid, "cmdline"));
  while (!info.command.empty() && info.command.back() == '\0') info.command.pop_back();
  std::replace(info.command.begin(), info.command.end(), '\0', ' ');
  sscanf(StatFields(pid).c_str(), "%*c %d", &info.parent);
  for (const Mapping& mapping : MappingsOf(pid)) {
    if (mapping.path.ends_with("/librankle.so"))
      return absl::AlreadyExistsError(absl::StrCat(
          "process ", pid,
          ": librankle.so records it already (`rankle run` without --via ebpf): read its records"));
  }
  return info;
}

std::vector<Mapping> MappingsOf(int pid) { return ParseMaps(ReadProc(ProcPath(pid, "maps"))); }

std::string PathOfMapping(int pid, const Mapping& mapping) {
  return absl::StrFormat("/proc/%d/map_files/%x-%x", pid, mapping.begin, mapping.end);
}

char StateOf(int pid) {
  const std::string fields = StatFields(pid);
  return fields.empty() ? '\0' : fields[0];
}

std::string ReadMemoryOf(int pid, uint64_t address, size_t bytes) {
  std::string memory(bytes, '\0');
  size_t done = 0;
  constexpr size_t kPage = 4096;
  // A read ends at the first page that is not there: page by page where the whole is not readable.
  while (done < bytes) {
    const uint64_t at = address + done;
    const size_t piece = done == 0 ? bytes : std::min(bytes - done, kPage - at % kPage);
    iovec local{memory.data() + done, piece};
    iovec remote{reinterpret_cast<void*>(at), piece};
    const ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
    if (got > 0) {
      done += static_cast<size_t>(got);
      continue;
    }
    if (done != 0 || piece <= kPage) break;
    const size_t first = std::min(bytes, kPage - at % kPage);
    iovec first_local{memory.data(), first};
    iovec first_remote{reinterpret_cast<void*>(at), first};
    const ssize_t first_got = process_vm_readv(pid, &first_local, 1, &first_remote, 1, 0);
    if (first_got <= 0) break;
    done += static_cast<size_t>(first_got);
  }
  memory.resize(done);
  return memory;
}

std::vector<uint64_t> SocketsOf(int pid) {
  std::vector<uint64_t> inodes;
  const std::string directory = ProcPath(pid, "fd");
  for (const std::string& name : Names(directory)) {
    char target[64] = "";
    if (readlink((directory + "/" + name).c_str(), target, sizeof(target) - 1) <= 0) continue;
    unsigned long long inode = 0;
    if (sscanf(target, "socket:[%llu]", &inode) == 1) inodes.push_back(inode);
  }
  return inodes;
}

std::vector<int> DescendantsOf(int pid) {
  std::multimap<int, int> children;
  for (const std::string& name : Names("/proc")) {
    const int process = atoi(name.c_str());
    int parent = 0;
    if (process > 0 && sscanf(StatFields(process).c_str(), "%*c %d", &parent) == 1)
      children.emplace(parent, process);
  }
  std::vector<int> all;
  for (size_t next = 0; next <= all.size(); ++next) {
    const auto [first, last] = children.equal_range(next == 0 ? pid : all[next - 1]);
    for (auto it = first; it != last; ++it) all.push_back(it->second);
  }
  return all;
}

bool InOwnPidNamespace() {
  const std::string status = ReadProc("/proc/self/status");
  const size_t at = status.find("\nNSpid:");
  if (at == std::string::npos) return false;
  int outer = 0, inner = 0;
  return sscanf(status.c_str() + at + 7, "%d %d", &outer, &inner) == 2;
}

}  // namespace rankle::ebpf

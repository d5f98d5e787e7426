#include "tracer/ebpf/bpf_programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <iterator>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"

namespace rankle::ebpf {
namespace {

struct ObjectDeleter {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
struct LinkDeleter {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
struct RingDeleter {
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};
using Object = std::unique_ptr<bpf_object, ObjectDeleter>;
using Link = std::unique_ptr<bpf_link, LinkDeleter>;
using Ring = std::unique_ptr<ring_buffer, RingDeleter>;

// What libbpf says goes nowhere: its last line is kept for the error that follows.
std::mutex g_said_mutex;
std::string g_said;

int Keep(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  char line[512];
  vsnprintf(line, sizeof(line), format, arguments);
  const std::lock_guard lock(g_said_mutex);
  g_said = line;
  while (!g_said.empty() && g_said.back() == '\n') g_said.pop_back();
  return 0;
}

std::string WhyLoadFailed(int error) {
  if (error == EPERM || error == EACCES) return "not permitted: run as root, or with CAP_BPF and CAP_PERFMON";
  if (error == ENOSYS) return "this kernel has no BPF";
  const std::lock_guard lock(g_said_mutex);
  return absl::StrCat(strerror(error), g_said.empty() ? "" : ": ", g_said);
}

// The optional programs of system.bpf.c, and what is lost without each.
struct OptionalProgram {
  const char* program;
  const char* what;
  bool waits;
};
constexpr OptionalProgram kOptional[] = {
    {"on_fork", "processes that start later", false},
    {"on_exec", "programs that start later", false},
    {"on_end", "how processes end", false},
    {"on_signal", "signals", false},
    {"on_oom_victim", "the out-of-memory killer", false},
    {"on_switch", kWaitsProgram, true},
    {"on_wakeup", kWaitsProgram, true},
    {"on_page_fault", "page faults", false},
    {"on_retransmit", "TCP retransmits", false},
    {"on_disk_request", "requests to disks", false},
    {"on_disk_answer", "requests to disks", false},
    {"on_reclaim", "shortage of memory", false},
    {"on_reclaim_end", "shortage of memory", false},
    {"on_group_reclaim", "shortage of memory of control groups", false},
    {"on_group_reclaim_end", "shortage of memory of control groups", false},
};

absl::StatusOr<Object> Open(const ObjectBytes& bytes) {
  bpf_object_open_opts options = {};
  options.sz = sizeof(options);
  options.object_name = bytes.name;
  Object object(bpf_object__open_mem(bytes.begin, bytes.size, &options));
  if (object == nullptr)
    return absl::InternalError(
        absl::StrCat("BPF object ", bytes.name, ": cannot be opened: ", strerror(errno)));
  return object;
}

int MapFd(const Object& object, const char* name) {
  bpf_map* const map = object == nullptr ? nullptr : bpf_object__find_map_by_name(object.get(), name);
  return map == nullptr ? -1 : bpf_map__fd(map);
}

absl::Status Update(int map, const void* key, const void* value, const char* what) {
  if (bpf_map_update_elem(map, key, value, BPF_ANY) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("BPF table of ", what, ": ", strerror(errno)));
}

// BPF_LINK_CREATE for many uprobes of one file at once (Linux 6.6), which the libbpf of Debian 12 does not
// know. It matters at the end: the kernel waits 0.1 s for each link to be taken off.
enum { kTraceUprobeMulti = 48, kUprobeMultiReturn = 1 };
struct UprobeMultiLink {
  uint32_t program, target, attach_type, flags;
  uint64_t path, offsets, reference_counters, cookies;
  uint32_t count, probe_flags, pid, reserved;
};

// A link by its descriptor.
class FdLink {
 public:
  explicit FdLink(int fd) : fd_(fd) {}
  FdLink(FdLink&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FdLink& operator=(FdLink&&) = delete;
  ~FdLink() {
    if (fd_ >= 0) close(fd_);
  }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

FdLink AttachMany(const Object& object, const char* program, const std::string& path,
                  const std::vector<ProbedFunction>& functions, bool at_return) {
  std::vector<uint64_t> offsets, cookies;
  for (const ProbedFunction& function : functions) {
    offsets.push_back(function.file_offset);
    memcpy(&cookies.emplace_back(), &function.cookie, sizeof(uint64_t));
  }
  UprobeMultiLink link = {};
  link.program =
      static_cast<uint32_t>(bpf_program__fd(bpf_object__find_program_by_name(object.get(), program)));
  link.attach_type = kTraceUprobeMulti;
  link.path = reinterpret_cast<uint64_t>(path.c_str());
  link.offsets = reinterpret_cast<uint64_t>(offsets.data());
  link.cookies = reinterpret_cast<uint64_t>(cookies.data());
  link.count = static_cast<uint32_t>(offsets.size());
  link.probe_flags = at_return ? kUprobeMultiReturn : 0;
  return FdLink(static_cast<int>(syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof(link))));
}

// nullptr and errno when the kernel cannot.
Link AttachOne(const Object& object, const char* program, const std::string& path,
               const ProbedFunction& function, bool at_return) {
  bpf_uprobe_opts options = {};
  options.sz = sizeof(options);
  memcpy(&options.bpf_cookie, &function.cookie, sizeof(options.bpf_cookie));
  options.retprobe = at_return;
  return Link(bpf_program__attach_uprobe_opts(bpf_object__find_program_by_name(object.get(), program), -1,
                                              path.c_str(), function.file_offset, &options));
}

std::string WhyNoProbe(int error) {
  constexpr int kNotSupported = 524;  // ENOTSUPP of the kernel, which has no name outside
  if (error == kNotSupported) return "the kernel cannot probe its first instruction";
  return absl::StrCat("no probe can be set: ", strerror(error));
}

// The programs for a function's return (or none) and its entry.
struct Pair {
  const char* at_return;
  const char* at_entry;
};

}  // namespace

// Older kernels do not know the kind of link; those that do find fault with the path.
bool TakesManyProbes() {
  UprobeMultiLink link = {};
  const uint64_t offset = 0;
  link.program = static_cast<uint32_t>(-1);
  link.attach_type = kTraceUprobeMulti;
  link.path = reinterpret_cast<uint64_t>("");
  link.offsets = reinterpret_cast<uint64_t>(&offset);
  link.count = 1;
  const FdLink tried(static_cast<int>(syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof(link))));
  return tried.is_open() || errno != EINVAL;
}

struct BpfPrograms::Kernel {
  Object calls, system;
  std::vector<Link> links;  // ended before the objects
  std::vector<FdLink> fd_links;
  bool together = true;  // many uprobes are one link
  Ring ring, stops;
  const std::function<void(const rankle_event&, size_t)>* take = nullptr;
  const std::function<void(const rankle_fault_event&)>* take_stop = nullptr;
  std::vector<MissingProgram> missing;
  int stats = -1;  // keeps the kernel counting what programs cost

  ~Kernel() {
    links.clear();
    fd_links.clear();
    if (stats >= 0) close(stats);
  }

  static int Take(void* context, void* data, size_t bytes) {
    const auto* const self = static_cast<Kernel*>(context);
    if (bytes >= sizeof(rankle_event)) (*self->take)(*static_cast<const rankle_event*>(data), bytes);
    return 0;
  }

  static int TakeStop(void* context, void* data, size_t bytes) {
    const auto* const self = static_cast<Kernel*>(context);
    if (bytes >= sizeof(rankle_fault_event))
      (*self->take_stop)(*static_cast<const rankle_fault_event*>(data));
    return 0;
  }

  absl::Status LoadCalls(const BpfOptions& options) {
    absl::StatusOr<Object> opened = Open(CompiledObjects()[0]);
    if (!opened.ok()) return opened.status();
    bpf_map__set_max_entries(bpf_object__find_map_by_name(opened->get(), "events"),
                             static_cast<uint32_t>(options.buffer_bytes));
    WantMany(*opened, "on_enter"), WantMany(*opened, "on_return");
    if (const int error = bpf_object__load(opened->get()); error != 0)
      return absl::FailedPreconditionError(
          absl::StrCat("eBPF programs cannot be loaded: ", WhyLoadFailed(-error), "; see `rankle doctor`"));
    calls = *std::move(opened);
    ring.reset(ring_buffer__new(MapFd(calls, "events"), Take, this, nullptr));
    stops.reset(ring_buffer__new(MapFd(calls, "stops"), TakeStop, this, nullptr));
    if (ring == nullptr || stops == nullptr)
      return absl::InternalError(absl::StrCat("ring buffer: ", strerror(errno)));
    return absl::OkStatus();
  }

  // A set of functions at once, where the kernel does that: all or none. The returns first: a call whose
  // entry is seen is one whose return will be.
  bool AttachTogether(const Object& object, const Pair& pair, const std::string& path,
                      const std::vector<ProbedFunction>& functions) {
    std::vector<FdLink> made;
    for (const auto& [program, at_return] :
         {std::pair(pair.at_return, true), std::pair(pair.at_entry, false)}) {
      if (program == nullptr) continue;
      made.push_back(AttachMany(object, program, path, functions, at_return));
      if (!made.back().is_open()) return false;
    }
    std::move(made.begin(), made.end(), std::back_inserter(fd_links));
    return true;
  }

  // What cannot be probed is found by halving.
  void AttachSome(const Object& object, const Pair& pair, const std::string& path,
                  const std::vector<ProbedFunction>& functions, std::vector<FailedProbe>& failed) {
    if (functions.empty() || AttachTogether(object, pair, path, functions)) return;
    if (functions.size() == 1) {
      failed.push_back({functions[0].file_offset, WhyNoProbe(errno)});
      return;
    }
    const auto middle = functions.begin() + static_cast<std::ptrdiff_t>(functions.size() / 2);
    AttachSome(object, pair, path, {functions.begin(), middle}, failed);
    AttachSome(object, pair, path, {middle, functions.end()}, failed);
  }

  // Perf events, one for each probe: kernels before 6.6.
  void AttachEach(const Object& object, const Pair& pair, const std::string& path,
                  const std::vector<ProbedFunction>& functions, std::vector<FailedProbe>& failed) {
    for (const ProbedFunction& function : functions) {
      std::vector<Link> made;
      if (pair.at_return != nullptr) made.push_back(AttachOne(object, pair.at_return, path, function, true));
      if (made.empty() || made.back() != nullptr)
        made.push_back(AttachOne(object, pair.at_entry, path, function, false));
      if (made.back() == nullptr) {
        failed.push_back({function.file_offset, WhyNoProbe(errno)});
        continue;
      }
      std::move(made.begin(), made.end(), std::back_inserter(links));
    }
  }

  std::vector<FailedProbe> Attach(const Object& object, const Pair& pair, const std::string& path,
                                  const std::vector<ProbedFunction>& functions) {
    std::vector<FailedProbe> failed;
    if (together)
      AttachSome(object, pair, path, functions, failed);
    else
      AttachEach(object, pair, path, functions, failed);
    return failed;
  }

  // One object with those programs that load: a kernel that lacks one tracepoint has the others.
  void LoadSystem(const BpfOptions& options) {
    std::vector<const char*> all, wanted;
    for (const OptionalProgram& program : kOptional) {
      if (!program.waits || options.waits) all.push_back(program.program);
    }
    absl::StatusOr<Object> opened = OpenSystem(all, /*with_loader=*/true);
    if (opened.ok() && bpf_object__load(opened->get()) == 0) return AttachSystem(*std::move(opened));
    for (const OptionalProgram& program : kOptional) {
      if (program.waits && !options.waits) continue;
      absl::StatusOr<Object> alone = OpenSystem({program.program});
      const int error = alone.ok() ? -bpf_object__load(alone->get()) : EINVAL;
      if (error == 0) {
        wanted.push_back(program.program);
      } else {
        missing.push_back({program.what, WhyLoadFailed(error)});
      }
    }
    opened = OpenSystem(wanted, /*with_loader=*/true);
    if (!opened.ok() || bpf_object__load(opened->get()) != 0) {
      missing.push_back({"everything but calls", "its BPF object cannot be loaded"});
      return;
    }
    AttachSystem(*std::move(opened));
  }

  void AttachSystem(Object loaded) {
    system = std::move(loaded);
    for (const OptionalProgram& program : kOptional) {
      bpf_program* const found = bpf_object__find_program_by_name(system.get(), program.program);
      if (!bpf_program__autoload(found)) continue;
      Link link(bpf_program__attach(found));
      if (link == nullptr) {
        missing.push_back(
            {program.what, absl::StrCat("its tracepoint is not in this kernel (", strerror(errno), ")")});
      } else {
        links.push_back(std::move(link));
      }
    }
  }

  void WantMany(const Object& object, const char* program) const {
    if (!together) return;
    bpf_program__set_expected_attach_type(bpf_object__find_program_by_name(object.get(), program),
                                          static_cast<bpf_attach_type>(kTraceUprobeMulti));
  }

  absl::StatusOr<Object> OpenSystem(const std::vector<const char*>& programs,
                                    bool with_loader = false) const {
    absl::StatusOr<Object> object = Open(CompiledObjects()[1]);
    if (!object.ok()) return object;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object->get()) {
      const std::string_view name = bpf_program__name(program);
      bool load = with_loader && name == "on_library";
      for (const char* wanted : programs) load |= name == wanted;
      bpf_program__set_autoload(program, load);
    }
    WantMany(*object, "on_library");
    for (const char* shared : {"events", "targets", "counters", "frames", "callers"}) {
      bpf_map* const map = bpf_object__find_map_by_name(object->get(), shared);
      if (bpf_map__reuse_fd(map, MapFd(calls, shared)) != 0)
        return absl::InternalError(
            absl::StrCat("BPF table ", shared, " cannot be shared: ", strerror(errno)));
    }
    return object;
  }
};

BpfPrograms::BpfPrograms(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}
BpfPrograms::~BpfPrograms() = default;

absl::StatusOr<std::unique_ptr<BpfPrograms>> BpfPrograms::Load(const BpfOptions& options) {
  libbpf_set_print(Keep);
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  auto kernel = std::make_unique<Kernel>();
  kernel->together = !options.each_probe && TakesManyProbes();
  if (absl::Status status = kernel->LoadCalls(options); !status.ok()) return status;
  kernel->LoadSystem(options);
  kernel->stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
  return std::unique_ptr<BpfPrograms>(new BpfPrograms(std::move(kernel)));
}

std::vector<FailedProbe> BpfPrograms::AttachFunctions(const std::string& path,
                                                      const std::vector<ProbedFunction>& functions) {
  static_assert(sizeof(rankle_cookie) == sizeof(uint64_t));
  return kernel_->Attach(kernel_->calls, {"on_return", "on_enter"}, path, functions);
}

absl::Status BpfPrograms::AttachLoader(const std::string& path, uint64_t file_offset) {
  if (kernel_->system == nullptr) return absl::UnavailableError("libraries that are loaded later: not seen");
  const std::vector<FailedProbe> failed =
      kernel_->Attach(kernel_->system, {nullptr, "on_library"}, path, {{file_offset, {}}});
  return failed.empty() ? absl::OkStatus()
                        : absl::UnavailableError(
                              absl::StrCat("libraries that are loaded later are not seen: ", failed[0].why));
}

absl::Status BpfPrograms::SetTarget(uint32_t process, const rankle_target& target) {
  return Update(MapFd(kernel_->calls, "targets"), &process, &target, "processes");
}

bool BpfPrograms::Target(uint32_t process, rankle_target& target) const {
  return bpf_map_lookup_elem(MapFd(kernel_->calls, "targets"), &process, &target) == 0;
}

void BpfPrograms::RemoveTarget(uint32_t process) {
  bpf_map_delete_elem(MapFd(kernel_->calls, "targets"), &process);
}

absl::Status BpfPrograms::SetFault(uint32_t index, const rankle_fault& fault) {
  return Update(MapFd(kernel_->calls, "faults"), &index, &fault, "faults");
}

absl::Status BpfPrograms::SetApiFaults(uint16_t api, const rankle_api_faults& faults) {
  const uint32_t key = api;
  return Update(MapFd(kernel_->calls, "api_faults"), &key, &faults, "functions");
}

void BpfPrograms::Read(int timeout_ms, const std::function<void(const rankle_event&, size_t)>& take) {
  kernel_->take = &take;
  if (timeout_ms > 0) ring_buffer__poll(kernel_->ring.get(), timeout_ms);
  ring_buffer__consume(kernel_->ring.get());
  kernel_->take = nullptr;
}

void BpfPrograms::ReadStops(int timeout_ms, const std::function<void(const rankle_fault_event&)>& take) {
  kernel_->take_stop = &take;
  ring_buffer__poll(kernel_->stops.get(), timeout_ms);
  kernel_->take_stop = nullptr;
}

uint64_t BpfPrograms::Counter(uint32_t which) const {
  const int cpus = libbpf_num_possible_cpus();
  std::vector<uint64_t> values(static_cast<size_t>(cpus > 0 ? cpus : 1));
  if (bpf_map_lookup_elem(MapFd(kernel_->calls, "counters"), &which, values.data()) != 0) return 0;
  uint64_t sum = 0;
  for (const uint64_t value : values) sum += value;
  return sum;
}

rankle_waits BpfPrograms::Waits(uint32_t process) const {
  rankle_waits waits = {};
  if (bpf_map_lookup_elem(MapFd(kernel_->system, "waits"), &process, &waits) != 0) waits = {};
  return waits;
}

void BpfPrograms::ForgetWaits(uint32_t process) const {
  bpf_map_delete_elem(MapFd(kernel_->system, "waits"), &process);
}

rankle_count BpfPrograms::Count(uint32_t fault) const {
  const int map = MapFd(kernel_->calls, "counts");
  rankle_count sum = {};
  rankle_count_key key = {}, next = {};
  for (void* previous = nullptr; bpf_map_get_next_key(map, previous, &next) == 0; previous = &key) {
    key = next;
    rankle_count count = {};
    if (key.fault != fault || bpf_map_lookup_elem(map, &key, &count) != 0) continue;
    sum.matched += count.matched, sum.fired += count.fired;
  }
  return sum;
}

std::map<uint64_t, rankle_retransmits> BpfPrograms::Retransmits() const {
  std::map<uint64_t, rankle_retransmits> all;
  const int map = MapFd(kernel_->system, "retransmits");
  uint64_t key = 0, next = 0;
  for (void* previous = nullptr; bpf_map_get_next_key(map, previous, &next) == 0; previous = &key) {
    key = next;
    rankle_retransmits value = {};
    if (bpf_map_lookup_elem(map, &key, &value) == 0) all[key] = value;
  }
  return all;
}

std::vector<ProgramCost> BpfPrograms::Costs() const {
  std::vector<ProgramCost> costs;
  for (const Object* object : {&kernel_->calls, &kernel_->system}) {
    if (*object == nullptr) continue;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object->get()) {
      bpf_prog_info info = {};
      uint32_t size = sizeof(info);
      if (bpf_program__fd(program) < 0 || bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0)
        continue;
      costs.push_back({bpf_program__name(program), info.run_cnt, info.run_time_ns});
    }
  }
  return costs;
}

const std::vector<MissingProgram>& BpfPrograms::missing() const { return kernel_->missing; }

}  // namespace rankle::ebpf

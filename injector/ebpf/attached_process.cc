#include "injector/ebpf/attached_process.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tracer/files/identity.h"

namespace rankle::ebpf {
namespace {

using files::MonotonicNs;

// A stopped process that is killed runs for its last moments: that is no sign of life.
constexpr uint64_t kSettledNs = 200'000'000;

uint64_t RealtimeNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

// An event of the ring buffer, with room for the longest kind.
struct EventCopy {
  explicit EventCopy(const std::string& from) {
    memcpy(bytes, from.data(), std::min(from.size(), sizeof(bytes)));
  }
  const rankle_event& event() const { return *reinterpret_cast<const rankle_event*>(bytes); }
  alignas(8) char bytes[sizeof(rankle_enter_event)] = {};
};

}  // namespace

AttachedProcess::AttachedProcess(const RecordSettings& settings, ProbedFiles& files, Knowledge& knowledge,
                                 ProcessInfo info, bool refused, uint64_t now_ns)
    : settings_(settings), files_(files), knowledge_(knowledge), refused_(refused) {
  seen_.info = std::move(info);
  seen_.attached_ns = now_ns;
}

int32_t AttachedProcess::rank() {
  if (seen_.info.rank >= 0 || !writer_.is_open()) return seen_.info.rank;
  return writer_.header()->rank.load();
}

void AttachedProcess::Scan() {
  const int pid = seen_.info.pid;
  mappings_ = MappingsOf(pid);
  files_.Probe(pid, mappings_);
  seen_.functions = 0;
  std::set<FileId> counted;
  for (const Mapping& mapping : mappings_) {
    const ProbedFiles::File* const file = files_.Find(mapping.file);
    if (file == nullptr || file->functions == 0 || !counted.insert(mapping.file).second) continue;
    seen_.functions += file->functions;
    if (file->has_nccl) nccl_ = mapping.file;
  }
}

std::string AttachedProcess::Open() {
  if (writer_.is_open() || refused_ || !settings_.trace) return "";
  const ProcessInfo& info = seen_.info;
  const std::string command = info.command.substr(0, 255);
  record::ProcessIdentity identity;
  identity.rank = info.rank, identity.world_size = info.world_size;
  identity.local_rank = info.local_rank, identity.local_world_size = info.local_world_size;
  identity.pid = info.pid, identity.parent_pid = info.parent;
  identity.job_id = settings_.job_id;
  identity.monotonic_ns = MonotonicNs(), identity.realtime_ns = RealtimeNs();
  identity.host = settings_.host.c_str(), identity.command = command.c_str();
  record::WriterOptions writer_options;
  writer_options.record_capacity = settings_.records;
  const std::string path =
      absl::StrFormat("%s/flight-%d-%d.rkl", settings_.output_dir, info.pid, identity.monotonic_ns);
  if (const int error = writer_.Create(path.c_str(), writer_options, identity); error != 0) {
    refused_ = true;
    return absl::StrCat("process ", info.pid, ": not recorded: ", path, ": ", strerror(error));
  }
  const int pid = info.pid;
  ProcessAccess access{
      .read = [pid](uint64_t address, size_t bytes) { return ReadMemoryOf(pid, address, bytes); },
      .now = MonotonicNs,
      .place_of = [this](uint64_t address) { return PlaceOf(address); }};
  recorder_ = std::make_unique<ProcessRecorder>(writer_, knowledge_[nccl_], std::move(access), info.rank,
                                                info.world_size);
  recorder_->OnLifecycle(record::LifecycleEvent::kStart, 0, identity.monotonic_ns);
  writer_.header()->heartbeat_ns.store(identity.monotonic_ns);
  return "";
}

std::optional<CodePlace> AttachedProcess::PlaceOf(uint64_t address) const {
  for (const Mapping& mapping : mappings_) {
    if (address >= mapping.begin && address < mapping.end)
      return CodePlace{mapping.path, address - mapping.begin + mapping.offset};
  }
  return std::nullopt;
}

// Calls that NCCL and CUDA make of each other, from threads of their own, are not the program's.
bool AttachedProcess::IsLibraryCode(uint64_t address) const {
  for (const Mapping& mapping : mappings_) {
    if (address < mapping.begin || address >= mapping.end) continue;
    const ProbedFiles::File* const file = files_.Find(mapping.file);
    return file != nullptr && file->functions > 0 && !file->is_program;
  }
  return false;
}

void AttachedProcess::OnFork(uint32_t child, uint64_t now_ns) {
  if (recorder_ != nullptr) recorder_->OnLifecycle(record::LifecycleEvent::kForkParent, child, now_ns);
}

void AttachedProcess::OnEnd(int wait_status, uint64_t now_ns) {
  held_.clear();
  seen_.ended_ns = now_ns;
  seen_.wait_status = wait_status;
  if (recorder_ == nullptr || !WIFEXITED(wait_status)) return;
  const int code = WEXITSTATUS(wait_status);
  recorder_->OnLifecycle(record::LifecycleEvent::kExit, static_cast<uint64_t>(code), now_ns);
  writer_.header()->exit_status.store(code);
  writer_.header()->ended.store(1);
}

std::string AttachedProcess::OnFault(const rankle_fault_event& event, int action) {
  const std::string why = Open();
  if (recorder_ != nullptr) recorder_->OnInjection(event, action);
  held_[event.event.thread].by_stop |= event.signal == SIGSTOP;
  return why;
}

std::string AttachedProcess::Apply(const rankle_event& event, std::optional<uint64_t> entered_ns) {
  const api::ApiInfo* const info = api::FindApi(event.api);
  if (info == nullptr) return "";
  std::string why;
  if (event.kind == RANKLE_EVENT_NAME) {
    why = Open();
    const auto& named = reinterpret_cast<const rankle_name_event&>(event);
    if (recorder_ != nullptr)
      recorder_->OnName(event.thread, std::string(named.name, strnlen(named.name, sizeof(named.name))));
  } else if (event.kind == RANKLE_EVENT_ENTER) {
    const auto& enter = reinterpret_cast<const rankle_enter_event&>(event);
    if (IsLibraryCode(event.value)) return "";
    why = Open();
    if (recorder_ != nullptr) recorder_->OnEnter(Call(*info, enter), entered_ns.value_or(event.time_ns));
  } else if (recorder_ != nullptr) {
    recorder_->OnReturn(*info, reinterpret_cast<const rankle_return_event&>(event));
  }
  return why;
}

std::string AttachedProcess::OnCallEvent(const std::string& bytes) {
  const EventCopy copy(bytes);
  const auto held = held_.find(copy.event().thread);
  if (held == held_.end()) return Apply(copy.event(), std::nullopt);
  held->second.events.push_back(bytes);
  return "";
}

void AttachedProcess::ReleaseHeldThreads(const StopEnded& ended) {
  for (auto it = held_.begin(); it != held_.end();) {
    HeldThread& held = it->second;
    const std::optional<uint64_t> since = held.by_stop ? ended(it->first) : std::nullopt;
    const bool over = held.by_stop ? since.has_value() : held.events.size() > 1;
    if (!over) {
      ++it;
      continue;
    }
    const std::deque<std::string> events = std::move(held.events);
    it = held_.erase(it);
    // Of what waited, the call that comes first is the one that was held up; a stop at a return holds none
    // up.
    bool before_call = true;
    for (const std::string& bytes : events) {
      const EventCopy copy(bytes);
      Apply(copy.event(), before_call ? since : std::nullopt);
      before_call &= copy.event().kind == RANKLE_EVENT_NAME;
    }
  }
}

void AttachedProcess::Beat(uint64_t now_ns) {
  const char state = StateOf(seen_.info.pid);
  if (state == 'T' || state == 't' || state == 'Z' || state == '\0') {
    moving_since_ns_ = 0;
    return;
  }
  if (moving_since_ns_ == 0) moving_since_ns_ = now_ns;
  if (now_ns - moving_since_ns_ >= kSettledNs) writer_.header()->heartbeat_ns.store(now_ns - kSettledNs);
}

}  // namespace rankle::ebpf

#include "analyzer/import/logs/launcher_line.h"

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analyzer/import/logs/traceback.h"

namespace rankle::import {
namespace {

constexpr auto kNowhere = std::string_view::npos;
constexpr size_t kMostText = 300;
constexpr std::string_view kKilled = "ut of memory: Killed process ";

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}
bool Has(std::string_view line, std::string_view text) { return Holds(line, text); }

void SetCode(int64_t code, ProcessEnd& end) {
  if (code < 0 && code > -128) end.signal = static_cast<int32_t>(-code);
  // A shell in between reports a signal as 128 + its number.
  else if (code > 128 && code < 128 + 65)
    end.signal = static_cast<int32_t>(code - 128);
  else
    end.exit_code = static_cast<int32_t>(std::clamp<int64_t>(code, INT32_MIN, INT32_MAX));
}

// "  rank      : 3 (local_rank: 3)" -> "rank", "3 (local_rank: 3)". Anything else: no key.
std::pair<std::string_view, std::string_view> KeyOf(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == kNowhere || colon > 16 || !text.starts_with("  ")) return {};
  return {Trim(text.substr(0, colon)), Trim(text.substr(colon + 1))};
}

// "failed (exitcode: -9) local_rank: 5 (pid: 2630) of binary: ..."
std::optional<ProcessEnd> AgentFailure(std::string_view text) {
  ProcessEnd end;
  SetCode(NumberAfter(text, "failed (exitcode: ", int64_t{0}), end);
  end.who.local_rank = static_cast<int32_t>(NumberAfter(text, "local_rank: ", int64_t{-1}));
  end.who.pid = static_cast<int32_t>(NumberAfter(text, "(pid: ", int64_t{-1}));
  end.time = FindTime(text), end.first = true;
  if (end.exit_code == 0 && end.signal == 0) return std::nullopt;
  return end;
}

// "[2023-07-10 04:26:35,999] [ERROR] [launch.py:324:sigkill_handler] ['python', '-u', 'train.py',
// '--local_rank=1', ...] exits with return code = -11": DeepSpeed's launcher of the first failure.
constexpr std::string_view kReturnCode = "exits with return code = ";
std::optional<ProcessEnd> DeepSpeedFailure(std::string_view text) {
  ProcessEnd end;
  SetCode(NumberAfter(text, kReturnCode, int64_t{0}), end);
  end.who.local_rank = static_cast<int32_t>(NumberAfter(text, "--local_rank=", int64_t{-1}));
  end.time = FindTime(text), end.first = true;
  if (end.who.local_rank < 0 || (end.exit_code == 0 && end.signal == 0)) return std::nullopt;
  return end;
}

// Parents of worker processes: sglang's "Child process unexpectedly failed with exitcode=134. pid=1926765",
// vLLM's "Worker VllmWorkerProcess pid 1159 died, exit code: -6".
constexpr std::string_view kChildFailed = "rocess unexpectedly failed with exitcode=",
                           kWorkerDied = " died, exit code: ";
std::optional<ProcessEnd> WorkerFailure(std::string_view text) {
  ProcessEnd end;
  SetCode(NumberAfter(text, Has(text, kWorkerDied) ? kWorkerDied : kChildFailed, int64_t{0}), end);
  end.who.pid =
      static_cast<int32_t>(NumberAfter(text, Has(text, kWorkerDied) ? "pid " : "pid=", int64_t{-1}));
  end.time = FindTime(text);
  if (end.who.pid <= 0 || (end.exit_code == 0 && end.signal == 0)) return std::nullopt;
  return end;
}

// "Sending process 165 closing signal SIGTERM"
std::optional<ProcessEnd> AgentSignal(std::string_view text) {
  ProcessEnd end;
  end.who.pid = static_cast<int32_t>(NumberAfter(text, "Sending process ", int64_t{-1}));
  if (end.who.pid < 0) return std::nullopt;
  end.signal = SIGTERM, end.asked = true, end.time = FindTime(text);
  return end;
}

// "Received 15 death signal, shutting down workers": torchrun itself was told to end.
std::optional<ProcessEnd> AgentDeath(std::string_view text) {
  const size_t at = text.find("Received ");
  const int64_t signal = at == kNowhere ? 0 : NumberAfter(text.substr(at), "Received ", int64_t{0});
  if (signal <= 0 || signal > 64) return std::nullopt;
  ProcessEnd end;
  end.signal = static_cast<int32_t>(signal), end.asked = true, end.time = FindTime(text);
  end.reason = absl::StrCat("the launcher was told to end the job by signal ", signal);
  return end;
}

// "slurmstepd: error: *** STEP 6053.0 ON n1 CANCELLED AT 2024-04-23T12:18:08 DUE TO TIME LIMIT ***"
std::optional<ProcessEnd> SlurmCancel(std::string_view text) {
  ProcessEnd end;
  end.signal = SIGTERM, end.asked = true, end.time = FindTime(text);
  const std::string_view why = Between(text, " DUE TO ", " ***");
  end.reason = absl::StrCat("Slurm cancelled the job", why.empty() ? "" : " due to ", std::string(why));
  return end;
}
bool IsSlurmCancel(std::string_view text) {
  return Has(text, "slurmstepd: error: ***") && Has(text, " CANCELLED AT ");
}

// "slurmstepd: error: Detected 2 oom_kill events in StepId=13.0. ..." tells no task.
std::optional<ProcessEnd> SlurmOutOfMemory(std::string_view text) {
  ProcessEnd end;
  end.signal = SIGKILL, end.time = FindTime(text);
  end.error = "Slurm: Out Of Memory (of the host): the kernel killed a task of the step";
  return end;
}
bool IsSlurmOutOfMemory(std::string_view text) {
  return Has(text, "slurmstepd: error: Detected ") &&
         (Has(text, " oom_kill event") || Has(text, " oom-kill event"));
}

// "Mar 14 14:33:50 node7 kernel: [1.2] Out of memory: Killed process 1002 (python3) total-vm:...", "...
// Memory cgroup out of memory: Killed process 1002 (python3) ..."
std::optional<ProcessEnd> KernelOutOfMemory(std::string_view text) {
  ProcessEnd end;
  const int64_t pid = NumberAfter(text, kKilled, int64_t{-1});
  if (pid <= 0 || pid > INT32_MAX) return std::nullopt;
  end.who.pid = static_cast<int32_t>(pid), end.who.host = HostOfKernelLine(text);
  end.signal = SIGKILL, end.time = FindTime(text);
  end.error = absl::StrCat("Out Of Memory (of the host): the kernel killed process ", pid);
  return end;
}

// "srun: error: node1: task 3: Exited with exit code 1", "... tasks 0-2: Killed", "... task 3: Segmentation
// fault (core dumped)". Of several tasks nobody can say who was first: only single ones are taken.
std::optional<ProcessEnd> SrunFailure(std::string_view text) {
  static constexpr std::pair<std::string_view, int> kSignals[] = {
      {"Segmentation fault", SIGSEGV},      {"Aborted", SIGABRT}, {"Bus error", SIGBUS},
      {"Floating point exception", SIGFPE}, {"Killed", SIGKILL},  {"Terminated", SIGTERM}};
  const int64_t task = NumberAfter(text, ": task ", int64_t{-1});
  if (task < 0) return std::nullopt;
  ProcessEnd end;
  end.who.rank = static_cast<int32_t>(task);
  end.who.host = Between(text, "srun: error: ", ":");
  SetCode(NumberAfter(text, "exit code ", int64_t{0}), end);
  for (const auto& [name, signal] : kSignals) {
    if (Has(text, name)) end.signal = signal;
  }
  // Slurm's word for a task that the kernel killed for its memory.
  if (Has(text, "Out Of Memory")) end.signal = SIGKILL, end.error = "Slurm: Out Of Memory (of the host)";
  if (end.exit_code == 0 && end.signal == 0) return std::nullopt;
  end.asked = end.signal == SIGTERM;
  return end;
}

// "mpirun noticed that process rank 3 with PID 17 on node n1 exited on signal 9 (Killed)."
std::optional<ProcessEnd> MpiFailure(std::string_view text) {
  ProcessEnd end;
  end.who.rank = static_cast<int32_t>(NumberAfter(text, "process rank ", int64_t{-1}));
  end.signal = static_cast<int32_t>(NumberAfter(text, "on signal ", int64_t{0}));
  if (end.who.rank < 0 || end.signal <= 0 || end.signal > 64) return std::nullopt;
  const int64_t pid = NumberAfter(text, "with PID ", int64_t{0});
  if (pid > 0) end.who.pid = static_cast<int32_t>(pid);
  end.who.host = Between(text, "on node ", " "), end.first = true;
  return end;
}

constexpr std::string_view kFirst = "Root Cause (first observed failure):";

}  // namespace

bool LauncherReader::MayBeLauncherLine(std::string_view text) {
  return Has(text, "failed (exitcode: ") || Has(text, "closing signal SIG") || text.starts_with(kFirst) ||
         text.starts_with("  host      : ") || text.starts_with("  time      : ") ||
         Has(text, " death signal, ") || IsSlurmCancel(text) || IsSlurmOutOfMemory(text) ||
         Has(text, kKilled) || Has(text, kReturnCode) || Has(text, kChildFailed) || Has(text, kWorkerDied) ||
         Has(text, "srun: error: ") || Has(text, "mpirun noticed that process rank");
}

std::optional<ProcessEnd> LauncherReader::Close() {
  std::optional<ProcessEnd> done;
  std::swap(done, block_);
  in_traceback_ = false;
  if (done && done->who.rank < 0) done.reset();
  if (done && done->exit_code == 0 && done->signal == 0) done.reset();
  if (done) done->asked = done->signal == SIGTERM && !done->first;
  return done;
}

std::optional<ProcessEnd> LauncherReader::TakeBlockLine(std::string_view text) {
  const auto [key, value] = KeyOf(text);
  ProcessEnd& end = *block_;
  if (in_traceback_) {
    // The report repeats the traceback, indented; its last line is the error.
    const std::string_view line = Trim(text);
    if (text.starts_with("    ") || text.starts_with("  Trace")) return std::nullopt;
    if (text.starts_with("  ") && !line.empty()) {
      end.error = std::string(line.substr(0, kMostText));
      return std::nullopt;
    }
    return Close();
  }
  if (key == "rank") {
    int64_t rank = -1;
    SignedAfter(text, ": ", 0, rank);
    end.who.rank = static_cast<int32_t>(rank);
    end.who.local_rank = static_cast<int32_t>(NumberAfter(value, "local_rank: ", int64_t{-1}));
  } else if (key == "host") {
    end.who.host = std::string(value.substr(0, kMostText));
  } else if (key == "exitcode") {
    int64_t code = 0;
    SignedAfter(text, ": ", 0, code);
    SetCode(code, end);
    end.who.pid = static_cast<int32_t>(NumberAfter(value, "pid: ", int64_t{-1}));
  } else if (key == "time") {
    end.time = FindTime(value);
  } else if (key == "traceback") {
    if (!value.starts_with("Traceback")) return Close();
    in_traceback_ = true;
  } else if (key != "error_file") {
    return Close();
  }
  return std::nullopt;
}

std::optional<ProcessEnd> LauncherReader::Take(std::string_view text) {
  std::optional<ProcessEnd> done;
  if (block_) {
    done = TakeBlockLine(text);
    if (block_ || done) return done;
  }
  if (text.starts_with(kFirst)) {
    next_is_first_ = true;
  } else if (text.starts_with("  time ") || text.starts_with("  host ")) {
    block_.emplace();
    block_->first = next_is_first_, next_is_first_ = false;
    return TakeBlockLine(text);
  } else if (Has(text, "failed (exitcode: ")) {
    return AgentFailure(text);
  } else if (Has(text, "closing signal SIG")) {
    return AgentSignal(text);
  } else if (Has(text, " death signal, ")) {
    return AgentDeath(text);
  } else if (IsSlurmCancel(text)) {
    return SlurmCancel(text);
  } else if (IsSlurmOutOfMemory(text)) {
    return SlurmOutOfMemory(text);
  } else if (Has(text, kKilled)) {
    return KernelOutOfMemory(text);
  } else if (Has(text, kReturnCode)) {
    return DeepSpeedFailure(text);
  } else if (Has(text, kChildFailed) || Has(text, kWorkerDied)) {
    return WorkerFailure(text);
  } else if (Has(text, "srun: error: ")) {
    return SrunFailure(text);
  } else if (Has(text, "mpirun noticed that process rank")) {
    return MpiFailure(text);
  }
  return std::nullopt;
}

std::optional<ProcessEnd> LauncherReader::Finish() { return Close(); }

bool LooksLikeErrorFile(std::string_view first_bytes) {
  return first_bytes.substr(std::min(first_bytes.find_first_not_of(" \t\r\n"), first_bytes.size()))
             .starts_with("{") &&
         Has(first_bytes.substr(0, 64), "\"message\"") &&
         (Has(first_bytes, "\"extraInfo\"") || Has(first_bytes, "py_callstack") ||
          Has(first_bytes, "Traceback") || Has(first_bytes, "\"timestamp\""));
}

std::optional<ErrorFile> ParseErrorFile(std::string_view bytes) {
  const auto json = nlohmann::json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("message")) return std::nullopt;
  ErrorFile file;
  const nlohmann::json* message = &json["message"];
  std::string stack;
  if (message->is_object()) {
    if (const auto info = message->find("extraInfo"); info != message->end() && info->is_object()) {
      if (info->contains("py_callstack") && (*info)["py_callstack"].is_string())
        stack = (*info)["py_callstack"];
      if (info->contains("timestamp")) {
        const auto& time = (*info)["timestamp"];
        if (time.is_number_integer()) file.seconds = time;
        int64_t seconds = 0;
        if (time.is_string() && SignedAfter(time.get_ref<const std::string&>(), "", 0, seconds))
          file.seconds = seconds;
      }
    }
    const auto text = message->find("message");
    message = text == message->end() ? nullptr : &*text;
  }
  if (message != nullptr && message->is_string()) file.error = *message;
  TracebackReader reader;
  TracebackEnd end;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(stack, '\n'))) {
    if (reader.Take(line, end)) file.place = end.place;
  }
  if (file.error.empty()) file.error = end.error;
  file.error = file.error.substr(0, std::min(file.error.find('\n'), kMostText));
  if (file.error.empty()) return std::nullopt;
  return file;
}

}  // namespace rankle::import

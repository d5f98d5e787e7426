#include "injector/hooks/testing/tracee_run.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "injector/plan/plan.h"

namespace rankle::hooks {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentFor(const std::string& folder, const TraceeOptions& options) {
  std::map<std::string, std::string> environment = options.environment;
  environment["RANKLE_OUT"] = folder;
  environment["LD_PRELOAD"] = RANKLE_HOOKS_LIBRARY;
  environment["PATH"] = "/usr/bin:/bin";
  if (!options.trace) environment["RANKLE_TRACE"] = "0";
  if (!options.faults.empty()) {
    environment["RANKLE_PLAN"] = folder + "/plan.armed";
    environment["RANKLE_CONTROL"] = folder + "/control";
  }
  std::vector<std::string> texts;
  for (const auto& [name, value] : environment) texts.push_back(name + "=" + value);
  return texts;
}

void WritePlan(const std::string& folder, const std::vector<std::string>& faults) {
  plan::Plan plan;
  for (const std::string& fault : faults) {
    const auto added = plan.AddShortForm(fault);
    ASSERT_TRUE(added.ok()) << added;
  }
  std::ofstream(folder + "/plan.armed", std::ios::binary) << plan.Arm(42);
}

std::string ReadAll(int fd) {
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got <= 0) return text;
    text.append(buffer, static_cast<size_t>(got));
  }
}

std::vector<record::FlightRecord> ReadRecords(const std::string& folder) {
  std::vector<record::FlightRecord> records;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".rkl") continue;
    auto record = record::ReadFlightRecord(entry.path());
    EXPECT_TRUE(record.ok()) << record.status();
    if (record.ok()) records.push_back(*std::move(record));
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
    return a.process.start_monotonic_ns < b.process.start_monotonic_ns;
  });
  return records;
}

}  // namespace

Tracee::Tracee(const std::vector<std::string>& arguments, const TraceeOptions& options) {
  char name[] = "/tmp/rankle-hooks-XXXXXX";
  folder_ = mkdtemp(name);
  if (!options.faults.empty()) {
    WritePlan(folder_, options.faults);
    auto control = plan::ControlFile::Create(folder_ + "/control", options.faults.size());
    EXPECT_TRUE(control.ok()) << control.status();
    owned_control_.push_back(*std::move(control));
    control_ = &owned_control_.front();
  }
  std::vector<std::string> command = {RANKLE_HOOKS_TRACEE};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = EnvironmentFor(folder_, options);
  const auto command_pointers = Pointers(command), environment_pointers = Pointers(environment);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
  pid_ = fork();
  if (pid_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    execve(RANKLE_HOOKS_TRACEE, command_pointers.data(), environment_pointers.data());
    _exit(126);
  }
  close(ends[1]);
  output_ = ends[0];
}

TraceeResult Tracee::Wait() {
  TraceeResult result;
  result.output = ReadAll(output_);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  result.records = ReadRecords(folder_);
  for (size_t i = 0; control_ != nullptr && i < control_->fault_count(); ++i) {
    result.fired.push_back(control_->page()->faults[i].fired.load());
  }
  return result;
}

Tracee::~Tracee() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(output_);
  std::filesystem::remove_all(folder_);
}

std::vector<record::Event> TraceeResult::Events(record::Kind kind, const std::string& api) const {
  std::vector<record::Event> events;
  if (records.empty()) return events;
  for (const record::Event& event : records[0].events) {
    if (event.kind != kind) continue;
    if (!api.empty() && event.api != api::FindApi(api)->id) continue;
    events.push_back(event);
  }
  return events;
}

std::vector<uint64_t> TraceeResult::Lifecycle() const {
  std::vector<uint64_t> found;
  for (const record::Event& event : Events(record::Kind::kLifecycle)) found.push_back(event.api);
  return found;
}

}  // namespace rankle::hooks

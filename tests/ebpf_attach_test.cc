// `rankle attach` and `rankle run --via ebpf` on real processes: what is recorded, what is broken at which
// call, what is refused, and that nothing stays behind. Needs root and a kernel that takes the programs;
// skips, and says why, where it does not have them.
#include <elf.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "tests/programs/probe_target/progress.h"
#include "tests/support/ebpf_here.h"
#include "tests/support/rankle_process.h"
#include "tracer/record/reader.h"

namespace rankle::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Arguments = std::vector<std::string>;

// The target program, running.
class Target {
 public:
  Target(const ScratchDirectory& scratch, Arguments command, int rank = 3, int world = 8) {
    static int number = 0;
    const std::string file = scratch.Path("progress" + std::to_string(number++));
    const int fd = open(file.c_str(), O_RDWR | O_CREAT, 0644);
    EXPECT_EQ(ftruncate(fd, sizeof(TargetProgress)), 0);
    progress_ = static_cast<TargetProgress*>(
        mmap(nullptr, sizeof(TargetProgress), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    close(fd);
    std::replace(command.begin(), command.end(), std::string("FILE"), file);
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const bool tells = std::find(command.begin(), command.end(), file) != command.end();
    pid_ = fork();
    if (pid_ != 0) {
      EXPECT_TRUE(!tells || WaitUntil([&] { return progress_->ready != 0; }));
      return;
    }
    setenv("RANK", std::to_string(rank).c_str(), 1);
    setenv("WORLD_SIZE", std::to_string(world).c_str(), 1);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  ~Target() {
    if (pid_ > 0 && !ended_) kill(pid_, SIGKILL), waitpid(pid_, nullptr, 0);
    munmap(progress_, sizeof(TargetProgress));
  }
  int pid() const { return pid_; }
  TargetProgress& progress() { return *progress_; }
  void Go() { progress_->go = 1; }
  // The wait status, once it has ended.
  std::optional<int> End(int limit_s = 60) {
    int status = 0;
    ended_ = WaitUntil([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, limit_s);
    return ended_ ? std::optional(status) : std::nullopt;
  }

 private:
  TargetProgress* progress_;
  int pid_ = -1;
  bool ended_ = false;
};

class EbpfAttach : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!WhyNoEbpf().empty()) GTEST_SKIP() << "cannot attach here: " << WhyNoEbpf();
  }
  // Attaches, and returns once it is.
  std::unique_ptr<RankleProcess> Attach(const Arguments& pids, const Arguments& options = {}) {
    Arguments arguments{"attach", "-o", out_dir()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), pids.begin(), pids.end());
    auto attached = std::make_unique<RankleProcess>(arguments);
    EXPECT_TRUE(WaitUntil([&] { return attached->err().find("attached to") != std::string::npos; }))
        << attached->err();
    return attached;
  }
  std::string out_dir() const { return scratch_.Path("out"); }
  // The flight record of a process in the output directory.
  std::optional<record::FlightRecord> RecordOf(int pid) const {
    for (const auto& entry : std::filesystem::directory_iterator(out_dir())) {
      if (entry.path().filename().string().rfind("flight-" + std::to_string(pid) + "-", 0) != 0) continue;
      auto record = record::ReadFlightRecord(entry.path());
      if (record.ok()) return *record;
    }
    return std::nullopt;
  }
  static std::vector<record::Event> Operations(const record::FlightRecord& record) {
    std::vector<record::Event> operations;
    for (const record::Event& event : record.events) {
      if (event.kind == record::Kind::kOperation) operations.push_back(event);
    }
    return operations;
  }
  ScratchDirectory scratch_;
};

// Programs of ours that the kernel holds, by the name of one of them.
int LoadedPrograms() {
  FILE* const pipe = popen("bpftool prog show name on_enter 2>/dev/null", "r");
  int lines = 0;
  for (char line[4096]; pipe != nullptr && fgets(line, sizeof(line), pipe) != nullptr;)
    lines += std::string(line).find("name on_enter") != std::string::npos;
  if (pipe != nullptr) pclose(pipe);
  return lines;
}

TEST_F(EbpfAttach, StaticProgramIsRecordedAndCountsFromItsFirstCall) {
  Target target(scratch_, {PROBE_TARGET_STATIC, "FILE", "1500", "2000"});
  target.Go();
  ASSERT_TRUE(WaitUntil([&] { return target.progress().completed > 50; }));
  const auto attached = Attach({std::to_string(target.pid())});
  ASSERT_EQ(target.End(), 0);
  EXPECT_EQ(attached->Wait().exit_code, 0);
  const auto record = RecordOf(target.pid());
  ASSERT_TRUE(record);
  ASSERT_EQ(record->communicators.size(), 1u) << attached->err();
  EXPECT_EQ(record->communicators[0].rank, 3);
  EXPECT_EQ(record->communicators[0].nranks, 8);
  const auto operations = Operations(*record);
  ASSERT_GT(operations.size(), 100u);
  EXPECT_GT(operations.front().seq, 50u);
  EXPECT_EQ(operations.back().seq, 1500u);
  for (size_t i = 1; i < operations.size(); ++i) ASSERT_EQ(operations[i].seq, operations[i - 1].seq + 1);
  EXPECT_TRUE(record->process.ended);
}

TEST_F(EbpfAttach, TheNthCallIsExactlyTheNth) {
  Target target(scratch_, {PROBE_TARGET, "FILE", "200", "0"});
  const auto attached =
      Attach({std::to_string(target.pid())}, {"--fault", "signal ncclAllReduce rank=3 call=57 signal=KILL"});
  target.Go();
  const std::optional<int> status = target.End();
  ASSERT_TRUE(status);
  EXPECT_TRUE(WIFSIGNALED(*status));
  EXPECT_EQ(target.progress().completed, 56u);
  attached->Wait();
  const nlohmann::json run = nlohmann::json::parse(ReadWhole(out_dir() + "/run.json"));
  EXPECT_EQ(run["processes"][0]["signal"], SIGKILL);
}

// Perf events, as on kernels before 6.6: the same calls, the same faults, nothing left.
TEST_F(EbpfAttach, ProbesThatAreSetOneByOneSeeTheSame) {
  const int before = LoadedPrograms();
  Target target(scratch_, {PROBE_TARGET, "FILE", "200", "1000"});
  const auto attached = Attach({std::to_string(target.pid())},
                               {"--each-probe", "--fault", "signal ncclAllReduce call=57 signal=USR1"});
  target.Go();
  ASSERT_EQ(target.End(), 0);
  EXPECT_THAT(
      attached->Wait().err,
      AllOf(HasSubstr("200 calls seen"), HasSubstr("ncclCommFinalize is not seen: the kernel cannot probe")));
  EXPECT_EQ(target.progress().signals, 1u);
  const auto record = RecordOf(target.pid());
  ASSERT_TRUE(record);
  EXPECT_EQ(Operations(*record).size(), 200u);
  EXPECT_TRUE(WaitUntil([&] { return LoadedPrograms() == before; }));
}

// Looked at, then gone: while the command finds its way to the process, and while it is attached.
TEST_F(EbpfAttach, AProcessThatEndsIsRefusedBeforeAndRecordedToItsEndAfter) {
  int ended = 0;
  {
    Target target(scratch_, {PROBE_TARGET, "FILE", "10", "0"});
    target.Go();
    ASSERT_EQ(target.End(), 0);
    ended = target.pid();
  }
  const Finished refused = RunRankle({"attach", "-o", out_dir(), std::to_string(ended)});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("there is none"));
  Target target(scratch_, {PROBE_TARGET, "FILE", "100000000", "1000"});
  const auto attached = Attach({std::to_string(target.pid())});
  target.Go();
  ASSERT_TRUE(WaitUntil([&] { return target.progress().completed > 300; }));
  kill(target.pid(), SIGKILL);
  EXPECT_EQ(attached->Wait().exit_code, 0);
  const nlohmann::json run = nlohmann::json::parse(ReadWhole(out_dir() + "/run.json"));
  EXPECT_EQ(run["processes"][0]["signal"], SIGKILL);
  const auto record = RecordOf(target.pid());
  ASSERT_TRUE(record);
  EXPECT_GT(Operations(*record).size(), 40u);
}

// Without privilege: clear words before anything is changed.
TEST_F(EbpfAttach, AProcessThatIsNotOursIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
  Target target(scratch_, {PROBE_TARGET, "FILE", "10", "0"});
  // A copy of nothing but the command line: the directory of the build may be closed to others.
  const std::string out = scratch_.Path("nobody");
  const std::string command = std::string("setpriv --reuid 65534 --regid 65534 --clear-groups ") +
                              RANKLE_BINARY + " attach -o " + out + " " + std::to_string(target.pid()) +
                              " 2>" + scratch_.Path("said");
  const int status = system(command.c_str());
  if (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)
    GTEST_SKIP() << "the build is closed to others, or there is no setpriv";
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_THAT(ReadWhole(scratch_.Path("said")), HasSubstr("not ours to look at"));
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(EbpfAttach, ADelayLastsAsLongAsThePlanSays) {
  for (const int ms : {20, 300}) {
    Target target(scratch_, {PROBE_TARGET, "FILE", "60", "1000"});
    const auto attached =
        Attach({std::to_string(target.pid())},
               {"--fault", "delay ncclAllReduce call=20 time=" + std::to_string(ms) + "ms"});
    target.Go();
    ASSERT_EQ(target.End(), 0);
    attached->Wait();
    EXPECT_EQ(target.progress().longest, 20u);
    const double took_ms = static_cast<double>(target.progress().longest_ns) * 1e-6;
    EXPECT_NEAR(took_ms, ms, 2 + 0.05 * ms);
    // The call began when the delay was over.
    const auto record = RecordOf(target.pid());
    ASSERT_TRUE(record);
    for (const record::Event& event : record->events) {
      if (event.kind != record::Kind::kInjection) continue;
      const auto operations = Operations(*record);
      ASSERT_EQ(operations.size(), 60u);
      EXPECT_NEAR(static_cast<double>(operations[19].entered_ns - event.entered_ns) * 1e-6, ms,
                  2 + 0.05 * ms);
    }
    std::filesystem::remove_all(out_dir());
  }
}

TEST_F(EbpfAttach, AChosenSignalComesAtEachChosenCall) {
  Target target(scratch_, {PROBE_TARGET, "FILE", "100", "0"});
  const auto attached = Attach({std::to_string(target.pid())},
                               {"--fault", "signal ncclAllReduce call=11..90 every=10 signal=USR1"});
  target.Go();
  ASSERT_EQ(target.End(), 0);
  attached->Wait();
  EXPECT_EQ(target.progress().signals, 8u);
  EXPECT_EQ(target.progress().completed, 100u);
}

TEST_F(EbpfAttach, AHangEndsWhenItIsReleased) {
  Target target(scratch_, {PROBE_TARGET, "FILE", "30", "0"});
  const auto attached = Attach({std::to_string(target.pid())}, {"--fault", "hang ncclAllReduce call=10"});
  target.Go();
  ASSERT_TRUE(WaitUntil([&] { return target.progress().completed == 9; }));
  std::string state;
  ASSERT_TRUE(WaitUntil([&] {
    return ReadWhole("/proc/" + std::to_string(target.pid()) + "/stat").find(") T ") != std::string::npos;
  }));
  EXPECT_EQ(target.progress().completed, 9u);
  EXPECT_THAT(RunRankle({"release", out_dir()}).out, HasSubstr("released 1 hanging call"));
  EXPECT_EQ(target.End(), 0);
  EXPECT_EQ(target.progress().completed, 30u);
  attached->Wait();
}

TEST_F(EbpfAttach, KilledWhileAProcessIsStoppedItLeavesNothingAndTheProcessGoesOn) {
  Target target(scratch_, {PROBE_TARGET, "FILE", "400", "1000"});
  const int before = LoadedPrograms();
  const auto attached = Attach({std::to_string(target.pid())}, {"--fault", "hang ncclAllReduce call=10.."});
  EXPECT_GT(LoadedPrograms(), before);
  target.Go();
  ASSERT_TRUE(WaitUntil([&] { return target.progress().completed == 9; }));
  attached->Signal(SIGKILL);
  EXPECT_TRUE(WaitUntil([&] { return target.progress().completed > 20; }, /*limit_s=*/2))
      << "still stopped after 2 s";
  EXPECT_TRUE(WaitUntil([&] { return LoadedPrograms() == before; }));
  EXPECT_EQ(target.End(), 0);
}

// Wherever in the work of a fault it is killed: while a process is being stopped, is stopped, is being
// continued.
TEST_F(EbpfAttach, RandomKillsLeaveNothingAndNobodyStopped) {
  Target target(scratch_, {PROBE_TARGET, "FILE", "100000000", "200"});
  target.Go();
  const int before = LoadedPrograms();
  std::mt19937 random(7);
  for (int i = 0; i < 10; ++i) {
    const auto attached =
        Attach({std::to_string(target.pid())}, {"--fault", "delay ncclAllReduce every=3 time=2ms"});
    const uint64_t until = target.progress().completed + 10 + random() % 50;
    ASSERT_TRUE(WaitUntil([&] { return target.progress().completed > until; })) << attached->err();
    attached->Signal(SIGKILL);
    attached->Wait();
    const uint64_t completed = target.progress().completed;
    EXPECT_TRUE(WaitUntil([&] { return target.progress().completed > completed + 100; }, /*limit_s=*/2))
        << "kill " << i;
    std::filesystem::remove_all(out_dir());
  }
  EXPECT_TRUE(WaitUntil([&] { return LoadedPrograms() == before; }));
  EXPECT_THAT(ProcessesWith("rankle-watchdog"), ::testing::IsEmpty());
}

TEST_F(EbpfAttach, DetachingLeavesNothingBehind) {
  Target target(scratch_, {PROBE_TARGET, "FILE", "1000000", "1000"});
  target.Go();
  const int before = LoadedPrograms();
  const auto attached = Attach({std::to_string(target.pid())});
  ASSERT_TRUE(WaitUntil([&] { return target.progress().completed > 100; }));
  attached->Signal(SIGINT);
  EXPECT_EQ(attached->Wait().exit_code, 0);
  EXPECT_EQ(LoadedPrograms(), before);
  // No breakpoint in the code of the process either: it is what the file says.
  const std::string maps = ReadWhole("/proc/" + std::to_string(target.pid()) + "/maps");
  std::ifstream program(PROBE_TARGET, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(program)), {});
  const int memory = open(("/proc/" + std::to_string(target.pid()) + "/mem").c_str(), O_RDONLY);
  int compared = 0;
  for (size_t at = 0; at < maps.size(); at = maps.find('\n', at) + 1) {
    unsigned long long begin = 0, end = 0, offset = 0;
    char access[5] = "", path[256] = "";
    if (sscanf(maps.c_str() + at, "%llx-%llx %4s %llx %*s %*s %255s", &begin, &end, access, &offset, path) !=
        5)
      continue;
    if (access[2] != 'x' || std::string(path) != PROBE_TARGET) continue;
    std::string code(std::min<size_t>(end - begin, bytes.size() - offset), '\0');
    ASSERT_EQ(pread(memory, code.data(), code.size(), static_cast<off_t>(begin)),
              static_cast<ssize_t>(code.size()));
    EXPECT_EQ(code, bytes.substr(offset, code.size()));
    ++compared;
  }
  close(memory);
  EXPECT_GT(compared, 0);
}

TEST_F(EbpfAttach, ALibraryThatIsLoadedLaterIsSeenFromItsFirstCall) {
  const std::string file = scratch_.Path("progress");
  std::ofstream(file).write(std::string(sizeof(TargetProgress), '\1').data(), sizeof(TargetProgress));  // go
  const Finished run = RunRankle({"run", "-q", "--via", "ebpf", "-o", out_dir(), "--fault",
                                  "signal ncclAllReduce call=5 signal=KILL", "--", PROBE_TARGET, file, "10",
                                  "0", "1", PROBE_LIBRARY});
  EXPECT_EQ(run.exit_code, 128 + SIGKILL) << run.err;
}

TEST_F(EbpfAttach, ProcessesThatStartLaterAreSeenFromTheirFirstCall) {
  const std::string file = scratch_.Path("progress");
  std::ofstream(file).write(std::string(sizeof(TargetProgress), '\1').data(), sizeof(TargetProgress));
  const std::string program = std::string(PROBE_TARGET_STATIC) + " " + file + " 40 0";
  const Finished run = RunRankle({"run", "-q", "--via", "ebpf", "-n", "1", "-o", out_dir(), "--", "sh", "-c",
                                  "(" + program + "); true"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  int records = 0;
  for (const auto& entry : std::filesystem::directory_iterator(out_dir())) {
    if (entry.path().extension() != ".rkl") continue;
    const auto record = record::ReadFlightRecord(entry.path());
    ASSERT_TRUE(record.ok());
    const auto operations = Operations(*record);
    ASSERT_EQ(operations.size(), 40u);
    EXPECT_EQ(operations.front().seq, 1u);
    EXPECT_EQ(operations.back().seq, 40u);
    ++records;
  }
  EXPECT_EQ(records, 1);
}

TEST_F(EbpfAttach, AProgramInAnotherMountNamespaceIsSeen) {
  Target target(scratch_,
                {"/usr/bin/unshare", "-m", "sh", "-c",
                 "mount -t tmpfs none /mnt && cp \"$1\" /mnt/hidden && exec /mnt/hidden \"$2\" 100000 1000",
                 "sh", PROBE_TARGET, "FILE"});
  target.Go();
  ASSERT_TRUE(WaitUntil([&] { return target.progress().completed > 0; }));
  ASSERT_FALSE(std::filesystem::exists("/mnt/hidden"));
  const auto attached = Attach({std::to_string(target.pid())}, {"--for", "4"});
  attached->Wait();
  const auto record = RecordOf(target.pid());
  ASSERT_TRUE(record);
  EXPECT_GT(Operations(*record).size(), 100u) << attached->err();
}

TEST_F(EbpfAttach, FiveThousandThreadsAreSeen) {
  constexpr int kThreads = 5000, kCalls = 20;
  Target target(scratch_, {PROBE_TARGET, "FILE", std::to_string(kCalls), "100", std::to_string(kThreads)});
  const auto attached = Attach({std::to_string(target.pid())}, {"--records", "262144", "--buffer", "64"});
  target.Go();
  ASSERT_EQ(target.End(), 0);
  attached->Wait();
  EXPECT_EQ(target.progress().completed, uint64_t{kThreads} * kCalls);
  const auto record = RecordOf(target.pid());
  ASSERT_TRUE(record);
  EXPECT_EQ(Operations(*record).size(), uint64_t{kThreads} * kCalls) << attached->err();
}

TEST_F(EbpfAttach, WhatTheBufferHasNoRoomForIsCountedAndSaid) {
  Target target(scratch_, {PROBE_TARGET, "FILE", "20000", "0"});
  const auto attached = Attach({std::to_string(target.pid())}, {"--buffer", "1"});
  attached->Signal(SIGSTOP);  // nobody reads
  target.Go();
  ASSERT_EQ(target.End(), 0);
  attached->Signal(SIGCONT);
  EXPECT_THAT(attached->Wait().err, HasSubstr("events were lost"));
  const auto record = RecordOf(target.pid());
  ASSERT_TRUE(record);
  EXPECT_GT(record->quality.dropped, 0u);
}

TEST_F(EbpfAttach, ALibraryThatIsReplacedMeanwhileIsSaid) {
  const std::string library = scratch_.Path("libprobe.so");
  std::filesystem::copy(PROBE_LIBRARY, library);
  Target target(scratch_, {PROBE_TARGET, "FILE", "1000000", "1000", "1", library});
  target.Go();
  ASSERT_TRUE(WaitUntil([&] { return target.progress().completed > 0; }));
  const auto attached = Attach({std::to_string(target.pid())});
  std::filesystem::copy(PROBE_LIBRARY, library + ".new");
  std::filesystem::rename(library + ".new", library);
  EXPECT_TRUE(WaitUntil([&] {
    return attached->err().find("was replaced while process") != std::string::npos;
  })) << attached->err();
  const uint64_t completed = target.progress().completed;
  EXPECT_TRUE(WaitUntil([&] { return target.progress().completed > completed + 50; }));
  attached->Signal(SIGINT);
  attached->Wait();
  // Attached after the replacement: the very file that the process uses is found all the same.
  std::filesystem::remove_all(out_dir());
  const auto again = Attach({std::to_string(target.pid())}, {"--for", "4"});
  EXPECT_THAT(again->Wait().err, Not(HasSubstr(" 0 functions probed")));
  const auto record = RecordOf(target.pid());
  ASSERT_TRUE(record);
  EXPECT_GT(Operations(*record).size(), 50u) << again->err();
}

TEST_F(EbpfAttach, AFunctionThatTheKernelCannotProbeIsNamedAndTheOthersAreSeen) {
  Target target(scratch_, {PROBE_TARGET, "FILE", "100", "0"});
  const auto attached = Attach({std::to_string(target.pid())});
  target.Go();
  ASSERT_EQ(target.End(), 0);
  EXPECT_THAT(attached->Wait().err, AllOf(HasSubstr("ncclCommFinalize is not seen: the kernel cannot probe"),
                                          HasSubstr("3 functions probed, 100 calls seen")));
}

TEST_F(EbpfAttach, AStrippedProgramIsSaidToShowNothing) {
  Target target(scratch_, {PROBE_TARGET_STRIPPED, "FILE", "10", "0"});
  const auto attached = Attach({std::to_string(target.pid())}, {"--for", "0.2"});
  EXPECT_THAT(attached->Wait().err, HasSubstr("symbols were stripped"));
}

TEST_F(EbpfAttach, WhatCannotBeAttachedIsRefusedWithTheReason) {
  const auto refusal = [&](const Arguments& pids) {
    Arguments arguments{"attach", "-o", out_dir()};
    arguments.insert(arguments.end(), pids.begin(), pids.end());
    const Finished finished = RunRankle(arguments);
    EXPECT_EQ(finished.exit_code, 2) << finished.err;
    EXPECT_FALSE(std::filesystem::exists(out_dir())) << "something was changed";
    return finished.err;
  };
  Target target(scratch_, {PROBE_TARGET, "FILE", "10", "0"});
  EXPECT_THAT(refusal({"4000000"}), HasSubstr("there is none"));
  EXPECT_THAT(refusal({"2"}), HasSubstr("kernel thread"));
  EXPECT_THAT(refusal({"none"}), HasSubstr("not the number of a process"));
  const std::string pid = std::to_string(target.pid());
  EXPECT_THAT(refusal({pid, "--fault", "fail ncclAllReduce result=ncclInternalError"}),
              AllOf(HasSubstr("fail cannot be done through eBPF"), HasSubstr("rankle run")));
  EXPECT_THAT(refusal({pid, "--fault", "delay ncclAllReduce comm=dp* time=1ms"}),
              HasSubstr("`comm` cannot be told"));
  EXPECT_THAT(refusal({pid, "--fault", "delay connect time=1ms"}),
              HasSubstr("only functions of NCCL and CUDA"));
}

// An ELF file of 32 bits whose code pauses for ever.
std::string ThirtyTwoBitProgram() {
  constexpr uint32_t kBase = 0x08048000;
  // mov eax, 29 (pause); int 0x80; jmp back
  const std::string code("\xb8\x1d\x00\x00\x00\xcd\x80\xeb\xf7", 9);
  Elf32_Ehdr header = {};
  memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32, header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC, header.e_machine = EM_386, header.e_version = EV_CURRENT;
  header.e_phoff = header.e_ehsize = sizeof(Elf32_Ehdr);
  header.e_phentsize = sizeof(Elf32_Phdr), header.e_phnum = 1;
  header.e_entry = kBase + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr);
  Elf32_Phdr segment = {};
  segment.p_type = PT_LOAD, segment.p_vaddr = segment.p_paddr = kBase;
  segment.p_filesz = segment.p_memsz = static_cast<uint32_t>(sizeof(header) + sizeof(segment) + code.size());
  segment.p_flags = PF_R | PF_X, segment.p_align = 4096;
  std::string file(reinterpret_cast<const char*>(&header), sizeof(header));
  file.append(reinterpret_cast<const char*>(&segment), sizeof(segment));
  return file + code;
}

TEST_F(EbpfAttach, A32BitProcessIsRefused) {
  const std::string program = scratch_.Path("small");
  std::ofstream(program, std::ios::binary) << ThirtyTwoBitProgram();
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  Target target(scratch_, {program});
  const std::string exe = "/proc/" + std::to_string(target.pid()) + "/exe";
  std::error_code error;
  if (!WaitUntil([&] { return std::filesystem::read_symlink(exe, error) == program; }, 2))
    GTEST_SKIP() << "this kernel runs no 32-bit programs";
  const Finished finished = RunRankle({"attach", "-o", out_dir(), std::to_string(target.pid())});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.err, HasSubstr("32-bit program"));
}

}  // namespace
}  // namespace rankle::testing
